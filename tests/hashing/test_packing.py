import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.hashing import hamming, pack_codes, unpack


def hamming_by_sign(a, b):
    """Reference: count the positions whose signs differ, without packing."""
    return sum((x >= 0) != (y >= 0) for x, y in zip(a, b, strict=True))


def test_known_code():
    logits = np.array([[0.0, -1, -1, -1, -1, -1, -1, 2.0]])  # zero counts as bit 1
    assert pack_codes(logits).tolist() == [[0b1000_0001]]


@given(st.integers(1, 16), st.integers(0, 2**32 - 1))
def test_packing_keeps_hamming_distance(n_bytes, seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 8 * n_bytes))
    xor = np.bitwise_xor(*pack_codes(np.stack([a, b])))
    assert int(np.unpackbits(xor).sum()) == hamming_by_sign(a, b)


@pytest.mark.parametrize("bits", [0, 1, 12])
def test_odd_width_is_refused_by_name(bits):
    with pytest.raises(InvalidInput, match=rf"multiple of 8 bits, got {bits}$"):
        pack_codes(np.zeros((3, bits)))


def test_a_logit_without_a_sign_is_named_by_its_row():
    logits = np.zeros((3, 8))
    logits[2, 5] = np.nan
    with pytest.raises(InvalidInput, match="logits row 2 holds NaN"):
        pack_codes(logits)


def test_a_single_row_must_still_be_a_table():
    with pytest.raises(InvalidInput, match=r"shape \(n, bits\), got \(8,\)"):
        pack_codes(np.zeros(8))


@given(st.integers(1, 65), st.integers(0, 2**32 - 1))
def test_all_pairs_have_the_distances_of_their_signs(n_bytes, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, 8 * n_bytes)), rng.normal(size=(2, 8 * n_bytes))
    distances = hamming(pack_codes(a), pack_codes(b))
    assert distances.tolist() == [[hamming_by_sign(x, y) for y in b] for x in a]
    assert distances.dtype == np.int32


def test_unpacking_undoes_packing():
    logits = np.random.default_rng(0).normal(size=(4, 24))
    np.testing.assert_array_equal(unpack(pack_codes(logits)), logits >= 0)


def test_codes_of_other_widths_have_no_distance():
    with pytest.raises(InvalidInput, match="codes of 16 and of 24 bits"):
        hamming(np.zeros((1, 2), np.uint8), np.zeros((1, 3), np.uint8))


@pytest.mark.parametrize(
    "codes", [np.zeros((1, 2), np.int64), np.zeros(2, np.uint8), np.zeros((1, 0), np.uint8)]
)
def test_what_is_no_code_is_refused(codes):
    with pytest.raises(InvalidInput, match="codes must be uint8"):
        unpack(codes)


def test_no_codes_have_no_distances():
    assert hamming(np.zeros((0, 4), np.uint8), np.ones((3, 4), np.uint8)).shape == (0, 3)
