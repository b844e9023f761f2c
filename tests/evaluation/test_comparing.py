"""Two models on the same queries: paired intervals against a slow loop, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.evaluation import (
    METRICS,
    Labelled,
    PairedCell,
    any_to_any,
    compare,
    paired_intervals,
)


def slow_intervals(cells, resamples, seed):
    """Reference: lay the drawn queries out one by one, and average."""
    units = sorted({int(unit) for cell in cells for unit in cell.units})
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(resamples):
        drawn = [units[at] for at in rng.integers(len(units), size=len(units))]
        parts = []
        for differences, own in cells:
            rows = [row for unit in drawn for row in np.flatnonzero(own == unit)]
            if rows:
                parts.append(differences[rows].mean(axis=0))
        means.append(np.mean(parts, axis=0))
    return np.percentile(means, [2.5, 97.5], axis=0)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 6))
def test_intervals_are_those_of_the_slow_loop(seed, count, units):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, count)
    cells = [PairedCell(rng.normal(size=(n, 2)), rng.integers(0, units, n)) for n in sizes]
    made = paired_intervals(cells, 60, seed)  # more than one chunk
    np.testing.assert_allclose(made, slow_intervals(cells, 60, seed), atol=1e-12)


def test_what_is_hard_for_both_cancels_out():
    """One model is .01 better on every query, however hard: no draw says otherwise."""
    hardness = np.random.default_rng(0).random((200, 1))
    cell = PairedCell(hardness + 0.01 - hardness, np.arange(200))
    assert paired_intervals([cell], 100, 0) == (pytest.approx([0.01]), pytest.approx([0.01]))


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    """200 pairs of models that differ by .1 on average; 60 queries each."""
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        cell = PairedCell(rng.normal(0.1, 0.3, (60, 1)), np.arange(60))
        low, high = paired_intervals([cell], 200, seed)
        covered += low[0] <= 0.1 <= high[0]
    assert 0.88 < covered / 200 < 0.99


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "wants a cell or more and a resample or more, got 0 and 10"),
        ([PairedCell(np.zeros((0, 1)), np.zeros(0, int))], r"cell 0 has differences \(0, 1\)"),
        ([PairedCell(np.zeros((2, 1)), np.zeros(3, int))], r"and units \(3,\)"),
    ],
)
def test_what_cannot_be_paired_is_refused(cells, message):
    with pytest.raises(InvalidInput, match=message):
        paired_intervals(cells, 10, 0)


def angular(queries, gallery):
    return 1 - queries @ gallery.T


def measured(noise, domains=("photo", "sketch"), per=8, order=range(6)):
    """A model that sees categories through noise; the same items for every model."""
    rng = np.random.default_rng(3)
    sets = {}
    for domain in domains:
        labels = np.repeat(np.array(order), per)
        rows = np.eye(6)[labels] + noise * rng.normal(size=(len(labels), 6))
        sets[domain] = Labelled(rows / np.linalg.norm(rows, axis=1, keepdims=True), labels)
    return any_to_any(sets, angular, resamples=50)


def test_a_model_ties_with_itself_and_beats_a_noisy_one():
    clear, noisy = measured(0.3), measured(2.0)
    itself = compare(clear, clear)
    assert set(itself.cells) == {(a, b) for a in clear.domains for b in clear.domains}
    for found in (itself.cross, *itself.cells.values()):
        assert list(found) == list(METRICS)
        assert all(one.tie and one.difference == 0 for one in found.values())
    won = compare(clear, noisy).cross["map_all"]
    lost = compare(noisy, clear).cross["map_all"]
    assert not won.tie
    assert won.over_queries[0] > 0 < won.over_categories[0]
    assert won.difference == pytest.approx(clear.cross.map_all - noisy.cross.map_all)
    assert (lost.difference, lost.first) == (-won.difference, won.second)
    assert lost.over_queries == pytest.approx((-won.over_queries[1], -won.over_queries[0]))


def test_a_cell_is_the_slow_loop_over_its_queries_and_categories():
    one, other = measured(0.8), measured(1.0)
    found = compare(one, other).cells["photo", "sketch"]["map_all"]
    a, b = one.scores("photo", "sketch"), other.scores("photo", "sketch")
    differences = (a.measures["map_all"] - b.measures["map_all"])[:, None]
    assert found.difference == pytest.approx(differences.mean())
    for units, interval in ((a.queries, found.over_queries), (a.labels, found.over_categories)):
        slow = slow_intervals([PairedCell(differences, units)], 50, one.seed)
        assert interval == pytest.approx(tuple(slow[:, 0]))


def test_it_is_plain_json():
    comparison = json.loads(json.dumps(compare(measured(0.8), measured(1.0)).to_dict()))
    assert {"source", "target", *METRICS} == set(comparison["cells"][0])
    assert set(comparison["cross"]["dcg"]) == {
        "first",
        "second",
        "difference",
        "over_queries",
        "over_categories",
        "tie",
    }


def test_other_items_are_refused_and_other_domains_left_out():
    with pytest.raises(InvalidInput, match="photo → photo: the models were not measured on the"):
        compare(measured(1.0), measured(1.0, per=9))
    with pytest.raises(InvalidInput, match="photo → photo: the models were not measured on the"):
        compare(measured(1.0), measured(1.0, order=[0, 1, 2, 3, 4, 4]))
    more = measured(1.0, domains=("cartoon", "photo", "sketch"))
    assert set(compare(measured(1.0), more).cells) == set(compare(more, measured(1.0)).cells)
    with pytest.raises(InvalidInput, match="share no direction with queries: domains photo and sk"):
        compare(measured(1.0, domains=("photo",)), measured(1.0, domains=("sketch",)))
