"""The middle lines of strokes, one pixel wide, joined as the strokes are.

Source:
    Guo and Hall, "Parallel thinning with two-subiteration algorithms", CACM 32(3), 1989, A1.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Neighbours clockwise from north, as (row, column); the n-th is bit n of a pixel's code.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def middle_lines(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin what is solid, shape (h, w), to lines of one pixel; no part is lost or cut."""
    height, width = solid.shape
    padded = np.pad(solid, 1).astype(np.uint8)
    inner = padded[1:-1, 1:-1]
    changed = True
    while changed:
        changed = False
        for removable in _tables():
            codes = np.zeros((height, width), np.uint8)
            for bit, (down, right) in enumerate(_AROUND):
                near = padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
                codes |= near << bit
            gone = removable[codes] & (inner == 1)
            if gone.any():
                inner[gone] = 0
                changed = True
    return inner.astype(np.bool_)


@cache
def _tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each code of neighbours, whether the pixel goes in the first, the second half-step."""
    p = [(np.arange(256) >> bit & 1).astype(np.bool_) for bit in range(8)]
    north, north_east, east, south_east, south, south_west, west, north_west = p
    # Of the corners, at odd places, and the sides next to them.
    gaps = [~p[at] & (p[at + 1] | p[(at + 2) % 8]) for at in range(0, 8, 2)]
    before = [p[at] | p[at + 1] for at in range(0, 8, 2)]
    behind = [p[at + 1] | p[(at + 2) % 8] for at in range(0, 8, 2)]
    crossings = np.sum(gaps, axis=0)
    neighbours = np.minimum(np.sum(before, axis=0), np.sum(behind, axis=0))
    plain = (crossings == 1) & (neighbours >= 2) & (neighbours <= 3)
    first = plain & ~((north | north_east | ~south_east) & east)
    second = plain & ~((south | south_west | ~north_west) & west)
    return first, second
