"""The corners of a shape: what simplifying leaves in place, where it leaves little else.

A coarse shape that loses half of its faces loses half of its look, but many of the corners that
are left have not moved. The corners of another shape lie elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_MOST: Final = 600
"""Corners kept of a shape, the outermost: they fill a page of the store."""
_STEPS: Final = 65_535
_ROUNDS: Final = 10
_SOME: Final = 100
"""Corners by which the turns other than the identity are tried."""
_CLOSE: Final = 0.004
"""Distance within which two corners count as the same, in radii of a shape."""
_SMALLEST, _LARGEST = 0.7, 1.4

_SHARE: Final = 0.23
_LEAST, _LEAST_TURNED = 6, 10
"""Least share, and least number, of a simplified shape's corners that the whole one has, too; more
of them if the shape had to be turned for that."""
_LEFT: Final = 0.7
"""Most corners of a simplified shape, as a share of the whole one's: else neither is simplified."""


def _turns() -> list[Points]:
    """The 24 rotations that map axes to axes, the identity first."""
    signs = [np.diag(each) for each in product((1.0, -1.0), repeat=3)]
    axes = [np.eye(3)[list(each)] for each in permutations(range(3))]
    return [sign @ axis for axis in axes for sign in signs if np.linalg.det(sign @ axis) > 0]


_TURNS: Final = _turns()


@dataclass(frozen=True)
class Corners:
    """Corners of a shape in its unit sphere.

    Attributes:
        count: how many it has.
        points: the outermost of them, shape (n, 3).
    """

    count: int
    points: Points


def corner_bytes(vertices: Points, faces: NDArray[np.integer], middle: Points) -> bytes:
    """What an imprint keeps of corners: their count, and places of at most 600.

    Args:
        vertices: shape (n, 3).
        faces: shape (m, 3).
        middle: of the surface, shape (3,); the corners furthest from it are kept.
    """
    used = vertices[np.unique(faces)]
    centre = (used.min(axis=0) + used.max(axis=0)) / 2
    radius = max(float(np.linalg.norm(used - centre, axis=1).max()), 1e-300)
    steps = np.rint(((used - centre) / radius + 1) / 2 * _STEPS).astype("<u2")
    distinct, places = np.unique(steps, axis=0, return_index=True)
    outward = np.argsort(-np.linalg.norm(used[places] - middle, axis=1), kind="stable")
    return np.array([len(distinct)], "<u4").tobytes() + distinct[outward[:_MOST]].tobytes()


def corners_of(kept: bytes) -> Corners:
    """What `corner_bytes` kept; no corners of imprints that were made without."""
    if not kept:
        return Corners(0, np.zeros((0, 3)))
    steps = np.frombuffer(kept[4:], "<u2").reshape(-1, 3)
    return Corners(int.from_bytes(kept[:4], "little"), steps.astype(np.float64) / _STEPS * 2 - 1)


def is_simplified(one: Corners, other: Corners) -> bool:
    """Whether one of two shapes, whichever, is the other with fewer corners."""
    few, many = sorted((one.count, other.count))
    return few <= _LEFT * many and has_corners(one, other)


def has_corners(one: Corners, other: Corners) -> bool:
    """Whether corners of the one of two shapes that has fewer are corners of the other."""
    few, many = sorted((one, other), key=lambda corners: corners.count)
    if len(few.points) < _LEAST:
        return False
    share = _SHARE * len(few.points)
    if _in_place(few.points, many.points) >= max(_LEAST, share):
        return True
    some = few.points[:: -(-len(few.points) // _SOME)]
    gaps = [_nearest(some @ turn, many.points)[0].mean() for turn in _TURNS[1:]]
    turn = _TURNS[1 + int(np.argmin(gaps))]
    return _in_place(few.points @ turn, many.points) >= max(_LEAST_TURNED, share)


def _in_place(points: Points, wanted: Points) -> int:
    """How many points (n, 3) lie on others (m, 3), scaled and moved step by step to do so.

    On a line crowded with others, chance lays twice as many points within twice the distance:
    those are subtracted.
    """
    scale, by, most = 1.0, np.zeros(3), 0
    for _ in range(_ROUNDS):
        gaps, nearest = _nearest(points * scale + by, wanted)
        most = max(most, int(2 * (gaps <= _CLOSE).sum() - (gaps <= 2 * _CLOSE).sum()))
        weights = 1 / (1 + (gaps / max(_CLOSE, np.median(gaps) / 2)) ** 4)
        weights = weights[:, None] / weights.sum()
        middle, there = (weights * points).sum(axis=0), (weights * wanted[nearest]).sum(axis=0)
        off = points - middle
        square = max(float((weights * off**2).sum()), 1e-12)
        scale = float((weights * off * (wanted[nearest] - there)).sum()) / square
        scale = min(max(scale, _SMALLEST), _LARGEST)
        by = there - scale * middle
    return most


def _nearest(points: Points, wanted: Points) -> tuple[Points, NDArray[np.intp]]:
    """How far points (n, 3) are from the nearest of others (m, 3), and which that is."""
    # Not by BLAS, whose threads would wait for each other on a busy machine.
    products = np.einsum("nd,md->nm", points, wanted)
    squares = (points**2).sum(axis=1)[:, None] + (wanted**2).sum(axis=1) - 2 * products
    nearest = squares.argmin(axis=1)
    return np.linalg.norm(points - wanted[nearest], axis=1), nearest
