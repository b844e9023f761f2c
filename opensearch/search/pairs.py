"""All pairs of codes within a Hamming radius, in flat memory.

Two codes at most r bits apart agree in at least one of r + 1 pieces (pigeonhole), so only codes
that share a piece are compared; all of them by `hamming.measure`.

Source: multi-index hashing, Norouzi, Punjani and Fleet, CVPR 2012, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from opensearch.search.hamming import Codes, measure

_AT_ONCE = 2**21
"""Distances measured in one go."""

Places = NDArray[np.int64]


def near_pairs(codes: Codes, radius: int) -> Iterator[tuple[Places, Places]]:
    """Places of all pairs of rows at most `radius` bits (inclusive) apart.

    Args:
        codes: shape (n, bytes).
        radius: in bits, 0 or more.

    Yields:
        Two arrays of places, the lower one first; a pair may come more than once.
    """
    width = codes.shape[1]
    if radius >= width:  # no piece of a whole byte is left to agree in
        yield from _compared(codes, np.arange(len(codes)), radius)
        return
    edges = np.linspace(0, width, radius + 2).astype(int)
    for start, stop in pairwise(edges):
        for bucket in _buckets(codes[:, start:stop]):
            yield from _compared(codes, bucket, radius)


def _buckets(piece: Codes) -> Iterator[Places]:
    """Places of the rows that share a piece, ascending; lone ones are left out.

    Of a piece above eight bytes only the first eight are looked at.
    """
    padded = np.zeros((len(piece), 8), np.uint8)
    padded[:, : min(8, piece.shape[1])] = piece[:, :8]
    keys = padded.view(np.uint64)[:, 0]
    order = np.argsort(keys, kind="stable")
    new = np.flatnonzero(np.diff(keys[order])) + 1
    starts = np.concatenate(([0], new, [len(order)]))
    for at in np.flatnonzero(np.diff(starts) > 1).tolist():
        yield order[starts[at] : starts[at + 1]]


def _compared(codes: Codes, places: Places, radius: int) -> Iterator[tuple[Places, Places]]:
    rows = np.take(codes, places, axis=0)
    step = max(1, _AT_ONCE // max(1, len(rows)))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        distances = np.empty((len(some), len(rows) - start), np.int32)
        measure(some, rows[start:], distances)
        first, second = np.nonzero(distances <= radius)
        later = second > first
        if later.any():
            yield places[start + first[later]], places[start + second[later]]
