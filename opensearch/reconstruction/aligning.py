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
ALONG_Y: Final = np.flatnonzero(TURNS[:, 1, 1])
"""Those of `TURNS` that leave y the upright axis, either end up: which one is seldom known."""


def turned(grid: Grid, turn: NDArray[np.integer]) -> Grid:
    """A grid (n, n, n) turned about its middle as `triangles @ turn.T` turns triangles."""
    whole = grid.transpose(np.abs(turn).argmax(axis=1))
    flipped: Grid = np.flip(whole, tuple(axis for axis in range(3) if turn[axis].sum() < 0))
    return flipped


def alike(
    grids: Sequence[Grid], weights: NDArray[np.floating], upright: Sequence[bool]
) -> list[NDArray[np.int64]]:
    """The turn (3, 3) of each shape by which all overlap best.

    Each is laid onto those before it: the first is one whose upright axis is known, or the nearest
    if none is; the others follow by falling weight, and known axes stay y. Then all are turned
    together so that of the shapes with a known axis (of all, if none has) most by weight stay up.

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
        tried = TURNS[ALONG_Y] if upright[place] else TURNS
        ways = [turned(grids[place], turn) for turn in tried]
        best = int(np.argmax([summed[way].sum() for way in ways]))  # all are of one volume
        chosen[place] = tried[best]
        summed += weights[place] * ways[best]
    counted = [place for place in range(len(grids)) if upright[place] or not any(upright)]
    whole = max(
        (chosen[place].T for place in [anchor, *counted]),
        key=lambda turn: sum(weights[at] for at in counted if (turn @ chosen[at])[1, 1] == 1),
    )
    return [whole @ turn for turn in chosen]
