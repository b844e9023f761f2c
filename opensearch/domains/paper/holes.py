"""Holes of a binding along one side of a page: rings, spirals, punched paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import boxes
from opensearch.domains.paper.sheet import Plane

_BAND: Final = 0.12
"""How far from a side holes lie at the most, share of the sheet."""
_DARK: Final = 0.5
"""Darkness of a hole, share of what is darkest."""
_LEAST, _MOST = 0.004, 0.06
"""Sides of a hole, share of the longer side of the sheet."""
_FULL: Final = 0.6
"""Share of the box around it that a hole fills."""
_SAME: Final = 1.6
"""How many times as large one hole may be as the usual one."""
_COUNT: Final = 4
"""Holes at the least."""
_SPAN: Final = 0.4
"""Share of the side that they stretch over."""
_STRAIGHT, _EVEN = 0.6, 0.2
"""How far from their row they may be, shares of their size and of their distance."""
_SOFT: Final = 1.6
"""How much larger what is taken away is than the hole: its soft edge."""


def without_holes(dark: Plane) -> Plane:
    """The darkness (h, w) of a sheet without a row of dark spots along one of its sides.

    They are holes, not drawn, where they are alike, lie on a straight line close to a side, evenly
    far apart, and stretch over much of it. A few may be missing, under a finger or a stroke.
    """
    spots = _spots(dark)
    found = [spots[row] for row in _rows(spots, dark.shape)]
    if not found:
        return dark
    left = dark.copy()
    for y, x, height, width in np.concatenate(found):
        reach = _SOFT * max(height, width) / 2 + 1
        top, bottom = (max(0, round(y + by)) for by in (-reach, reach))
        before, behind = (max(0, round(x + by)) for by in (-reach, reach))
        left[top : bottom + 1, before : behind + 1] = 0
    return left


def _spots(dark: Plane) -> NDArray[np.float64]:
    """Middle and sides, (y, x, height, width), of what is compact and dark, shape (n, 4)."""
    from scipy.ndimage import label

    parts, _ = label(dark > _DARK * np.percentile(dark, 99.9))
    found = []
    for part, (rows, columns) in enumerate(boxes(parts), start=1):
        sides = np.array([rows.stop - rows.start, columns.stop - columns.start])
        small, large = sides.min(), sides.max()
        if not (_LEAST * max(dark.shape) <= small and large <= _MOST * max(dark.shape)):
            continue
        if large <= 2 * small and (parts[rows, columns] == part).mean() >= _FULL:
            found.append([rows.start + sides[0] / 2, columns.start + sides[1] / 2, *sides])
    return np.array(found).reshape(-1, 4)


def _rows(spots: NDArray[np.float64], shape: tuple[int, ...]) -> Iterator[NDArray[np.intp]]:
    """Which spots (n, 4) are the holes along a side, for each side that has some."""
    for along, across in ((0, 1), (1, 0)):
        place = spots[:, across] / shape[across]
        for near in (place < _BAND, place > 1 - _BAND):
            row = _alike(spots, np.flatnonzero(near), along)
            if len(row) < _COUNT or np.ptp(spots[row, along]) < _SPAN * shape[along]:
                continue
            if _in_line(spots[row], along):
                yield row


def _alike(spots: NDArray[np.float64], row: NDArray[np.intp], along: int) -> NDArray[np.intp]:
    """Those of some spots that are as large as usual, in their order along a side."""
    if not len(row):
        return row
    size = np.sqrt(spots[row, 2] * spots[row, 3])
    usual = np.median(size)
    row = row[(size < _SAME * usual) & (usual < _SAME * size)]
    return row[np.argsort(spots[row, along])]


def _in_line(row: NDArray[np.float64], along: int) -> bool:
    """Whether spots lie on a straight line, whole numbers of one distance apart."""
    at, off = row[:, along], row[:, 1 - along]
    size = float(row[:, 2:].mean())
    if np.abs(off - np.polyval(np.polyfit(at, off, 1), at)).max() > _STRAIGHT * size:
        return False
    steps = np.diff(at)
    times = steps / max(float(np.median(steps)), size)
    return bool((np.abs(times - times.round()) < _EVEN * times.round()).all())
