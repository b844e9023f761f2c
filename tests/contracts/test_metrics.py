"""What every registered metric keeps, shown for one that the test adds as well."""

import json
import math
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.evaluation import (
    MAIN,
    METRICS,
    Labelled,
    Metric,
    any_to_any,
    format_matrix,
    relevant_ranks,
    word_to_any,
)

ROOT = Path(__file__).parents[2]
FIRST = Metric("first", lambda ranks: (ranks.min(axis=1, initial=np.inf) == 1).astype(float))
"""Whether the first item is of the query's category."""


def precisions(hits):
    """Reference: (place, precision) at each relevant place of one ranking."""
    return [(at, sum(hits[:at]) / at) for at, hit in enumerate(hits, 1) if hit]


def slow_strict(hits):
    return sum(p for at, p in precisions(hits) if at <= 200) / min(sum(hits), 200)


def slow_lenient(hits):
    inside = [p for at, p in precisions(hits) if at <= 200]
    return sum(inside) / max(len(inside), 1)


def slow_voc(hits):
    found = precisions(hits)
    return sum(max(p for _, p in found[at:]) for at in range(len(found))) / len(found)


def slow_recall(hits, k):
    return sum(hits[:k]) / sum(hits)


def slow_e(hits):
    precision, recall = sum(hits[:32]) / 32, slow_recall(hits, 32)
    return 2 / (1 / precision + 1 / recall) if any(hits[:32]) else 0.0


def slow_gain(hits):
    """The recursion of the benchmark's paper: the first gain as it is, others by their log2."""
    total = float(hits[0])
    for at in range(2, len(hits) + 1):
        total += hits[at - 1] / math.log2(at)
    return total


SLOW = {
    "map_all": lambda hits: sum(p for _, p in precisions(hits)) / sum(hits),
    "map_voc": slow_voc,
    "map_200_strict": slow_strict,
    "map_200_lenient": slow_lenient,
    "precision_25": lambda hits: sum(hits[:25]) / 25,
    "precision_100": lambda hits: sum(hits[:100]) / 100,
    "nearest_neighbour": lambda hits: float(hits[0]),
    "first_tier": lambda hits: slow_recall(hits, sum(hits)),
    "second_tier": lambda hits: slow_recall(hits, 2 * sum(hits)),
    "e_measure": slow_e,
    "dcg": lambda hits: slow_gain(hits) / slow_gain(sorted(hits, reverse=True)),
    "first": lambda hits: float(hits[0]),
}
"""Each metric of one query, from its hits in the order (distance, id)."""


@pytest.fixture(params=[*METRICS, "first"], scope="module")
def name(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "first":
            patch.setitem(METRICS, "first", FIRST)
        yield request.param


def one(name, hits, distances=None):
    """A metric of one query, whose items come at rising distances."""
    distances = np.arange(len(hits)) if distances is None else np.asarray(distances)
    value = METRICS[name].of(relevant_ranks(distances[None], np.array([hits], bool)))
    assert (value.shape, value.dtype) == ((1,), np.float64)
    return float(value[0])


@given(st.integers(1, 260), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_metric_is_its_slow_reference(name, items, levels, seed):
    rng = np.random.default_rng(seed)
    distances = rng.integers(0, levels, (3, items))
    relevant = rng.random((3, items)) < rng.random()
    relevant[:, rng.integers(items)] = True
    values = METRICS[name].of(relevant_ranks(distances, relevant))
    orders = np.argsort(distances, axis=1, kind="stable")
    for value, order, hits in zip(values, orders, relevant, strict=True):
        assert value == pytest.approx(SLOW[name](hits[order].tolist()), abs=1e-12)
        assert 0 <= value <= 1


def test_a_perfect_ranking_has_the_most_and_the_worst_one_less(name):
    """For most measures that is 1; for E, which wants as many relevant items as it looks at."""
    best, worst = [True] * 32 + [False] * 68, [False] * 68 + [True] * 32
    if name.startswith("precision"):
        best, worst = [True] * 100 + [False] * 60, [False] * 60 + [True] * 100
    assert one(name, best) == 1
    assert one(name, worst) < 1
    most = 64 / 332 if name == "e_measure" else 1
    assert one(name, [True] * 300) == pytest.approx(most), "nothing but hits"


def test_ties_count_in_order_of_ids_or_in_the_mean_over_their_orders(name):
    hits, level = [False, True, False, True], [1, 1, 1, 1]
    assert one(name, hits, level) == pytest.approx(SLOW[name](hits))
    tied = METRICS[name].tied
    if tied is None:
        return
    orders = [list(order) for order in set(permutations(hits))]
    wanted = np.mean([SLOW[name](order) for order in orders])
    assert tied(np.array([level]), np.array([hits]))[0] == pytest.approx(wanted)
    assert tied(np.arange(4)[None], np.array([hits]))[0] == pytest.approx(SLOW[name](hits))


def test_no_queries_have_no_values(name):
    none = relevant_ranks(np.zeros((0, 5)), np.zeros((0, 5), bool))
    assert METRICS[name].of(none).shape == (0,)


def line(queries, gallery):
    return np.abs(queries[:, None, 0] - gallery[None, :, 0])


def test_every_metric_is_in_table_and_json(name):
    rng = np.random.default_rng(4)
    sets = {
        domain: Labelled(rng.normal(size=(24, 1)), np.array(["a", "b", "c"] * 8))
        for domain in ("sketch", "photo")
    }
    words = word_to_any(Labelled(np.zeros((1, 1)), np.array(["a"])), sets, line)
    matrix = any_to_any(sets, line, resamples=5)
    for found in (matrix.to_dict(), words.to_dict()):
        for cell in json.loads(json.dumps(found))["cells"]:
            assert 0 <= cell[name] <= 1
            assert set(METRICS) <= set(cell)
    head, *rows = format_matrix(matrix, words).splitlines()
    heading = re.escape(METRICS[name].heading)
    place = re.search(rf"(?<= ){heading}(?= |$)", head)
    assert place, head
    value = matrix.cell("sketch", "sketch").measures[name]
    assert rows[0][: place.end()].endswith(f" {value:.3f}")


def test_a_metric_of_no_query_is_null(name):
    lone = {"photo": Labelled(np.zeros((3, 1)), np.array(["a", "b", "c"]))}
    (cell,) = any_to_any(lone, line, resamples=5).to_dict()["cells"]
    assert cell[name] is None


def test_the_main_metric_comes_first_and_every_one_is_documented():
    assert next(iter(METRICS)) == MAIN
    page = (ROOT / "docs" / "formats.md").read_text("utf-8")
    shipped = METRICS.keys() - {"first"}
    assert {name for name in shipped if f"| `{name}` |" not in page} == set()


def test_shape_measures_by_hand():
    """Four relevant items at ranks 1, 3, 6 and 9 of ten."""
    hits = [at in (1, 3, 6, 9) for at in range(1, 11)]
    assert one("nearest_neighbour", hits) == 1
    assert one("first_tier", hits) == 2 / 4
    assert one("second_tier", hits) == 3 / 4
    assert one("e_measure", hits) == pytest.approx(8 / 36)
    gain = 1 + 1 / math.log2(3) + 1 / math.log2(6) + 1 / math.log2(9)
    assert one("dcg", hits) == pytest.approx(gain / (1 + 1 + 1 / math.log2(3) + 1 / 2))
