"""Hash codes as bytes: packing logits, unpacking bits, distances between codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput


def pack_codes(logits: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Binarise real-valued hash logits and pack eight bits to a byte.

    A logit at or above zero becomes bit 1, below zero bit 0. The first logit of
    a row is the highest bit of its first byte.

    Args:
        logits: shape (n, bits), unitless; ``bits`` a positive multiple of 8.

    Returns:
        Hash codes, shape (n, bits // 8), uint8: what ``search`` indexes.

    Raises:
        InvalidInput: ``logits`` is not two-dimensional, ``bits`` is not a
            positive multiple of 8, or a logit is NaN (it has no sign).

    Source:
        Byte layout: faiss ``IndexBinary`` (n * d / 8 bytes, d in bits).
    """
    if logits.ndim != 2:
        raise InvalidInput(f"logits must have shape (n, bits), got {logits.shape}")
    bits = logits.shape[1]
    if bits == 0 or bits % 8:
        raise InvalidInput(f"a hash code needs a positive multiple of 8 bits, got {bits}")
    if np.isnan(logits).any():
        row = int(np.isnan(logits).any(axis=1).argmax())
        raise InvalidInput(f"logits row {row} holds NaN, which has no sign to hash")
    return np.packbits(logits >= 0, axis=1)


def unpack(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bits of hash codes: shape (n, bytes) to (n, 8 * bytes), each 0 or 1."""
    _check(codes)
    return np.unpackbits(codes, axis=1)


def hamming(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Hamming distances of all pairs.

    Args:
        a: shape (n, bytes), hash codes.
        b: shape (m, bytes), hash codes.

    Returns:
        Shape (n, m), int32, 0..bits.

    Raises:
        InvalidInput: not two-dimensional uint8, or codes of different widths.
    """
    _check(a)
    _check(b)
    if a.shape[1] != b.shape[1]:
        raise InvalidInput(
            f"codes of {8 * a.shape[1]} and of {8 * b.shape[1]} bits have no distance"
        )
    distances = np.zeros((len(a), len(b)), dtype=np.int32)
    for x, y in zip(_words(a).T, _words(b).T, strict=True):
        distances += np.bitwise_count(x[:, None] ^ y[None, :])
    return distances


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Codes as 64-bit words, the last one filled up with zero bits."""
    missing = -codes.shape[1] % 8
    filled = np.pad(codes, ((0, 0), (0, missing))) if missing else codes
    return np.ascontiguousarray(filled).view(np.uint64)


def _check(codes: NDArray[np.uint8]) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0:
        raise InvalidInput(
            f"codes must be uint8 of shape (n, bytes), got {codes.dtype}{codes.shape}"
        )
