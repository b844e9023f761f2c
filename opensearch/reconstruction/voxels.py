"""Shapes as grids of voxels, and how alike two grids are.

A grid has the axes [x, y, z], y up and the front towards +z, and spans the unit box: the longest
side of a shape's bounds fills it, and the shape stands in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput

SIDE: Final = 32
"""Voxels along each side of a grid."""

Grid: TypeAlias = NDArray[np.bool_]

# Distance of the points that stand for a triangle, in voxels. Every place on it is then less than
# half a voxel from one, so no way from one voxel to the next leads through the surface unseen.
_SPACING: Final = 0.5
_POINTS: Final = 1 << 20
# Faces on a border between voxels belong to those inside the shape, and one through the middle to
# a single layer, however it is rounded.
_SHRUNK: Final = 1 - 1e-6
_NUDGE: Final = 1e-6
# A place counts as within the shape when it is covered towards so many of the six sides: a box
# without a lid, or a car without a floor, still has an inside.
_COVERED: Final = 5
_ENCLOSED_SHARE: Final = 0.5


@dataclass(frozen=True, eq=False)
class Voxels:
    """A shape at the resolution of the grid.

    Attributes:
        grid: shape (32, 32, 32).
        solid: whether the inside is known and filled; else the grid holds the surface alone.
    """

    grid: Grid
    solid: bool


def voxelise(triangles: NDArray[np.floating]) -> Voxels:
    """The voxels that a surface touches, and those that it encloses where that can be decided.

    What no way from outside reaches is enclosed, so it does not matter which way faces look or
    how often one is repeated. An open shape, and one whose inside is thinner than a voxel,
    has nothing enclosed; a hollow one of which only some part is closed (the wheels of a car
    without a floor) is kept as a surface, too.

    Args:
        triangles: shape (f, 3, 3): corners of each; y up, in any unit.

    Raises:
        InvalidInput: no triangles, another shape of array, corners that are not finite, or all of
            them in one place.
    """
    surface = _surface(_in_voxels(triangles))
    inside = _enclosed(surface)
    within = _covered(surface) & ~surface
    solid = bool(inside.any()) and inside.sum() >= _ENCLOSED_SHARE * (within | inside).sum()
    return Voxels(surface | inside if solid else surface, bool(solid))


def iou(a: Grid, b: Grid) -> float:
    """Voxels that are in both grids, as a share of those in either; 1 for two empty ones."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 1.0


def _in_voxels(triangles: NDArray[np.floating]) -> NDArray[np.float64]:
    """Corners in units of voxels, 0 to 32, the middle of the bounds at 16."""
    if triangles.ndim != 3 or triangles.shape[1:] != (3, 3) or not len(triangles):
        raise InvalidInput(f"`triangles` must have shape (f, 3, 3), f >= 1; got {triangles.shape}")
    corners = triangles.astype(np.float64)
    if not np.isfinite(corners).all():
        raise InvalidInput("`triangles` hold corners that are not finite; leave such faces out")
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    # Halved before adding: coordinates near the largest float must not overflow.
    corners -= low / 2 + high / 2
    reach = np.abs(corners).max()
    if reach == 0:
        raise InvalidInput("`triangles` all lie in one point, which fills no grid")
    return np.asarray((corners / reach * _SHRUNK + 1) * (SIDE / 2) + _NUDGE)


def _surface(corners: NDArray[np.float64]) -> Grid:
    grid = np.zeros((SIDE, SIDE, SIDE), bool)
    for points in _points(corners):
        x, y, z = np.minimum(points.astype(np.int64), SIDE - 1).T
        grid[x, y, z] = True
    return grid


def _points(corners: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Points (n, 3) all over the triangles, `_SPACING` or less apart."""
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    parts = np.maximum(np.ceil(sides.max(axis=1) / _SPACING), 1).astype(np.int64)
    for count in np.unique(parts):
        steps = np.arange(count + 1)
        a, b = (axis.reshape(-1) for axis in np.meshgrid(steps, steps, indexing="ij"))
        a, b = a[a + b <= count], b[a + b <= count]
        weights = np.stack([a, b, count - a - b], axis=1) / count
        alike = corners[parts == count]
        most = max(1, _POINTS // len(weights))
        for start in range(0, len(alike), most):
            yield np.einsum("wk,fkc->fwc", weights, alike[start : start + most]).reshape(-1, 3)


def _enclosed(surface: Grid) -> Grid:
    """What cannot be reached from outside through the sides of voxels."""
    from scipy.ndimage import binary_fill_holes

    filled: Grid = binary_fill_holes(surface)
    return filled & ~surface


def _covered(surface: Grid) -> Grid:
    """Voxels that have the surface before them towards five of the six sides or more."""
    sides = np.zeros(surface.shape, np.int64)
    for axis in range(3):
        sides += np.logical_or.accumulate(surface, axis=axis)
        backward = np.flip(surface, axis)
        sides += np.flip(np.logical_or.accumulate(backward, axis=axis), axis)
    return np.asarray(sides >= _COVERED)
