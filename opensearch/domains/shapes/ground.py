"""The ground or backdrop that a scene's object stands on, told from the object."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.records import Up

_AXES: Final = {"x": (0,), "y": (1,), "z": (2,), "unknown": (0, 1, 2)}
_FLAT, _RIM = 0.01, 0.01
"""Thickness of a ground as a share of its width, and the part of its width that is its rim."""
_FILLED: Final = 0.7
"""Share of its bounds that a ground covers; a disc covers .785."""
_WIDER, _FAR_WIDER = 1.25, 1.75
"""How much wider than all else in any direction a ground is, where its axis is known and not."""
_SUNK, _LOWEST = 0.25, 0.1
"""How far from the end of the rest a ground lies at most, and how high the rest is at least, as
shares of its height and width."""
_PLANES: Final = 3
"""So many grounds are looked for, one after the other."""
_WELD: Final = 1e-6


class _Band(NamedTuple):
    """Where on an axis the rim of a shape lies, and whether at its lower end."""

    low: float
    high: float
    below: bool


def without_ground(
    points: NDArray[np.float64], faces: NDArray[np.int64], up: Up
) -> NDArray[np.int64]:
    """Faces without those of a plane on which all others stand and which makes them small.

    What is dropped is flat, covers its bounds, is welded to nothing else and lies under the rest.
    Where the axis is unknown it may lie at either end of any, and must be wider still: a table top
    on one leg looks like a ground upside down.

    Args:
        points: shape (n, 3), within -1 to 1 around the middle of their bounds, all in use.
        faces: shape (m, 3).
        up: the axis that is up.
    """
    for _ in range(_PLANES):
        ground = _ground(points, faces, up)
        if ground is None:
            break
        faces = faces[~ground]
    return faces


def _ground(
    points: NDArray[np.float64], faces: NDArray[np.int64], up: Up
) -> NDArray[np.bool_] | None:
    """Which faces are a ground, shape (m,); None where there is none."""
    used = np.zeros(len(points), np.bool_)
    used[faces] = True
    pieces = None
    for axis in _AXES[up]:
        band = _rim_band(points[used], axis, up == "unknown")
        if band is None:
            continue
        level = (points[:, axis] >= band.low) & (points[:, axis] <= band.high)
        flat = np.asarray(level[faces].all(axis=1))
        if not _is_wide(points, faces, flat, axis, up):
            continue  # before anything is welded, which takes longer
        pieces = _pieces(points, faces) if pieces is None else pieces
        ground = np.asarray(~(np.bincount(pieces, weights=~flat) > 0)[pieces])
        wide = _is_wide(points, faces, ground, axis, up)
        if wide and _is_stood_on(points, faces, ground, axis, band):
            return ground
    return None


def _rim_band(points: NDArray[np.float64], axis: int, either_end: bool) -> _Band | None:
    """The thin band of an axis in which all lies that is outermost on the other two, if any."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    across = [other for other in range(3) if other != axis]
    width = extent[across].max()
    if not min(extent[across]) > 0:
        return None
    outer = np.zeros(len(points), np.bool_)
    for other in across:
        rim = _RIM * extent[other]
        outer |= (points[:, other] <= low[other] + rim) | (points[:, other] >= high[other] - rim)
    heights = points[outer, axis]
    bottom, top = float(heights.min()), float(heights.max())
    if top - bottom > _FLAT * width:
        return None
    below = (bottom + top) < (low[axis] + high[axis])
    return _Band(bottom, top, below) if below or either_end else None


def _pieces(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which connected piece each face is of, shape (m,); corners in one place are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, welded = np.unique(np.round(points / _WELD), axis=0, return_inverse=True)
    a, b, c = welded.reshape(-1)[faces].T
    count = int(welded.max()) + 1
    ones = np.ones(2 * len(faces), np.int8)
    joined = coo_array((ones, (np.r_[a, b], np.r_[b, c])), shape=(count, count))
    _, labels = connected_components(joined, directed=False)
    pieces: NDArray[np.int64] = labels[a]
    return pieces


def _is_wide(
    points: NDArray[np.float64],
    faces: NDArray[np.int64],
    ground: NDArray[np.bool_],
    axis: int,
    up: Up,
) -> bool:
    """Whether faces cover their bounds, and are wider than all others."""
    if not ground.any() or ground.all():
        return False
    _, _, extent = _bounds(points[faces[ground]])
    _, _, rest = _bounds(points[faces[~ground]])
    if extent.max() < (_FAR_WIDER if up == "unknown" else _WIDER) * rest.max():
        return False
    a, b, c = points[faces[ground]].transpose(1, 0, 2)
    above = np.cross(b - a, c - a)[:, axis] / 2
    area = max(above.clip(min=0).sum(), -above.clip(max=0).sum())  # a slab has two sides
    return bool(area >= _FILLED * np.delete(extent, axis).prod())


def _is_stood_on(
    points: NDArray[np.float64],
    faces: NDArray[np.int64],
    ground: NDArray[np.bool_],
    axis: int,
    band: _Band,
) -> bool:
    """Whether all other faces are of something solid that ends about where the ground lies."""
    least, most, extent = _bounds(points[faces[ground]])
    low, high, rest = _bounds(points[faces[~ground]])
    apart = band.high - low[axis] if band.below else high[axis] - band.low
    over = np.delete((low < least - _RIM * extent) | (high > most + _RIM * extent), axis)
    solid = rest[axis] >= _LOWEST * rest.max()
    return bool(solid and abs(apart) <= _SUNK * rest[axis] and not over.any())


def _bounds(
    corners: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest coordinates of triangles (m, 3, 3), and how far these are apart."""
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    return low, high, high - low
