"""Distances of the nearest views against a loop over all pairs of views."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.evaluation import nearest_views


def slow(one, other, distance):
    if distance == "l1":
        return sum(abs(a - b) for a, b in zip(one, other, strict=True))
    if distance == "euclidean":
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    return 1 - (one @ other / norms if norms else 0)


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "l1"])
@given(st.tuples(*[st.integers(1, 3)] * 5), st.integers(0, 2**32 - 1))
def test_it_is_the_least_over_pairs_of_views(distance, shape, seed):
    nq, ng, v, w, d = shape
    rng = np.random.default_rng(seed)
    queries, gallery = rng.normal(size=(nq, v, d)), rng.normal(size=(ng, w, d))
    wanted = [
        [min(slow(a, b, distance) for a in query for b in item) for item in gallery]
        for query in queries
    ]
    assert np.allclose(nearest_views(queries, gallery, distance), wanted)


def test_known_distances():
    """A sketch at (0, 0) and a shape of views (3, 4) and (0, 6): 7 or 6, 5 or 6."""
    sketch, shape = np.zeros((1, 1, 2)), np.array([[[3.0, 4.0], [0.0, 6.0]]])
    assert nearest_views(sketch, shape, "l1").tolist() == [[6.0]]
    assert nearest_views(sketch, shape, "euclidean").tolist() == [[5.0]]
    assert nearest_views(sketch, shape, "cosine").tolist() == [[1.0]]  # a code of zeros, no NaN


def test_nothing_is_as_far_from_nothing():
    assert nearest_views(np.zeros((0, 1, 4)), np.zeros((2, 3, 4)), "l1").shape == (0, 2)
