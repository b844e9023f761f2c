"""Polygons of any size cut into triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# Corners worked on at once, so that a large mesh does not need many times its size.
_BLOCK = 2**20
# Corners that a fan is tried from before a polygon is cut one by one.
_FANS = 8
# Share of a polygon's area by which rounding may turn one of its triangles.
_ROUNDING = 1e-9
# Of the plane that is left when an axis is dropped.
_OTHER_AXES = np.array([(1, 2), (0, 2), (0, 1)])


def as_triangles(
    vertices: NDArray[np.float64],
    corners: NDArray[np.int64],
    sizes: NDArray[np.int64],
    limits: Limits,
    first: int = 0,
) -> NDArray[np.int64]:
    """Triangles that fill each polygon, concave ones too.

    Polygons of fewer than three corners are left out. A polygon that a fan from one of its
    first corners fills is cut so; the others by ear clipping in the plane it is widest in.

    Args:
        vertices: shape (n, 3).
        corners: vertex numbers from 0, of one polygon after the other.
        sizes: corners of each polygon; they add up to ``len(corners)``.
        limits: `limits.faces` holds for the triangles.
        first: what the format calls its first vertex, for the message.

    Returns:
        Vertex numbers, shape (m, 3), polygons of one size together.

    Raises:
        UnreadableFile: a polygon names a vertex that is not there.
        OverLimit: over `limits.faces`.
    """
    check_corners(corners, len(vertices), first)
    check_faces(int(np.maximum(sizes - 2, 0).sum()), limits)
    if len(sizes) and (sizes == 3).all():
        return corners.reshape(-1, 3)
    starts = np.cumsum(sizes) - sizes
    found = [np.empty((0, 3), np.int64)]
    for size in np.unique(sizes[sizes >= 3]).tolist():
        of_size = starts[sizes == size]
        step = max(1, _BLOCK // size)
        for at in range(0, len(of_size), step):
            polygons = corners[of_size[at : at + step, None] + np.arange(size)]
            found.append(polygons if size == 3 else _cut(vertices, polygons))
    return np.concatenate(found)


def check_corners(corners: NDArray[np.int64], count: int, first: int = 0) -> None:
    """Refuse vertex numbers outside 0 to ``count - 1``.

    Raises:
        UnreadableFile: names the number as the format, which counts from `first`, has it.
    """
    if len(corners) == 0:
        return
    low, high = int(corners.min()), int(corners.max())
    if low < 0 or high >= count:
        named = (low if low < 0 else high) + first
        raise UnreadableFile(f"has a face that names vertex {named}, but it holds only {count:,}")


def check_faces(count: int, limits: Limits) -> None:
    """Refuse `count` triangles when over the limit.

    Raises:
        OverLimit: `count` is over `limits.faces`.
    """
    if count > limits.faces:
        raise OverLimit(f"has {count:,} faces, over the limit of {limits.faces:,}; simplify it")


def _cut(vertices: NDArray[np.float64], polygons: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles (m, 3) of polygons (p, k) of one size."""
    local = _local(vertices, polygons)
    found, left = [], np.arange(len(polygons))
    for start in range(min(polygons.shape[1], _FANS)):
        filled = _fan_fills(np.roll(local[left], -start, axis=1))
        found.append(_fan(np.roll(polygons[left[filled]], -start, axis=1)))
        left = left[~filled]
        if len(left) == 0:
            break
    if len(left):
        found.append(_clipped(local[left], polygons[left]))
    return np.concatenate(found)


def _local(vertices: NDArray[np.float64], polygons: NDArray[np.int64]) -> NDArray[np.float64]:
    """Corners (p, k, 3) seen from the first, in a size that neither over- nor underflows.

    Polygons with corners that are not finite come as zeros: any cut of them is as good.
    """
    with np.errstate(all="ignore"):
        local = vertices[polygons]
        local = local - local[:, :1]
        local /= np.abs(local).max(axis=(1, 2), keepdims=True)
    local[~np.isfinite(local).all(axis=(1, 2))] = 0
    return local


def _fan_fills(local: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the triangles of a fan from the first corner all face as their polygon does."""
    spokes = local[:, 1:] - local[:, :1]
    normals = np.cross(spokes[:, :-1], spokes[:, 1:])
    whole = normals.sum(axis=1)
    along = np.einsum("pkc,pc->pk", normals, whole)
    least = -_ROUNDING * np.einsum("pc,pc->p", whole, whole)
    filled: NDArray[np.bool_] = (along >= least[:, None]).all(axis=1)
    # A polygon whose halves cancel out, such as a bow tie, has no side to face to.
    filled &= (whole != 0).any(axis=1) | (normals == 0).all(axis=(1, 2))
    return filled


def _fan(polygons: NDArray[np.int64]) -> NDArray[np.int64]:
    inner = polygons.shape[1] - 2
    fans = np.empty((len(polygons), inner, 3), np.int64)
    fans[..., 0] = polygons[:, :1]
    fans[..., 1] = polygons[:, 1:-1]
    fans[..., 2] = polygons[:, 2:]
    return fans.reshape(-1, 3)


def _clipped(local: NDArray[np.float64], polygons: NDArray[np.int64]) -> NDArray[np.int64]:
    """Triangles (m, 3) of polygons (p, k) by their corners (p, k, 3) seen from the first."""
    from mapbox_earcut import triangulate_float64

    normals = np.abs(np.cross(local, np.roll(local, -1, axis=1)).sum(axis=1))
    thickness = np.ptp(local, axis=1)
    flattest = np.where(normals.any(axis=1), normals.argmax(axis=1), thickness.argmin(axis=1))
    planes = np.take_along_axis(local, _OTHER_AXES[flattest][:, None], axis=2)
    ends = np.array([polygons.shape[1]], np.uint32)
    found = []
    for plane, polygon in zip(planes, polygons, strict=True):
        cut = triangulate_float64(plane, ends)
        found.append(polygon[cut] if len(cut) else _fan(polygon[None]).reshape(-1))
    return np.concatenate(found).reshape(-1, 3)
