"""Shapes that one model is made of, turned to lie and face alike.

Files seldom say how a shape stands, and one that lies among others that stand gives a lump. This is
ours; the paper says nothing of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.reconstruction.voxels import Grid


def _turns() -> NDArray[np.int64]:
    """The 24 rotations of a cube onto itself, (24, 3, 3), the one that turns nothing first."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            turn = np.zeros((3, 3), np.int64)
            turn[np.arange(3), order] = signs
            if round(float(np.linalg.det(turn))) == 1:
                found.append(turn)
    return np.stack(found)


TURNS: Final = _turns()
ABOUT_Y: Final = np.flatnonzero(TURNS[:, 1, 1] == 1)
"""Those of `TURNS` that leave a shape upright."""


def turned(grid: NDArray[np.generic], turn: NDArray[np.integer]) -> NDArray[np.generic]:
    """A grid (n, n, n) turned about its middle as `triangles @ turn.T` turns triangles."""
    whole = grid.transpose(np.abs(turn).argmax(axis=1))
    return np.flip(whole, [axis for axis in range(3) if turn[axis].sum() < 0])


def alike(
    grids: Sequence[Grid], weights: NDArray[np.floating], upright: Sequence[bool]
) -> list[NDArray[np.int64]]:
    """The turn (3, 3) of each shape by which it overlaps most with those before it.

    The first shape of which the upright axis is known stays as it is, the nearest where none is.
    Others follow by their weights; those of known axis turn about y alone.

    Args:
        grids: k shapes, the nearest first.
        weights: of them, shape (k,).
        upright: whether it is known of each which axis is up.
    """
    anchor = list(upright).index(True) if any(upright) else 0
    order = [anchor, *(place for place in np.argsort(-weights, kind="stable") if place != anchor)]
    chosen = [TURNS[0]] * len(grids)
    summed = weights[anchor] * grids[anchor].astype(np.float64)
    for place in order[1:]:
        tried = TURNS[ABOUT_Y] if upright[place] else TURNS
        ways = [turned(grids[place], turn) for turn in tried]
        both = np.array([summed[way].sum() for way in ways]) / summed.max()
        best = int(
            both.argmax()
        )  # all of one size: the largest share in common is the best overlap
        chosen[place] = tried[best]
        summed += weights[place] * ways[best]
    return chosen
