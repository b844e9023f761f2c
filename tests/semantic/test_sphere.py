import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.semantic import cosine, slerp, unit


def slow_slerp(a, b, t):
    """Reference: the textbook formula, for vectors neither equal nor opposite."""
    angle = np.arccos(np.clip(np.dot(a, b), -1, 1))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def random_units(seed, n=5, d=7):
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def test_a_third_of_a_right_angle_is_thirty_degrees():
    way = slerp(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), 1 / 3)
    np.testing.assert_allclose(way, [[np.cos(np.pi / 6), np.sin(np.pi / 6)]], atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_slerp_is_the_textbook_formula(seed, t):
    a, b = random_units(seed), random_units(seed + 1)
    reference = [slow_slerp(x, y, t) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(slerp(a, b, t), reference, atol=2e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1e-5))
def test_slerp_between_near_vectors_stays_between_them(seed, t, shift):
    a = random_units(seed)
    b = unit(a + shift * random_units(seed + 1))
    way = slerp(a, b, t)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(way, (1 - t) * a + t * b, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_slerp_between_opposite_vectors_turns_by_the_fraction(seed, t):
    a = random_units(seed)
    way = slerp(a, -a, t)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((way * a).sum(axis=1), np.cos(np.pi * t), atol=1e-5)
    np.testing.assert_array_equal(way, slerp(a, -a, t))


def test_each_row_may_go_its_own_way():
    a, b = random_units(0, n=3), random_units(1, n=3)
    way = slerp(a, b, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(way[0], a[0], atol=1e-6)
    np.testing.assert_allclose(way[1], unit(a[1] + b[1]), atol=1e-6)
    np.testing.assert_allclose(way[2], b[2], atol=1e-6)


@pytest.mark.parametrize("t", [-0.1, 1.5, float("nan")])
def test_a_fraction_outside_the_way_is_refused(t):
    with pytest.raises(InvalidInput, match="t must be within 0 and 1"):
        slerp(random_units(0), random_units(1), t)


def test_arrays_that_do_not_pair_are_refused_with_their_shapes():
    with pytest.raises(InvalidInput, match=r"got \(5, 7\), \(4, 7\) and \(\)"):
        slerp(random_units(0), random_units(1, n=4), 0.5)


@pytest.mark.parametrize("bad", [0.0, float("nan"), float("inf")])
def test_a_vector_without_direction_is_named_by_its_row(bad):
    x = np.ones((3, 2))
    x[1] = bad
    with pytest.raises(InvalidInput, match="vector 1 is zero or not finite"):
        unit(x)


def test_unit_takes_a_single_vector_of_any_size():
    np.testing.assert_allclose(unit(np.array([3e100, 4e100])), [0.6, 0.8], rtol=1e-6)
    assert unit(np.ones(4, np.float16)).dtype == np.float32


def test_cosines_are_those_of_all_pairs():
    a, b = random_units(0, n=2), random_units(1, n=3)
    assert cosine(a, b).shape == (2, 3)
    assert cosine(a, b)[1, 2] == pytest.approx(float(np.dot(a[1], b[2])), abs=1e-6)
    assert cosine(a, a).max() <= 1
