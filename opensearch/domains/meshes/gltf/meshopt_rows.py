"""Attribute streams of meshoptimizer: rows of bytes as packed deltas from row to row.

Source:
    EXT_meshopt_compression, appendix A, and KHR_meshopt_compression for version 1.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_GROUP = 16
_VERSION_0, _VERSION_1 = 0xA0, 0xA1
_BITS: Final = ((0, 2, 4, 8), (0, 1, 2, 4), (1, 2, 4, 8))
"""Bits a delta for the four modes of a group: version 0, and version 1 with control 0 or 1."""
_ZEROS, _PLAIN = 2, 3
_AT_ONCE = 1 << 16


def unpack_rows(data: NDArray[np.uint8], count: int, stride: int) -> NDArray[np.uint8]:
    """Rows of `stride` bytes, shape (count, stride): running sums of packed deltas."""
    if stride % 4 or not 0 < stride <= 256 or data[0] not in (_VERSION_0, _VERSION_1):
        raise ValueError("no attribute stream")
    newer = data[0] == _VERSION_1
    tail = stride + stride // 4 if newer else stride
    first = data[len(data) - tail : len(data) - tail + stride]
    channels = data[len(data) - tail + stride :] if newer else np.zeros(stride // 4, np.uint8)
    deltas, end = _deltas(data, count, stride, newer)
    if end != len(data) - max(tail, 24 if newer else 32):
        raise ValueError("the deltas do not end where the first row begins")
    rows = np.empty((count, stride), np.uint8)
    for lane in range(0, stride, 4):
        four = np.ascontiguousarray(deltas[lane : lane + 4, :count].T)
        rows[:, lane : lane + 4] = _summed(four, first[lane : lane + 4], int(channels[lane // 4]))
    return rows


def _summed(deltas: NDArray[np.uint8], first: NDArray[np.uint8], mode: int) -> NDArray[np.uint8]:
    """Four bytes a row from their deltas, shape (n, 4): bytes, 16-bit numbers, or 32 bits."""
    if mode & 3 == 2:
        turned, by = deltas.view("<u4"), np.uint32(mode >> 4)
        if by:
            turned = (turned >> by) | (turned << np.uint32(32 - by))
        words = np.bitwise_xor.accumulate(turned, axis=0) ^ first.copy().view("<u4")
        return np.asarray(words, "<u4").view(np.uint8)
    if mode & 3 == 3:
        raise ValueError("unknown channel")
    kind = np.dtype("<u2" if mode & 3 else "u1")
    zigzag = deltas.view(kind)
    steps = (zigzag >> kind.type(1)) ^ (kind.type(0) - (zigzag & kind.type(1)))
    sums = np.cumsum(steps, axis=0, dtype=kind) + first.copy().view(kind)
    return sums.astype(kind).view(np.uint8)


def _deltas(
    data: NDArray[np.uint8], count: int, stride: int, newer: bool
) -> tuple[NDArray[np.uint8], int]:
    """Deltas, shape (stride, rows padded to blocks), and where they end in `data`.

    Where a group of 16 lies depends on all groups before it, so their places are found one
    by one; what they hold is then read for all groups of a width at once.
    """
    block = min((0x2000 // stride) & ~15, 256)
    deltas = np.zeros((stride, -(-count // block) * block), np.uint8)
    places: dict[int, list[tuple[int, int, int]]] = {1: [], 2: [], 4: [], 8: []}
    stream, at = data.tobytes(), 1
    for base in range(0, count, block):
        size = min(block, count - base)
        groups = -(-size // _GROUP)
        control, at = at, at + (stride // 4 if newer else 0)
        for lane in range(stride):
            said = (stream[control + lane // 4] >> 2 * (lane % 4)) & 3 if newer else 0
            if said == _PLAIN:
                deltas[lane, base : base + size] = data[at : at + size]
                at += size
            elif said != _ZEROS:
                head, at = at, at + -(-groups // 4)
                widths = _BITS[said + newer]
                for group in range(groups):
                    bits = widths[(stream[head + group // 4] >> 2 * (group % 4)) & 3]
                    if bits:
                        places[bits].append((at, lane, base + group * _GROUP))
                        at += 2 * bits
                        if bits != 8:
                            at += sum(stream[at - 2 * bits : at].translate(_ESCAPES[bits]))
        if base + block >= count or sum(map(len, places.values())) > _AT_ONCE:
            _fill(deltas, data, places)
    return deltas, at


def _fill(
    deltas: NDArray[np.uint8],
    data: NDArray[np.uint8],
    places: dict[int, list[tuple[int, int, int]]],
) -> None:
    """Read the groups at `places` (bits: start in `data`, row and column of `deltas`)."""
    for bits, found in places.items():
        if found:
            start, lane, row = np.array(found, np.int64).T
            deltas[lane[:, None], row[:, None] + np.arange(_GROUP)] = _groups(data, start, bits)
            found.clear()


def _groups(data: NDArray[np.uint8], start: NDArray[np.int64], bits: int) -> NDArray[np.uint8]:
    """Groups of 16 deltas of `bits` bits each, shape (n, 16).

    A delta of all ones stands for a whole byte, which follows behind the group.
    """
    packed: NDArray[np.uint8] = data[start[:, None] + np.arange(2 * bits)]
    if bits == 8:
        return packed
    singles = np.unpackbits(packed, axis=1, bitorder="little" if bits == 1 else "big")
    singles = singles.reshape(len(start), _GROUP, bits)
    values = singles @ (1 << np.arange(bits)[::-1]).astype(np.uint8)
    escaped = values == (1 << bits) - 1
    which = np.cumsum(escaped, axis=1) - 1
    behind = start[:, None] + 2 * bits + which
    values[escaped] = data[behind[escaped]]
    return np.asarray(values, np.uint8)


def _escapes(bits: int) -> bytes:
    """For each byte, how many of its numbers of `bits` bits are all ones."""
    ones = (1 << bits) - 1
    return bytes(
        sum((byte >> shift) & ones == ones for shift in range(0, 8, bits)) for byte in range(256)
    )


_ESCAPES: Final = {bits: _escapes(bits) for bits in (1, 2, 4)}
