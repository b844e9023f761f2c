import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from opensearch.errors import InvalidInput
from opensearch.evaluation import (
    average_precision,
    average_precision_at,
    average_precision_voc,
    precision_at,
    relevant_ranks,
)


def ordered(distances, relevant):
    """Reference: one query's relevance in the order (distance, id)."""
    order = sorted(range(len(distances)), key=lambda item: (distances[item], item))
    return [bool(relevant[item]) for item in order]


def slow_ap(hits, k=None, divisor=None):
    found, total = 0, 0.0
    for place, hit in enumerate(hits[:k], start=1):
        if hit:
            found += 1
            total += found / place
    by = divisor if divisor is not None else sum(hits)
    return total / by if by else 0.0


def slow_voc(hits):
    """Reference: the area under the envelope, with sentinels, as the VOC devkit has it."""
    found = np.cumsum(hits)
    recall = np.concatenate([[0], found / sum(hits), [1]])
    precision = np.concatenate([[0], found / np.arange(1, len(hits) + 1), [0]])
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return sum((recall[i + 1] - recall[i]) * precision[i + 1] for i in range(len(recall) - 1))


@st.composite
def rankings(draw):
    """Distances of few values, so that ties abound, and at least one relevant item a query."""
    nq, ng = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from([np.int32, np.uint16, np.float32, np.float64]))
    distances = rng.integers(0, draw(st.integers(1, 20)), (nq, ng)).astype(kind)
    relevant = rng.random((nq, ng)) < 0.4
    relevant[np.arange(nq), rng.integers(0, ng, nq)] = True
    return distances, relevant


def by_hand():
    """Ranking 1 0 1 0 0 1: precisions 1, 2/3 and 1/2 at the relevant items."""
    return relevant_ranks(np.array([[1, 2, 3, 4, 5, 6]]), np.array([[1, 0, 1, 0, 0, 1]], bool))


@pytest.mark.parametrize("far", [2**16 - 1, 2**16, -1, -(2**40), 2**40])
def test_whole_distances_of_any_size_rank_by_size(far):
    distances = np.array([[3, far, 0]])
    found = relevant_ranks(distances, np.array([[False, True, False]]))
    assert found[0, 0] == (1 if far < 0 else 3)


def test_values_worked_out_by_hand():
    ranks = by_hand()
    assert ranks.tolist() == [[1, 3, 6]]
    assert average_precision(ranks)[0] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert average_precision_voc(ranks)[0] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert average_precision_at(ranks, 4, strict=True)[0] == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision_at(ranks, 4, strict=False)[0] == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision_at(ranks, 2, strict=True)[0] == pytest.approx(1 / 2)
    assert precision_at(ranks, 4)[0] == pytest.approx(2 / 4)
    assert precision_at(ranks, 100)[0] == pytest.approx(3 / 100)


def test_the_envelope_lifts_a_late_start():
    """Ranking 0 1 1: precisions 1/2 and 2/3; the envelope gives 2/3 twice."""
    ranks = relevant_ranks(np.array([[1, 2, 3]]), np.array([[False, True, True]]))
    assert average_precision(ranks)[0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert average_precision_voc(ranks)[0] == pytest.approx(2 / 3)


def test_equal_distances_are_ordered_by_id():
    ranks = relevant_ranks(np.zeros((1, 4)), np.array([[False, True, False, True]]))
    assert ranks.tolist() == [[2, 4]]


def test_no_hit_within_k_counts_zero_in_both_definitions():
    ranks = relevant_ranks(np.array([[1, 2, 3]]), np.array([[False, False, True]]))
    for strict in (True, False):
        assert average_precision_at(ranks, 2, strict=strict).tolist() == [0]


@given(rankings())
def test_every_measure_is_its_definition(ranking):
    distances, relevant = ranking
    ranks = relevant_ranks(distances, relevant)
    hits = [ordered(*query) for query in zip(distances, relevant, strict=True)]
    np.testing.assert_allclose(average_precision(ranks), [slow_ap(h) for h in hits])
    np.testing.assert_allclose(average_precision_voc(ranks), [slow_voc(h) for h in hits])
    for k in (1, 3, 20):
        strict = [slow_ap(h, k, min(sum(h), k)) for h in hits]
        lenient = [slow_ap(h, k, sum(h[:k])) for h in hits]
        np.testing.assert_allclose(average_precision_at(ranks, k, strict=True), strict)
        np.testing.assert_allclose(average_precision_at(ranks, k, strict=False), lenient)
        np.testing.assert_allclose(precision_at(ranks, k), [sum(h[:k]) / k for h in hits])


@given(rankings())
def test_definitions_stand_in_their_known_order(ranking):
    ranks = relevant_ranks(*ranking)
    assert (average_precision_voc(ranks) >= average_precision(ranks) - 1e-12).all()
    lenient = average_precision_at(ranks, 3, strict=False)
    assert (lenient >= average_precision_at(ranks, 3, strict=True) - 1e-12).all()
    whole = average_precision_at(ranks, 10**6, strict=True)
    np.testing.assert_allclose(whole, average_precision(ranks))


def test_without_ties_plain_average_precision_is_sklearns():
    rng = np.random.default_rng(0)
    distances = rng.normal(size=(20, 300))  # negative ones too, as of an inner product
    relevant = rng.random((20, 300)) < 0.1
    theirs = [average_precision_score(r, -d) for d, r in zip(distances, relevant, strict=True)]
    np.testing.assert_allclose(average_precision(relevant_ranks(distances, relevant)), theirs)


@pytest.mark.parametrize("distances", [[70_000, 5, 5_000], [2, -5, 1]])
def test_integers_that_16_bits_cannot_hold_are_ranked_whole(distances):
    """In 16 bits 70,000 would be 4,464, and -5 would be 65,531."""
    ranks = relevant_ranks(np.array([distances]), np.array([[True, False, False]]))
    assert ranks.tolist() == [[3]]


def test_a_query_without_a_relevant_item_is_named():
    with pytest.raises(InvalidInput, match="query 1 has no relevant item"):
        relevant_ranks(np.zeros((2, 2)), np.array([[True, False], [False, False]]))


def test_a_distance_of_nan_is_named():
    with pytest.raises(InvalidInput, match="query 0 is NaN"):
        relevant_ranks(np.array([[np.nan, 1]]), np.ones((1, 2), bool))


def test_shapes_that_differ_are_refused():
    with pytest.raises(InvalidInput, match=r"got \(2, 3\) and \(2, 2\)"):
        relevant_ranks(np.zeros((2, 3)), np.ones((2, 2), bool))


def test_no_queries_have_no_measures():
    ranks = relevant_ranks(np.zeros((0, 5)), np.ones((0, 5), bool))
    assert average_precision(ranks).shape == (0,)
