"""All near pairs against a comparison of every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.search import pairs
from opensearch.search.pairs import near_pairs


def every_pair(codes, radius):
    """Reference: each pair of rows, bits counted."""
    n = len(codes)
    return {
        (a, b)
        for a in range(n)
        for b in range(a + 1, n)
        if np.unpackbits(codes[a] ^ codes[b]).sum() <= radius
    }


def found(codes, radius):
    return {
        (int(a), int(b))
        for first, second in near_pairs(codes, radius)
        for a, b in zip(first, second, strict=True)
    }


@given(st.integers(0, 40), st.sampled_from([1, 2, 3, 8, 24]), st.integers(0, 9), st.data())
def test_all_pairs_are_found_and_no_other(n, width, radius, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    seeds = rng.integers(0, 256, (3, width), np.uint8)
    flips = np.packbits(rng.random((n, 8 * width)) < 2 / (8 * width), axis=1)
    codes = seeds[rng.integers(0, 3, n)] ^ flips
    assert found(codes, radius) == every_pair(codes, radius)


@pytest.mark.parametrize("radius", [0, 3, 30])
def test_memory_is_bounded_by_steps(monkeypatch, radius):
    monkeypatch.setattr(pairs, "_AT_ONCE", 64)
    codes = np.random.default_rng(0).integers(0, 4, (150, 4), np.uint8)
    assert found(codes, radius) == every_pair(codes, radius) != set()
