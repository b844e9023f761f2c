import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.hashing import asymmetric, pack_codes


def slow_score(logits, code):
    """Reference: the cosine of the logits and the code's signs, bit by bit."""
    signs = [1 if byte >> place & 1 else -1 for byte in code.tolist() for place in range(7, -1, -1)]
    dot = sum(float(x) * c for x, c in zip(logits, signs, strict=True))
    return dot / (sum(float(x) ** 2 for x in logits) ** 0.5 * len(signs) ** 0.5)


def test_one_score_by_hand():
    logits = np.array([[3.0, 4, 0, 0, 0, 0, 0, 0]])
    codes = np.array([[0b1100_0000], [0b1000_0000], [0b0011_1111], [0b1111_1111]], np.uint8)
    root = 8**0.5
    wanted = [7 / (5 * root), -1 / (5 * root), -7 / (5 * root), 7 / (5 * root)]
    assert asymmetric(logits, codes)[0].tolist() == pytest.approx(wanted)


@given(st.integers(1, 20), st.integers(0, 2**32 - 1), st.sampled_from([1e-30, 1.0, 1e30]))
def test_all_pairs_have_the_cosine_of_logits_and_signs(width, seed, size):
    rng = np.random.default_rng(seed)
    logits = (size * rng.normal(size=(3, 8 * width))).astype(np.float32)
    codes = rng.integers(0, 256, (5, width), dtype=np.uint8)
    scores = asymmetric(logits, codes)
    wanted = [[slow_score(row, code) for code in codes] for row in logits]
    np.testing.assert_allclose(scores, wanted, atol=1e-6)
    assert scores.dtype == np.float32


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_the_best_code_is_that_of_the_logits_and_the_worst_its_opposite(width, seed):
    logits = np.random.default_rng(seed).normal(size=(1, 8 * width))
    own = pack_codes(logits)
    best = np.abs(logits).sum() / (np.linalg.norm(logits) * (8 * width) ** 0.5)
    np.testing.assert_allclose(asymmetric(logits, np.concatenate([own, ~own])), [[best, -best]])


def test_logits_that_are_all_alike_score_as_hamming_distance_does():
    """And reach 1 and -1, which rounding must not pass."""
    signs = np.where(np.random.default_rng(0).random(72) < 0.5, 1.0, -1.0)
    codes = np.random.default_rng(1).integers(0, 256, (6, 9), dtype=np.uint8)
    own = pack_codes(signs[None])
    codes[:2] = np.concatenate([own, ~own])
    apart = np.unpackbits(codes ^ own, axis=1).sum(axis=1)
    for size in (0.1, 1, 7):
        scores = asymmetric(size * signs[None], codes)[0]
        np.testing.assert_allclose(scores, 1 - 2 * apart / 72, atol=1e-7)
        assert scores[:2].tolist() == [1, -1]


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_a_score_is_the_same_to_the_bit_in_any_company(width, count, seed):
    """So equal codes tie wherever they lie, and a query alone ranks as it does in a batch."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(4, 8 * width)).astype(np.float32)
    few = rng.integers(0, 256, (3, width), dtype=np.uint8)
    drawn = rng.integers(0, 3, count)
    together = asymmetric(logits, few[drawn])
    alone = [[asymmetric(logits[i : i + 1], few[j : j + 1])[0, 0] for j in drawn] for i in range(4)]
    np.testing.assert_array_equal(together, alone)


def test_logits_of_zero_score_nothing():
    assert asymmetric(np.zeros((1, 16)), np.ones((2, 2), np.uint8)).tolist() == [[0, 0]]


def test_no_codes_and_no_queries_have_no_scores():
    assert asymmetric(np.ones((2, 8)), np.zeros((0, 1), np.uint8)).shape == (2, 0)
    assert asymmetric(np.ones((0, 8)), np.zeros((3, 1), np.uint8)).shape == (0, 3)


@pytest.mark.parametrize(
    ("logits", "codes", "reason"),
    [
        (
            np.ones((1, 8)),
            np.ones((1, 2), np.uint8),
            r"codes of 16 bits .* \(n, 16\), got \(1, 8\)",
        ),
        (np.ones(8), np.ones((1, 1), np.uint8), r"logits of shape \(n, 8\), got \(8,\)"),
        (np.ones((1, 8)), np.ones((1, 1), np.int64), r"uint8 of shape \(n, bytes\), got int64"),
        (np.ones((1, 8)), np.ones(1, np.uint8), r"got uint8\(1,\)"),
        (np.array([[0.0] * 8, [np.nan] * 8]), np.ones((1, 1), np.uint8), "row 1 is not finite"),
        (np.full((1, 8), np.inf), np.ones((1, 1), np.uint8), "row 0 is not finite"),
    ],
)
def test_what_cannot_be_scored_is_refused(logits, codes, reason):
    with pytest.raises(InvalidInput, match=reason):
        asymmetric(logits, codes)
