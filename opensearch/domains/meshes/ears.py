"""Polygons of many thousands of corners cut into triangles, in time that grows little faster.

Ear clipping looks for each ear among corners that may lie far apart. Here those of a polygon that
is seen whole from its middle are cut in one walk around it, and of others all small ears that do
not touch at once, round by round; ear clipping proper gets what is left.

Source:
    Meisters, Polygons have ears (1975): ears of a simple polygon that do not touch stay ears.
    Schoone and van Leeuwen, Triangulating a star-shaped polygon (1980).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Numbers = NDArray[np.int64]

MANY: Final = 20_000
"""Corners from which on this is worth while."""
# With so few left, no further round is worth while.
_FEW: Final = 4096
# A round that cuts fewer of its corners than this is the last.
_LEAST_SHARE: Final = 0.01
# Strips of the grid that an ear may lie in, and corners there that it is looked at with.
_STRIPS, _CLOSE = 8, 64
_BLOCK: Final = 2**21
_ROUNDING: Final = 1e-9


def cut_ears(plane: Points) -> tuple[Numbers, Numbers]:
    """Triangles (m, 3) cut off a polygon, and the numbers of the corners that are left of it.

    Args:
        plane: its corners, shape (k, 2), finite.
    """
    left = np.arange(len(plane))
    if _area(plane) < 0:
        left = left[::-1]
    middle = _middle(plane)
    to_left = _turn(plane[left], plane[np.roll(left, -1)], middle)
    work = _walk if (to_left > 0).all() else _rounds
    return work(plane - middle, left)


def _walk(plane: Points, left: Numbers) -> tuple[Numbers, Numbers]:
    """As `cut_ears`, of a polygon seen whole from its middle, which is zero, turning left.

    An ear that does not reach the middle holds no other corner, and leaves a polygon of this kind.
    """
    x, y = plane[:, 0].tolist(), plane[:, 1].tolist()
    found: list[tuple[int, int, int]] = []
    ring = left.tolist()
    for _ in range(2):  # a walk cuts no ear where it starts
        kept: list[int] = []
        for c in ring:
            while len(kept) > 1:
                a, b = kept[-2], kept[-1]
                turn = (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])
                if turn <= 0 or x[a] * y[c] - y[a] * x[c] <= 0:
                    break
                found.append((a, b, c))
                kept.pop()
            kept.append(c)
        ring = kept[len(kept) // 2 :] + kept[: len(kept) // 2]
    return np.array(found, np.int64).reshape(-1, 3), np.array(ring, np.int64)


def _rounds(plane: Points, left: Numbers) -> tuple[Numbers, Numbers]:
    """As `cut_ears`, of any polygon that turns left."""
    rng = np.random.default_rng(0)
    found = [np.empty((0, 3), np.int64)]
    while len(left) > _FEW:
        before, after = np.roll(left, 1), np.roll(left, -1)
        ears = _ears(plane[left])
        # Of two that are neighbours the one with the higher number is cut.
        drawn = np.where(ears, rng.random(len(left)), -1.0)
        cut = ears & (drawn > np.roll(drawn, 1)) & (drawn > np.roll(drawn, -1))
        if cut.sum() < _LEAST_SHARE * len(left):
            break
        found.append(np.stack([before[cut], left[cut], after[cut]], axis=1))
        left = left[~cut]
    return np.concatenate(found), left


def fills(plane: Points, triangles: Numbers) -> bool:
    """Whether triangles fill a polygon and nothing beside it."""
    a, b, c = (plane[triangles[:, corner]] for corner in range(3))
    parts = np.abs(_turn(a, b, c)).sum() / 2
    whole = abs(_area(plane))
    return bool(abs(parts - whole) <= _ROUNDING * whole)


def _middle(plane: Points) -> Points:
    """The middle of a polygon's area; of its corners where it has none."""
    near = plane - plane[0]
    following = np.roll(near, -1, axis=0)
    parts = near[:, 0] * following[:, 1] - near[:, 1] * following[:, 0]
    if parts.sum() == 0:
        return np.asarray(plane.mean(axis=0))
    return np.asarray(plane[0] + parts @ (near + following) / (3 * parts.sum()))


def _area(plane: Points) -> float:
    following = np.roll(plane, -1, axis=0)
    return float((plane[:, 0] * following[:, 1] - plane[:, 1] * following[:, 0]).sum() / 2)


def _turn(a: Points, b: Points, c: Points) -> Points:
    """Twice the area of triangles, above zero where they turn left."""
    one, other = b - a, c - a
    turn: Points = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return turn


def _ears(corners: Points) -> NDArray[np.bool_]:
    """Which corners (n, 2) of a polygon that turns left are small ears, with no corner inside."""
    triangles = np.stack([np.roll(corners, 1, axis=0), corners, np.roll(corners, -1, axis=0)])
    ears: NDArray[np.bool_] = _turn(*triangles) > 0
    if not ears.any():
        return ears
    low, high = triangles.min(axis=0), triangles.max(axis=0)
    start, spread = corners.min(axis=0), np.ptp(corners, axis=0)
    # Cells as large as most ears, of which a grid has no more than can be numbered.
    cell = np.maximum(np.median((high - low)[ears], axis=0), spread / len(corners))
    cell[cell == 0] = 1
    cells, first, last = (((at - start) / cell).astype(np.int64) for at in (corners, low, high))
    along, across = 0, 1
    side = int(cells[:, along].max()) + 2
    keys = cells[:, across] * side + cells[:, along]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    strips = last[:, across] - first[:, across]
    ears &= strips < _STRIPS
    for strip in range(_STRIPS):
        at = np.flatnonzero(ears & (strips >= strip))
        row = (first[at, across] + strip) * side
        start = np.searchsorted(keys, row + first[at, along])
        size = np.searchsorted(keys, row + last[at, along], side="right") - start
        ears[at[size > _CLOSE]] = False
        near = size <= _CLOSE
        _drop_occupied(ears, triangles, order, at[near], start[near], size[near])
    return ears


def _drop_occupied(
    ears: NDArray[np.bool_],
    triangles: Points,
    order: Numbers,
    at: Numbers,
    start: Numbers,
    size: Numbers,
) -> None:
    """Take from `ears` those with another corner inside or on their rim, in place.

    Args:
        ears: which corners are ears.
        triangles: of every corner, shape (3, n, 2).
        order: corners in the order of the grid.
        at: the ears that are looked at.
        start: where in `order` the corners near to each begin.
        size: how many they are.
    """
    ends = np.cumsum(size)
    begin = 0
    while begin < len(at):
        end = max(begin + 1, int(np.searchsorted(ends, (ends[begin - 1] if begin else 0) + _BLOCK)))
        part, sizes = at[begin:end], size[begin:end]
        ear = np.repeat(part, sizes)
        before = np.repeat(np.cumsum(sizes) - sizes, sizes)
        other = order[np.repeat(start[begin:end], sizes) + np.arange(len(ear)) - before]
        own = (ear - other + 1) % len(order) < 3
        a, b, c = triangles[:, ear]
        point = triangles[1, other]
        inside = (_turn(a, b, point) >= 0) & (_turn(b, c, point) >= 0) & (_turn(c, a, point) >= 0)
        ears[ear[inside & ~own]] = False
        begin = end
