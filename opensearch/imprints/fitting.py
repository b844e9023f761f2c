"""Fitting a part of one picture to another, to a fraction of a pixel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.likeness import product, unit_planes
from opensearch.imprints.turning import stretched

Planes = NDArray[np.float32]

_SMALLEST: Final = 0.72
_LARGEST: Final = 1.05
"""Least and most of a side that a part may be."""


def aligned(planes: Planes, target: Planes, parts: Planes, steps: int) -> tuple[Planes, Planes]:
    """Parts of pictures, improved step by step until they show what their targets show.

    Args:
        planes: shape (n, side, side).
        target: of mean 0 and length 1, likewise.
        parts: left, top, width and height of each to begin with, shares of its side, shape (n, 4).
        steps: how often they are improved.

    Returns:
        The best parts there were, and the correlations there, shape (n,).

    Source:
        Gauss-Newton on the difference of normalised pictures, as Lucas and Kanade, IJCAI 1981.
    """
    best, at_best = np.full(len(planes), -1, np.float32), parts.copy()
    for step in range(steps + 1):
        shown = unit_planes(stretched(planes, parts))
        found = product(shown, target)
        better = found > best
        best[better], at_best[better] = found[better], parts[better]
        if step == steps:
            break
        parts = parts + np.clip(_moves(shown, target, parts), -0.05, 0.05)
        parts[:, 2:] = np.clip(parts[:, 2:], _SMALLEST, _LARGEST)
        parts[:, :2] = np.clip(parts[:, :2], 1 - _LARGEST, 1 - _SMALLEST)
    return at_best, best


def _moves(shown: Planes, target: Planes, parts: Planes) -> Planes:
    """The Gauss-Newton step of parts (n, 4) that brings what is shown nearer to the target."""
    count, side = shown.shape[:2]
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    slopes = np.empty((count, 4, side, side), np.float32)
    slopes[:, 0], slopes[:, 1] = slopes_of(shown)
    slopes[:, :2] *= side / parts[:, 2:, None, None]
    np.multiply(slopes[:, 0], middle, out=slopes[:, 2])
    np.multiply(slopes[:, 1], middle[:, None], out=slopes[:, 3])
    flat = slopes.reshape(count, 4, side * side)
    square = flat @ flat.swapaxes(1, 2)
    ridge = 1e-3 * np.trace(square, axis1=1, axis2=2) + 1e-9
    square += ridge[:, None, None] * np.eye(4, dtype=np.float32)
    rest = (target - shown).reshape(count, side * side, 1)
    return np.asarray(np.linalg.solve(square, flat @ rest)[..., 0])


def slopes_of(planes: Planes) -> tuple[Planes, Planes]:
    """How pictures (n, side, side) change per pixel, from left to right and downwards."""
    return _slopes(planes), _slopes(planes.swapaxes(1, 2)).swapaxes(1, 2)


def _slopes(planes: Planes) -> Planes:
    """From left to right."""
    slopes = np.empty_like(planes)
    np.subtract(planes[:, :, 2:], planes[:, :, :-2], out=slopes[:, :, 1:-1])
    slopes[:, :, 1:-1] /= 2
    np.subtract(planes[:, :, 1], planes[:, :, 0], out=slopes[:, :, 0])
    np.subtract(planes[:, :, -1], planes[:, :, -2], out=slopes[:, :, -1])
    return slopes
