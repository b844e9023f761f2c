"""The ground or backdrop that a scene's object stands on, told from the object."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.records import Up

_AXES: Final = {"x": 0, "y": 1, "z": 2}
_FLAT, _RIM = 0.01, 0.01
"""Thickness of a ground as a share of its width, and the part of its width that is its rim."""
_SHEET, _SQUARE = 1e-4, 0.95
"""Thickness of a mere sheet, and share of its bounds that a rectangle along the axes covers."""
_FILLED: Final = 0.7
"""Share of its bounds that any ground covers; a disc covers .785."""
_WIDER, _MUCH_WIDER = 1.25, 2.0
"""How much wider than all else in any direction such a rectangle is, and any other ground: brims,
saucers and boards are flat and wide, too."""
_SUNK, _LOWEST = 0.25, 0.1
"""How far from the end of the rest a ground lies at most, and how high the rest is at least, as
shares of its height and width."""
_PLANES: Final = 3
"""So many grounds are looked for, one after the other."""
_WELD: Final = 2.0**-19
"""Corners so near each other are one."""
_NOISE: Final = 1e-6
"""Faces of a sheet lie so near each other at most; else they are of two sides."""


class _Band(NamedTuple):
    """Where on the upright axis the rim of a shape lies."""

    low: float
    high: float


def without_ground(
    points: NDArray[np.float64], faces: NDArray[np.int64], up: Up
) -> NDArray[np.int64]:
    """Faces without those of a plane on which all others stand and which makes them small.

    What is dropped is flat, covers its bounds, shares no edge with anything else and lies under
    it. Where it is unknown which axis is up nothing is: a door with its handle, or a table top on
    one leg, looks like a ground from beside or below.

    Args:
        points: shape (n, 3), within -1 to 1 around the middle of their bounds, all in use.
        faces: shape (m, 3).
        up: the axis that is up.
    """
    if up == "unknown":
        return faces
    for _ in range(_PLANES):
        ground = _ground(points, faces, _AXES[up])
        if ground is None:
            break
        faces = faces[~ground]
    return faces


def _ground(
    points: NDArray[np.float64], faces: NDArray[np.int64], axis: int
) -> NDArray[np.bool_] | None:
    """Which faces are a ground, shape (m,); None where there is none."""
    used = np.zeros(len(points), np.bool_)
    used[faces] = True
    band = _rim_band(points[used], axis)
    if band is None:
        return None
    level = (points[:, axis] >= band.low) & (points[:, axis] <= band.high)
    flat = np.asarray(level[faces].all(axis=1))
    if not _is_wide(points, faces, flat, axis):
        return None  # before anything is welded, which takes longer
    pieces = _pieces(points, faces)
    ground = np.asarray(~(np.bincount(pieces, weights=~flat) > 0)[pieces])
    wide = _is_wide(points, faces, ground, axis)
    return ground if wide and _is_stood_on(points, faces, ground, axis, band) else None


def _rim_band(points: NDArray[np.float64], axis: int) -> _Band | None:
    """The thin band in the lower half in which all lies that is outermost on the other axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    across = [other for other in range(3) if other != axis]
    if not min(extent[across]) > 0:
        return None
    outer = np.zeros(len(points), np.bool_)
    for other in across:
        rim = _RIM * extent[other]
        outer |= (points[:, other] <= low[other] + rim) | (points[:, other] >= high[other] - rim)
    heights = points[outer, axis]
    bottom, top = float(heights.min()), float(heights.max())
    flat = top - bottom <= _FLAT * extent[across].max()
    return _Band(bottom, top) if flat and bottom + top < low[axis] + high[axis] else None


def _pieces(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which piece each face is of, shape (m,): faces that share an edge are of one.

    Corners in one place are one. To touch in a corner joins nothing: the middle of a ground and
    that of what stands on it may both be at the origin.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    x, y, z = np.round(points / _WELD).astype(np.int64).T
    _, welded = np.unique((x << 42) + (y << 21) + z, return_inverse=True)  # 21 bits each
    corners = welded.reshape(-1)[faces]
    ends = np.sort(np.stack([corners, np.roll(corners, 1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    edges = ends[:, 0] * len(points) + ends[:, 1]
    order = np.argsort(edges, kind="stable")
    same = np.flatnonzero(np.diff(edges[order]) == 0)
    owners = order // 3
    joins = (owners[same], owners[same + 1])
    joined = coo_array((np.ones(len(same), np.int8), joins), shape=(len(faces), len(faces)))
    _, pieces = connected_components(joined, directed=False)
    found: NDArray[np.int64] = pieces.astype(np.int64)
    return found


def _is_wide(
    points: NDArray[np.float64], faces: NDArray[np.int64], ground: NDArray[np.bool_], axis: int
) -> bool:
    """Whether faces cover their bounds, and are wider than all others."""
    if not ground.any() or ground.all():
        return False
    corners = points[faces[ground]]
    _, _, extent = _bounds(corners)
    _, _, rest = _bounds(points[faces[~ground]])
    if extent.max() < _WIDER * rest.max():
        return False
    covered, whole = _covered(corners, axis), np.delete(extent, axis).prod()
    sheet = extent[axis] <= _SHEET * extent.max()
    wider = _WIDER if sheet and covered >= _SQUARE * whole else _MUCH_WIDER
    return bool(covered >= _FILLED * whole and extent.max() >= wider * rest.max())


def _covered(corners: NDArray[np.float64], axis: int) -> float:
    """The area of flat triangles (m, 3, 3) as seen along an axis, of both sides the upper one."""
    heights = corners[..., axis].mean(axis=1)
    if np.ptp(heights) > _NOISE:
        corners = corners[heights > (heights.min() + heights.max()) / 2]
    seen = np.delete(corners, axis, axis=2)
    x, y = np.moveaxis(np.round(seen / _WELD).astype(np.int64), 2, 0)
    _, once = np.unique(np.sort((x << 21) + y, axis=1), axis=0, return_index=True)
    a, b, c = seen[once].transpose(1, 0, 2)
    return float(np.abs(np.linalg.det(np.stack([b - a, c - a], axis=1))).sum() / 2)


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
    apart = band.high - low[axis]
    over = np.delete((low < least - _RIM * extent) | (high > most + _RIM * extent), axis)
    solid = rest[axis] >= _LOWEST * rest.max()
    return bool(solid and abs(apart) <= _SUNK * rest[axis] and not over.any())


def _bounds(
    corners: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest coordinates of triangles (m, 3, 3), and how far these are apart."""
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    return low, high, high - low
