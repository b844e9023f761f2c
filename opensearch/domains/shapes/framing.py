"""Triangles put in the unit sphere, so that what is seen of a shape fills its views."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.polygons import check_corners
from opensearch.domains.shapes.ground import without_ground
from opensearch.errors import UnreadableFile
from opensearch.records import Up

# A triangle lower than this share of its longest side is a line: float32 rounds as coarsely.
_THINNEST: Final = 1e-6
# Specks: how wide the empty space before one is at least, as a share of what is kept, and all that
# is dropped together, as a share of the area of the whole. Beside the first, helper objects far
# off, the rest would fill a quarter of the frame. The others are a pixel or two of a view, and
# dropping them makes the rest at least a third larger.
_SPECKS: Final = ((3.0, 5e-2), (0.5, 1e-3))
_BINS: Final = 1024
# A face that is a line so many times as long as all that is seen has a wrong corner.
_FAR: Final = 100


class Framed(NamedTuple):
    """Triangles in the unit sphere, and where they were.

    Attributes:
        vertices: shape (k, 3).
        faces: shape (l, 3).
        middle: shape (3,); with `radius`, the vertices were `vertices * radius + middle`.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    middle: NDArray[np.float64]
    radius: float


def unit_triangles(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], up: Up | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Vertices and faces of `framed_triangles`."""
    framed = framed_triangles(vertices, faces, up)
    return framed.vertices, framed.faces


def framed_triangles(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], up: Up | None = None
) -> Framed:
    """Triangles centred and scaled to the unit sphere.

    Only what can be seen is measured and kept: faces that touch a vertex that is not finite,
    faces without area, repeated faces, specks far off the rest, and vertices that no face
    uses, are dropped. Everything is computed in doubles until it is centred, so that large
    coordinates, such as those of a survey, cost no precision.

    Args:
        vertices: shape (n, 3).
        faces: shape (m, 3), vertex numbers.
        up: the axis that is up, for shapes that may stand on a ground, which is dropped; `None`
            for those that do not.

    Raises:
        UnreadableFile: no face is left; the text says why.
    """
    if len(faces) == 0:
        raise UnreadableFile("has no faces")
    check_corners(faces.reshape(-1), len(vertices))
    broken = broken_faces(vertices, faces)
    if broken.any():
        faces = faces[~broken]
    if len(faces) == 0:
        raise UnreadableFile("has no face whose vertices are finite numbers (NaN or infinite)")
    # Before they are centred: a line that leads far away would leave the rest no digits.
    faces = faces[~_is_line(vertices, faces)]
    if len(faces) == 0:
        raise UnreadableFile("has no area: all its faces are lines or points")
    whole = _centred(vertices, faces)
    found = whole.of(_without_specks(whole.points, whole.faces))
    lone = found.of(found.faces if up is None else without_ground(found.points, found.faces, up))
    if lone is not found:  # what was near the rim of a ground may be far off all else
        lone = lone.of(_without_specks(lone.points, lone.faces))
    points, faces, middle, radius = lone
    longest = float(np.linalg.norm(points, axis=1).max())
    small = (points / longest).astype(np.float32)
    return Framed(small, _without_repeats(small, faces).astype(np.int32), middle, radius * longest)


def broken_faces(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which faces, shape (m, 3), touch a vertex whose coordinates are not finite numbers."""
    finite = np.asarray(np.isfinite(vertices).all(axis=1))
    if finite.all():
        return np.zeros(len(faces), np.bool_)
    return np.asarray(~finite[faces].all(axis=1))


def far_faces(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which faces, shape (m, 3), are not seen since they lead far away from all others."""
    none = np.zeros(len(faces), np.bool_)
    corners = vertices[faces] / 2  # differences may not overflow
    low, high = corners.min(axis=1), corners.max(axis=1)
    longest = (high - low).max(axis=1, initial=0)
    if not len(faces) or not longest.max() > _FAR * np.median(longest):
        return none
    seen = ~_is_line(vertices, faces)
    if not seen.any():
        return none
    extent = (high[seen].max(axis=0) - low[seen].min(axis=0)).max()
    return np.asarray(~seen & (longest > _FAR * extent))


class _Centred(NamedTuple):
    """The vertices in use, within -1 to 1 around the middle of their bounds, and the faces.

    Behind them that middle, and what the vertices were divided by.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int64]
    middle: NDArray[np.float64]
    radius: float

    def of(self, kept: NDArray[np.int64]) -> _Centred:
        """Some of the faces, centred anew; these if all are kept."""
        if len(kept) == len(self.faces):
            return self
        points, faces, off, share = _centred(self.points, kept)
        with np.errstate(over="ignore"):
            return _Centred(points, faces, self.middle + off * self.radius, self.radius * share)


def _centred(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> _Centred:
    used, renumbered = np.unique(faces, return_inverse=True)
    points = vertices[used]
    low, high = points.min(axis=0), points.max(axis=0)
    # Halved before adding: coordinates near the largest float must not overflow.
    middle = low / 2 + high / 2
    points = points - middle
    radius = float(np.abs(points).max()) or 1.0
    return _Centred(points / radius, renumbered.reshape(-1, 3), middle, radius)


def _is_line(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a face, shape (m, 3), has no area; true where rounding may be all its height."""
    # Halved, and each face to its own scale: neither differences nor squares may overflow.
    a, b, c = (vertices[faces[:, at]] / 2 for at in range(3))
    sides = np.stack([b - a, c - b, a - c])
    scale = np.abs(sides).max(axis=(0, 2), initial=0)
    sides /= np.where(scale > 0, scale, 1)[None, :, None]
    doubled = np.linalg.norm(np.cross(sides[0], sides[2]), axis=1)
    line: NDArray[np.bool_] = doubled <= _THINNEST * np.einsum("smc,smc->sm", sides, sides).max(0)
    return line


def _areas(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Twice the area of each face."""
    a, b, c = (points[faces[:, at]] for at in range(3))
    doubled: NDArray[np.float64] = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return doubled


def _without_specks(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faces without those that lie, hardly larger than nothing, far off all others.

    Along each axis in turn the shape is cut at an empty space. A cut that leaves next to
    nothing on one side and makes the other much larger in the frame drops the one.
    """
    areas = _areas(points, faces)
    corners = points[faces]
    low, high = corners.min(axis=1), corners.max(axis=1)
    left = np.arange(len(faces))
    for width, share in _SPECKS:
        budget = share * areas.sum()
        axes = 0
        while axes < 3:
            for axis in range(3):
                drop = _speck(low[left], high[left], areas[left], axis, width, budget)
                if drop is None:
                    axes += 1
                    continue
                axes = 0
                budget -= areas[left[drop]].sum()
                left = left[~drop]
    return faces[left]


def _speck(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    areas: NDArray[np.float64],
    axis: int,
    width: float,
    budget: float,
) -> NDArray[np.bool_] | None:
    """Which faces, of bounds (m, 3), an empty space along an axis parts as a speck, if any."""
    start, end = low[:, axis].min(), high[:, axis].max()
    if not end > start:
        return None
    scale = (_BINS - 1) / (end - start)
    first = ((low[:, axis] - start) * scale).astype(np.int64)
    last = ((high[:, axis] - start) * scale).astype(np.int64)
    covered = np.cumsum(
        np.bincount(first, minlength=_BINS + 1) - np.bincount(last + 1, minlength=_BINS + 1)
    )[:_BINS]
    empty = np.flatnonzero(covered == 0)
    if len(empty) == 0:
        return None
    below = np.cumsum(np.bincount(first, weights=areas, minlength=_BINS))
    drop: NDArray[np.bool_]
    for gap in np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1):
        for drop, area in (
            (first > gap[0], below[-1] - below[gap[0]]),
            (first < gap[0], below[gap[0]]),
        ):
            if area <= budget:
                kept = ~drop
                extent = (high[kept].max(axis=0) - low[kept].min(axis=0)).max()
                if len(gap) / scale >= width * extent:
                    return drop
    return None


def _without_repeats(points: NDArray[np.float32], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faces without those that lie in the very place of another, however they are numbered.

    A ray is tried on every face in its way: a million in one place would take it minutes.
    """
    bits = (points + np.float32(0)).view(np.uint32).astype(np.uint64)  # no -0
    key = bits[:, 0]
    for column in (bits[:, 1], bits[:, 2]):
        key = _mixed(key) + column
    # The sum does not depend on which corner comes first.
    keys = _mixed(_mixed(key))[faces].sum(axis=1, dtype=np.uint64)
    ordered = np.sort(keys)
    if not (ordered[1:] == ordered[:-1]).any():
        return faces
    _, kept = np.unique(keys, return_index=True)
    return faces[np.sort(kept)]


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step of splitmix64: neighbouring keys come out as unlike as random ones."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
