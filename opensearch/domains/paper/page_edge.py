"""What shows along the outline of a page: an edge, or only the edge of a shadow."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Mask, Points

_Value = TypeVar("_Value", bound=np.generic)

_RING: Final = 4
"""How far from the outline the surroundings are looked at, pixels, on either side."""
STEP: Final = 18
"""Least change of brightness or colour over a page's edge."""
_DARK: Final = 8.0
"""Added to shades before they are divided, for the grain of dark ones."""
_TINT, _SHADIEST = 0.06, 0.35
"""Most that the ratio of two shades of one colour varies over channels; least light in shadow."""
_FOLD, _MILDEST = 2, 0.7
"""Distance over which the shades beside a fold are compared, pixels; least light left there."""
_SHARP: Final = 0.75
"""Share of the step that shows within half the distance where an edge is sharp, no shadow's."""
_ROUGHER: Final = 3.0
"""What lies beside a page and is so many times as rough is a table, not the page in shade."""
_MUCH: Final = 0.1
"""Share of the outline that must look like a shadow's edge for roughness to matter."""
_FINE: Final = 6
"""Greatest breadth of a fine mark where it crosses the outline, pixels."""


def edge_shown(
    pixels: NDArray[np.float32], corners: Points, doubt: float = 1.0
) -> tuple[float, int]:
    """Length of the outline that parts two shades, and of all that is in view, pixels.

    Where both shades have the same colour it may be the edge of a shadow: then it counts as
    `doubt`, or not at all if it is soft as well. If `doubt` is 1, everything counts.
    """
    shades = [_at(pixels, at) for at in _along(corners, pixels.shape)]
    out, near_out, _, near_within, within = shades
    step = np.abs(within - out).max(axis=1, initial=0)
    soft = np.abs(near_within - near_out).max(axis=1, initial=0) < _SHARP * step
    worth = np.ones(len(step))
    if doubt < 1:
        worth = np.where(_alike(within, out), np.where(soft, 0.0, doubt), 1.0)
    return float(worth[step >= STEP].sum()), len(step)


def crossing(
    pixels: NDArray[np.float32], lineless: NDArray[np.float32], marks: Mask, corners: Points
) -> int:
    """How many points of an outline that may be a shadow's edge are crossed by fine marks.

    0 if much of it may be one and the outside is far rougher than the inside: that is a table, not
    the same page in the shade. Printed lines end at its edge, and some meet its grain.

    Args:
        pixels: shape (h, w, 3).
        lineless: the same without fine dark lines.
        marks: fine marks, shape (h, w).
        corners: of the outline.
    """
    places = _along(corners, marks.shape)
    alike = _alike(_at(pixels, places[-1]), _at(pixels, places[0]))
    outside, inside = (_roughness(_at(lineless, places[i]), alike) for i in (0, -1))
    if outside > _ROUGHER * inside and alike.mean() > _MUCH:
        return 0
    over = np.logical_and.reduce([alike, *(_at(marks, at) for at in places[::2])])
    edges = np.flatnonzero(np.diff(np.pad(over, 1).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths <= _FINE].sum())


def _roughness(shades: NDArray[np.float32], where: Mask) -> float:
    """Mean change of shade (n, 3) from one place to the next, of those named."""
    change = np.abs(np.diff(shades.mean(axis=1)))[where[1:] & where[:-1]]
    return float(change.mean()) if change.size else 0.0


def _alike(a: NDArray[np.float32], b: NDArray[np.float32], least: float = _SHADIEST) -> Mask:
    """Whether two shades, shape (..., 3), may be of one paper in light and in shadow.

    Args:
        a, b: the shades.
        least: share of the light that is left in the shadow.
    """
    ratio = (a + _DARK) / (b + _DARK)
    mean = ratio.mean(axis=-1)
    alike = np.ptp(ratio, axis=-1) <= _TINT * ratio.max(axis=-1, initial=0)
    return np.asarray(alike & (mean > least) & (mean < 1 / least))


def mild_edges(pixels: NDArray[np.float32]) -> Mask:
    """Where the shades that meet may be of one paper, folded or crumpled, shape (h, w)."""
    ways = [(np.roll(pixels, _FOLD, axis), np.roll(pixels, -_FOLD, axis)) for axis in (0, 1)]
    return np.logical_and(*(_alike(before, behind, _MILDEST) for before, behind in ways))


def _along(corners: Points, shape: tuple[int, ...]) -> Points:
    """Points from outside to inside the outline, shape (5, n, 2), a pixel apart along it.

    Only those whose five places are all in view.
    """
    room = np.array([shape[1] - 1, shape[0] - 1])
    found = [np.zeros((5, 0, 2))]
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = float(np.linalg.norm(b - a))
        if length < 1:
            continue
        normal = np.array([b[1] - a[1], a[0] - b[0]]) / length  # outwards, corners clockwise
        on = a + np.linspace(0.05, 0.95, max(2, round(length)))[:, None] * (b - a)
        found.append(on + np.linspace(_RING, -_RING, 5)[:, None, None] * normal)
    points = np.concatenate(found, axis=1)
    return np.asarray(points[:, ((points >= 0) & (points <= room)).all(axis=(0, 2))])


def _at(plane: NDArray[_Value], points: Points) -> NDArray[_Value]:
    x, y = np.rint(points).astype(int).T
    found: NDArray[_Value] = plane[y, x]
    return found
