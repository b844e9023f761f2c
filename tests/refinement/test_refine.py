import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.refinement import refine, refine_one, slerp
from opensearch.semantic import unit


def units(seed, n, d=6):
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def slow_refine(queries, gallery, lam, exclude):
    """Reference: one query at a time, by the formula of the paper's script."""
    moved = []
    for row, q in enumerate(queries):
        rows = [g for at, g in enumerate(gallery) if at != exclude[row]]
        near = max(rows, key=lambda g, q=q: float(g.astype(float) @ q.astype(float)))
        angle = np.arccos(np.clip(near.astype(float) @ q.astype(float), -1, 1))
        way = np.sin((1 - lam[row]) * angle) * q + np.sin(lam[row] * angle) * near
        moved.append(way / np.sin(angle))
    return np.array(moved)


def test_a_query_goes_half_the_way_to_the_nearer_item():
    query = np.array([[1.0, 0, 0]], np.float32)
    gallery = np.array([[0, 0, 1.0], [0.6, 0.8, 0]], np.float32)
    half = np.arccos(0.6) / 2
    np.testing.assert_allclose(
        refine(query, gallery, 0.5), [[np.cos(half), np.sin(half), 0]], atol=1e-6
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_refine_is_the_papers_formula(seed, m):
    rng = np.random.default_rng(seed)
    queries, gallery = units(seed, 4), units(seed + 1, m)
    lam, exclude = rng.random(4), rng.integers(-1, m, 4)
    moved = refine(queries, gallery, lam, exclude)
    np.testing.assert_allclose(moved, slow_refine(queries, gallery, lam, exclude), atol=1e-5)


def test_in_its_own_domain_a_query_moves_only_if_it_is_excluded():
    items, own = units(0, 5), np.arange(5)
    np.testing.assert_allclose(refine(items, items, 0.7), items, atol=1e-6)
    assert np.abs(refine(items, items, 0.7, own) - items).max(axis=1).min() > 0.05


def test_a_query_without_another_neighbour_stays():
    item = units(0, 1)
    np.testing.assert_allclose(refine(item, item, 0.7, np.array([0])), item, atol=1e-6)


def test_the_first_of_equally_near_rows_is_the_neighbour():
    query = np.array([[1.0, 0, 0]], np.float32)
    gallery = np.array([[0, 1.0, 0], [0, 0, 1.0]], np.float32)
    np.testing.assert_allclose(refine(query, gallery, 1.0), gallery[:1], atol=1e-6)


def test_chunks_change_nothing(monkeypatch):
    queries, gallery = units(0, 11), units(1, 7)
    exclude = np.arange(11) % 7
    whole = refine(queries, gallery, 0.4, exclude)
    monkeypatch.setattr(slerp, "_CELLS", 20)
    np.testing.assert_array_equal(refine(queries, gallery, 0.4, exclude), whole)


def test_one_query_with_its_found_neighbour_moves_alike():
    query, gallery = units(0, 1), units(1, 1)
    wanted = refine(query, gallery, 0.4)[0]
    np.testing.assert_allclose(refine_one(query[0], 3 * gallery[0], 0.4), wanted, atol=1e-6)
    np.testing.assert_allclose(refine_one(query[0], None, 0.4), query[0], atol=1e-6)


@pytest.mark.parametrize(
    ("gallery", "exclude", "reason"),
    [
        (np.zeros((0, 6), np.float32), None, "empty gallery"),
        (units(0, 3, d=5), None, r"got \(2, 6\) and \(3, 5\)"),
        (units(0, 3), np.zeros(3, np.int64), r"exclude must have shape \(2,\), got \(3,\)"),
    ],
)
def test_what_cannot_be_refined_is_refused(gallery, exclude, reason):
    with pytest.raises(InvalidInput, match=reason):
        refine(units(1, 2), gallery, 0.5, exclude)
