"""Shapes: any mesh file as triangles in the unit sphere, and as views of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits, ReaderSettings
from opensearch.domains.cameras import cameras
from opensearch.domains.files import MESH_SUFFIXES, check_file, reading
from opensearch.domains.lines import draw_lines
from opensearch.domains.meshes import FORMATS
from opensearch.domains.meshes.triangles import Beside, Triangles
from opensearch.domains.reading import Reader, Reading
from opensearch.domains.render import OVERSAMPLING, Shape, as_view, shade
from opensearch.errors import InvalidInput, OverLimit, UnreadableFile

# Extents below this share of the coordinates' own size are rounding noise of float32.
_SMALLEST_EXTENT = 1e-6


def mesh_reader(settings: ReaderSettings, limits: Limits) -> Reader:
    """A reader of mesh files: `settings.views` shaded views, then `settings.line_views`.

    The reader raises `UnreadableFile` on a file without a usable triangle, `OverLimit` on one
    over `limits.bytes`, `limits.faces` or `limits.seconds`. The clock is looked at between
    the stages (parsing, cleaning, drawing); a stage itself is not cut short.

    Raises:
        InvalidInput: `settings` ask for no view at all.
    """
    size, count = settings.size, settings.views + settings.line_views
    if count == 0:
        raise InvalidInput("a shape needs a view: set views or line_views above 0")
    side = round(OVERSAMPLING * size)
    stroke = max(1, round(settings.stroke * side))

    def read(path: Path, part: int | None = None) -> Reading:
        with reading(path, "shape"):
            check_time = _clock(limits.seconds)
            vertices, faces = load_triangles(path, limits)
            check_time("parsing")
            shape = Shape(*unit_triangles(vertices, faces))
            check_time("cleaning")
            views = np.empty((count, size, size, 3), np.uint8)
            for at, camera in enumerate(cameras(max(settings.views, settings.line_views))):
                maps = shape.maps(camera, side)
                if at < settings.views:
                    views[at] = as_view(shade(maps), size)
                if at < settings.line_views:
                    views[settings.views + at] = as_view(draw_lines(maps, stroke), size)
                check_time("drawing")
            return Reading(views=views)

    return read


def load_triangles(path: Path, limits: Limits) -> Triangles:
    """Every triangle of a mesh file of any of `FORMATS`, in its world frame.

    Scenes are flattened with their transforms, polygons cut into triangles; materials and
    textures are never opened.

    Raises:
        UnreadableFile: the file is damaged or holds no faces.
        OverLimit: over `limits.bytes` or `limits.faces`.
    """
    check_file(path, limits, MESH_SUFFIXES)
    load = FORMATS[path.suffix.lower()]
    return load(path.read_bytes(), Beside(path.parent, limits), limits)


def unit_triangles(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Triangles centred and scaled to the unit sphere.

    Vertices that no face uses are dropped before anything is measured, and so are faces
    that touch a vertex that is not finite.

    Args:
        vertices: shape (n, 3).
        faces: shape (m, 3), vertex numbers.

    Returns:
        Vertices, shape (k, 3), float32, and faces, shape (l, 3), int32.

    Raises:
        UnreadableFile: no face is left, or all of them lie in one point.
    """
    if len(faces) == 0:
        raise UnreadableFile("has no faces")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise UnreadableFile("has faces that name vertices it does not hold")
    finite = np.asarray(np.isfinite(vertices).all(axis=1))
    faces = faces[finite[faces].all(axis=1)]
    if len(faces) == 0:
        raise UnreadableFile("has no face whose vertices are finite numbers (NaN or infinite)")
    used, renumbered = np.unique(faces, return_inverse=True)
    points = vertices[used]
    low, high = points.min(axis=0), points.max(axis=0)
    # Halved before adding: coordinates near the largest float must not overflow.
    centred = points - (low / 2 + high / 2)
    radius = float(np.abs(centred).max())
    if not radius > _SMALLEST_EXTENT * float(np.abs(points).max(initial=0.0)):
        raise UnreadableFile("has no extent: all its faces lie in one point")
    centred /= radius
    centred /= np.linalg.norm(centred, axis=1).max()
    return centred.astype(np.float32), renumbered.reshape(-1, 3).astype(np.int32)


def _clock(seconds: float) -> Callable[[str], None]:
    start = time.monotonic()

    def check(stage: str) -> None:
        if time.monotonic() - start > seconds:
            raise OverLimit(f"took over {seconds:g} s up to {stage}, the limit")

    return check
