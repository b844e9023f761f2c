"""Shapes: any mesh file as triangles in the unit sphere, and as views of them."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits, ReaderSettings
from opensearch.domains.cameras import cameras
from opensearch.domains.files import MESH_SUFFIXES, check_bytes, check_file, reading
from opensearch.domains.gltf import Buffers, bare_glb, bare_gltf
from opensearch.domains.lines import draw_lines
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


def load_triangles(path: Path, limits: Limits) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (n, 3) and triangles (m, 3) of every mesh in a file, in its world frame.

    Scenes are flattened with their transforms, polygons cut into triangles; materials and
    textures are never opened.

    Raises:
        UnreadableFile: the file is damaged or holds no faces.
        OverLimit: over `limits.bytes` or `limits.faces`.
    """
    check_file(path, limits, MESH_SUFFIXES)
    kind = path.suffix.lower().lstrip(".")
    data = path.read_bytes()
    data = _PREPARED.get(kind, _as_is)(data, limits)
    buffers = Buffers(path.parent, limits)
    try:
        scene = _parse(data, kind, buffers)
    except OverLimit:
        raise
    except Exception as error:
        if buffers.missing:
            raise UnreadableFile(f"lacks its buffer {buffers.missing[0]!r}") from error
        raise
    return _flatten(scene, limits.faces)


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


def _parse(data: bytes, kind: str, buffers: Buffers) -> Any:
    import trimesh

    options: dict[str, Any] = {"skip_materials": True} if kind in ("obj", "ply") else {}
    asked: Any = buffers
    return trimesh.load_scene(
        io.BytesIO(data), file_type=kind, resolver=asked, process=False, **options
    )


def _flatten(scene: Any, most_faces: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    vertices, faces, start, count = [], [], 0, 0
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        mesh = scene.geometry[name]
        if len(getattr(mesh, "faces", ())) == 0:
            continue
        count += len(mesh.faces)
        if count > most_faces:
            raise OverLimit(f"has over {most_faces:,} faces, the limit")
        points = np.asarray(mesh.vertices, np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            # Vertices that are not finite are dealt with once faces tell whether they count.
            vertices.append(points @ transform[:3, :3].T + transform[:3, 3])
        faces.append(np.asarray(mesh.faces, np.int64) + start)
        start += len(points)
    if not faces:
        raise UnreadableFile("has no faces")
    return np.concatenate(vertices), np.concatenate(faces)


def _bounded_zip(data: bytes, limits: Limits) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_bytes(sum(entry.file_size for entry in archive.infolist()), limits)
    return data


def _as_utf8(data: bytes, limits: Limits) -> bytes:
    """Text of an unknown encoding made readable; only comments and names can be garbled."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode("utf-8")
    return data


def _whole_stl(data: bytes, limits: Limits) -> bytes:
    """Binary STL as long as its count says, what follows cut off; or any text."""
    triangles = int.from_bytes(data[80:84], "little")
    whole = 84 + 50 * triangles
    if len(data) >= whole:
        return data[:whole]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableFile("is neither text nor a whole binary STL") from None
    return data


def _as_utf8_ply(data: bytes, limits: Limits) -> bytes:
    return _as_utf8(data, limits) if b"format ascii" in data[:200] else data


def _as_is(data: bytes, limits: Limits) -> bytes:
    return data


_PREPARED: Final[dict[str, Callable[[bytes, Limits], bytes]]] = {
    "3mf": _bounded_zip,
    "glb": bare_glb,
    "gltf": bare_gltf,
    "obj": _as_utf8,
    "off": _as_utf8,
    "ply": _as_utf8_ply,
    "stl": _whole_stl,
}
"""What a format's bytes go through before trimesh parses them."""


def _clock(seconds: float) -> Callable[[str], None]:
    start = time.monotonic()

    def check(stage: str) -> None:
        if time.monotonic() - start > seconds:
            raise OverLimit(f"took over {seconds:g} s up to {stage}, the limit")

    return check
