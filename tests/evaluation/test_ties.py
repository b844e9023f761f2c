from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.evaluation import average_precision, expected_average_precision, relevant_ranks


def slow_expectation(distances, relevant):
    """Reference: the mean AP over every permutation of the items, in order of distance."""
    values = []
    for order in permutations(range(len(distances))):
        ranked = sorted(order, key=lambda item: distances[item])  # stable: ties keep `order`
        found = np.cumsum([relevant[item] for item in ranked])
        precisions = found / np.arange(1, len(ranked) + 1)
        values.append(np.mean([precisions[at] for at, i in enumerate(ranked) if relevant[i]]))
    return np.mean(values)


def test_one_relevant_of_two_tied_items_by_hand():
    """Half the orders give AP 1, half give 1/2."""
    value = expected_average_precision(np.array([[7, 7]]), np.array([[True, False]]))
    assert value.tolist() == pytest.approx([3 / 4])


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_closed_form_is_the_mean_over_all_orders(ng, top, seed):
    rng = np.random.default_rng(seed)
    distances = rng.integers(0, top + 1, (2, ng))
    relevant = rng.random((2, ng)) < 0.5
    relevant[:, rng.integers(ng)] = True
    wanted = [slow_expectation(d, r) for d, r in zip(distances, relevant, strict=True)]
    np.testing.assert_allclose(expected_average_precision(distances, relevant), wanted)


def test_the_closed_form_is_what_random_orders_come_to():
    rng = np.random.default_rng(1)
    distances = rng.integers(0, 6, (1, 60))
    relevant = rng.random((1, 60)) < 0.2
    shuffled = []
    for _ in range(4000):
        order = rng.permutation(60)
        shuffled.append(average_precision(relevant_ranks(distances[:, order], relevant[:, order])))
    error = np.std(shuffled) / np.sqrt(len(shuffled))
    exact = expected_average_precision(distances, relevant)[0]
    assert error < 0.002
    assert abs(np.mean(shuffled) - exact) < 4 * error


def test_without_ties_it_is_plain_average_precision():
    rng = np.random.default_rng(2)
    distances = np.stack([rng.permutation(50) for _ in range(8)])
    relevant = rng.random((8, 50)) < 0.3
    plain = average_precision(relevant_ranks(distances, relevant))
    np.testing.assert_allclose(expected_average_precision(distances, relevant), plain)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_files_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    distances = rng.integers(0, 4, (3, 30)).astype(np.uint16)
    relevant = rng.random((3, 30)) < 0.3
    relevant[:, 0] = True
    order = rng.permutation(30)
    np.testing.assert_allclose(
        expected_average_precision(distances, relevant),
        expected_average_precision(distances[:, order], relevant[:, order]),
    )


def test_all_items_at_one_distance_give_about_their_share():
    relevant = np.zeros((1, 1000), bool)
    relevant[0, :100] = True
    value = expected_average_precision(np.zeros((1, 1000), int), relevant)[0]
    assert 0.1 < value < 0.11


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8])
@given(st.integers(0, 2**32 - 1))
def test_only_the_order_of_distances_counts(kind, seed):
    """Whole numbers above and below the size of the gallery, negative ones, fractions."""
    rng = np.random.default_rng(seed)
    distances = rng.integers(0, 8, (5, 40))
    relevant = rng.random((5, 40)) < 0.3
    relevant[:, 0] = True
    scales = np.sort(rng.choice(200, 8, replace=False)) - (100 if kind is not np.uint8 else 0)
    other = (scales / (3 if kind(0.5) else 1)).astype(kind)[distances]
    wanted = [slow_groups(d, r) for d, r in zip(distances, relevant, strict=True)]
    np.testing.assert_allclose(expected_average_precision(distances, relevant), wanted)
    np.testing.assert_allclose(expected_average_precision(other, relevant), wanted)


def slow_groups(distances, relevant):
    """Reference: place by place, the chance of a relevant item times the hits expected by then."""
    total, before, hits = 0.0, 0, 0
    for value in sorted(set(distances.tolist())):
        m, s = int((distances == value).sum()), int(relevant[distances == value].sum())
        for j in range(1, m + 1):
            others = (s - 1) * (j - 1) / (m - 1) if m > 1 else 0
            total += s / m * (hits + 1 + others) / (before + j)
        before, hits = before + m, hits + s
    return total / relevant.sum()


def test_blocks_of_queries_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    distances = rng.integers(0, 9, (31, 20)) / 4
    relevant = rng.random((31, 20)) < 0.4
    relevant[:, 0] = True
    whole = expected_average_precision(distances, relevant)
    monkeypatch.setattr("opensearch.evaluation.ties.CELLS", 100)
    np.testing.assert_allclose(expected_average_precision(distances, relevant), whole)


def test_a_distance_of_nan_is_refused():
    with pytest.raises(InvalidInput, match="a distance of query 1 is NaN"):
        expected_average_precision(np.array([[0, 1], [np.nan, 1]]), np.ones((2, 2), bool))
