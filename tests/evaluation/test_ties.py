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


@settings(max_examples=25, deadline=None)
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


@pytest.mark.parametrize(
    ("distances", "reason"),
    [
        (np.zeros((1, 2)), "integer distances, got float64"),
        (np.array([[0, -1]]), "got -1 to 0"),
        (np.array([[0, 65_536]]), "got 0 to 65536"),
    ],
)
def test_distances_that_are_no_hamming_distances_are_refused(distances, reason):
    with pytest.raises(InvalidInput, match=reason):
        expected_average_precision(distances, np.ones((1, 2), bool))
