"""The eight ways a picture can be turned and mirrored, and the windows a copy may show of it."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]

WAYS: Final = (
    "",
    "mirrored",
    "mirrored, turned by 180",
    "turned by 180",
    "mirrored, turned by 90",
    "turned by 90",
    "turned by 270",
    "mirrored, turned by 270",
)
"""What each way does to a picture: bit 2 swaps its axes, then bit 0 mirrors it, bit 1 flips it."""

LOW: Final = 8
"""Frequencies a side that a picture is first compared by."""

_ODD: Final = np.where(np.arange(LOW) % 2, -1.0, 1.0).astype(np.float32)

_STEPS: Final = (0.0, 0.05, 0.1)
WINDOWS: Final[NDArray[np.float32]] = np.array(
    [
        (0, 0, 1, 1),
        *((x, y, 0.9, 0.9) for x in _STEPS for y in _STEPS),
        (0.1, 0.1, 0.8, 0.8),
    ],
    np.float32,
)
"""Left, top, width and height of the parts of a picture that are compared with whole others."""


def turned(planes: Planes, way: int) -> Planes:
    """Pictures (n, side, side, ...) turned one of the eight ways."""
    if way & 4:
        planes = planes.swapaxes(1, 2)
    if way & 1:
        planes = planes[:, :, ::-1]
    if way & 2:
        planes = planes[:, ::-1]
    return planes


def opposite(way: int) -> int:
    """The way that undoes another."""
    return {5: 6, 6: 5}.get(way, way)


def turned_back(planes: Planes, ways: NDArray[np.int64]) -> Planes:
    """Pictures (n, side, side, ...), each turned so as to undo a way of its own, (n,)."""
    back = np.empty_like(planes)
    for way in np.unique(ways).tolist():
        mine = ways == way
        back[mine] = turned(planes[mine], opposite(way))
    return back


def aspects_back(aspects: Planes, ways: NDArray[np.int64]) -> Planes:
    """Likewise of widths / heights, (n,)."""
    return np.asarray(np.where(ways & 4, 1 / aspects, aspects))


def turned_frequencies(frequencies: Planes, way: int) -> Planes:
    """As `turned`, of the frequencies (n, LOW, LOW) of pictures: signs and axes change."""
    if way & 4:
        frequencies = frequencies.swapaxes(1, 2)
    if way & 1:
        frequencies = frequencies * _ODD
    if way & 2:
        frequencies = frequencies * _ODD[:, None]
    return frequencies


def frequencies(planes: Planes) -> Planes:
    """The lowest frequencies (n, LOW, LOW) of pictures (n, side, side)."""
    basis = _basis(planes.shape[1])
    return np.asarray(basis @ planes @ basis.T, np.float32)


def window_frequencies(planes: Planes) -> Planes:
    """The same of every window of them, shape (windows, n, LOW, LOW)."""
    lines, down, across = _lines(planes.shape[1])
    every = lines @ planes @ lines.T
    every = every.reshape(len(planes), *2 * (len(lines) // LOW, LOW))
    return np.asarray(every[:, down, :, across, :], np.float32)


def _basis(side: int) -> Planes:
    """Cosines (LOW, side)."""
    waves = np.cos(np.pi / side * np.outer(np.arange(LOW), np.arange(side) + 0.5))
    basis = waves * np.sqrt(2 / side) * np.where(np.arange(LOW) == 0, np.sqrt(0.5), 1)[:, None]
    return np.asarray(basis, np.float32)


@cache
def _lines(side: int) -> tuple[Planes, NDArray[np.intp], NDArray[np.intp]]:
    """What cuts out parts of lines of pixels and takes their frequencies.

    Returns:
        Matrices of the distinct parts, shape (parts * LOW, side), and which of them is each
        window's height and which its width, shape (windows,) each.
    """
    both = np.concatenate([WINDOWS[:, 1::2], WINDOWS[:, 0::2]])
    parts, of = np.unique(both, axis=0, return_inverse=True)
    lines = np.concatenate([_basis(side) @ _cut(side, *part) for part in parts.tolist()])
    down, across = np.split(of.ravel(), 2)
    return lines.astype(np.float32), down, across


def _cut(side: int, start: float, size: float) -> NDArray[np.float64]:
    """Weights (side, side) that stretch a part of a line of pixels to the whole line."""
    at = np.clip((start + size * (np.arange(side) + 0.5) / side) * side - 0.5, 0, side - 1)
    low = np.minimum(at.astype(int), side - 2)
    weights = np.zeros((side, side))
    weights[np.arange(side), low] = 1 - (at - low)
    weights[np.arange(side), low + 1] += at - low
    return weights


def stretched(planes: Planes, parts: Planes) -> Planes:
    """A part of each picture (n, side, side), stretched to its size.

    Args:
        parts: left, top, width and height of each, shares of its side, shape (n, 4).
    """
    down = _weights(parts[:, 1], parts[:, 3], planes.shape[1])
    across = _weights(parts[:, 0], parts[:, 2], planes.shape[1])
    return np.asarray(down @ planes @ across.swapaxes(1, 2), np.float32)


def _weights(starts: Planes, sizes: Planes, side: int) -> Planes:
    """Linear weights (n, side, side) that stretch parts of lines of pixels to whole lines."""
    pixels = np.arange(side, dtype=np.float32)
    at = (starts[:, None] + sizes[:, None] * (pixels + 0.5) / side) * side - 0.5
    weights = np.clip(at, 0, np.float32(side - 1))[:, :, None] - pixels
    np.abs(weights, out=weights)
    np.subtract(1, weights, out=weights)
    return np.asarray(np.maximum(weights, 0, out=weights), np.float32)
