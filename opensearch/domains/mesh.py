"""Shapes: any mesh file as triangles in the unit sphere, and as views of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.config import ReaderSettings
from opensearch.domains import meshes
from opensearch.domains.files import check_file, reading
from opensearch.domains.meshes.triangles import Beside, Triangles
from opensearch.domains.reading import Reader, ReaderKind, Reading
from opensearch.domains.shapes.cameras import cameras, portrait_camera
from opensearch.domains.shapes.framing import broken_faces, far_faces, framed_triangles
from opensearch.domains.shapes.lines import draw_lines
from opensearch.domains.shapes.render import OVERSAMPLING, Maps, Shape, as_view, shade
from opensearch.domains.shapes.upright import upright_axis
from opensearch.errors import InvalidInput, OverLimit, UnreadableFile
from opensearch.imprints.shapes import shape_imprint
from opensearch.limits import Limits
from opensearch.records import Up

_PORTRAIT: Final = 144
"""Side of the picture for people, pixels."""

# Turns of a camera by some five degrees, about its right and its up axis.
_NUDGES: Final = (
    np.array([[1, 0, 0], [0, 0.996, -0.0894], [0, 0.0894, 0.996]]),
    np.array([[0.996, 0, 0.0894], [0, 1, 0], [-0.0894, 0, 0.996]]),
)


def mesh_reader(settings: ReaderSettings, limits: Limits) -> Reader:
    """A reader of mesh files: `settings.views` shaded views, then `settings.line_views`.

    They stand on the shape's upright axis, where that is said or stated by the format; else the
    three axes take turns.

    The reader raises `UnreadableFile` on a file without a usable triangle, `OverLimit` on one
    over `limits.bytes`, `limits.faces` or `limits.seconds`. The clock is looked at between
    the stages (parsing, cleaning, drawing); a stage itself is not cut short.

    Raises:
        InvalidInput: `settings` ask for no view at all.
    """
    if settings.views + settings.line_views == 0:
        raise InvalidInput("a shape needs a view: set `views` or `line_views` above 0")

    def read(path: Path, part: int | None = None, up: Up | None = None) -> Reading:
        with reading(path, "shape"):
            check_time = _clock(limits.seconds)
            mesh = load_triangles(path, limits)
            check_time("parsing")
            axis = upright_axis(path, up)
            framed = framed_triangles(*mesh, axis)
            shape = Shape(framed.vertices, framed.faces)
            check_time("cleaning")
            return Reading(
                views=_views(shape, axis, settings, check_time),
                up=axis,
                portrait=portrait(shape, axis),
                imprint=partial(shape_imprint, *framed),
                lost=_lost(mesh),
            )

    return read


def _views(
    shape: Shape, axis: Up, settings: ReaderSettings, check_time: Callable[[str], None]
) -> NDArray[np.uint8]:
    """Shaded views, then line views, shape (n, size, size, 3).

    Raises:
        UnreadableFile: one of them would be blank.
    """
    size, shaded, lined = settings.size, settings.views, settings.line_views
    side = round(OVERSAMPLING * size)
    stroke = max(1, round(settings.stroke * side))
    views = np.empty((shaded + lined, size, size, 3), np.uint8)
    for at, camera in enumerate(cameras(max(shaded, lined), axis)):
        maps = _maps(shape, camera, side)
        if at < shaded:
            views[at] = as_view(shade(maps), size)
        if at < lined:
            views[shaded + at] = as_view(draw_lines(maps, stroke), size)
        check_time("drawing")
    blank = int((views == 255).all(axis=(1, 2, 3)).sum())
    if blank:
        raise UnreadableFile(f"is too thin to be seen: {blank} of its views are blank")
    return views


def _lost(mesh: Triangles) -> str:
    """What of a shape is not seen because its file is damaged, in words."""
    for found, why in (
        (broken_faces, "they have corners that are not finite numbers (NaN or infinite)"),
        (far_faces, "they have corners so far away from all else that they are lines"),
    ):
        count = int(found(*mesh).sum())
        if count:
            return f"{count:,} of its {len(mesh.faces):,} faces are missing: {why}"
    return mesh.lost


def load_triangles(path: Path, limits: Limits) -> Triangles:
    """Every triangle of a mesh file of any of `meshes.FORMATS`, in its world frame.

    Scenes are flattened with their transforms, polygons cut into triangles; materials and
    textures are never opened.

    Raises:
        UnreadableFile: the file is damaged or holds no faces.
        OverLimit: over `limits.bytes` or `limits.faces`.
    """
    check_file(path, limits, meshes.suffixes())
    load = meshes.FORMATS[path.suffix.lower()].load
    return load(path.read_bytes(), Beside(path.parent, limits), limits)


def portrait(shape: Shape, axis: Up, side: int = _PORTRAIT) -> NDArray[np.uint8] | None:
    """A shape from above its front, (side, side, 3); None where nothing is seen from there."""
    try:
        maps = _maps(shape, portrait_camera(axis), round(OVERSAMPLING * side))
    except UnreadableFile:
        return None
    return as_view(shade(maps), side)


def _maps(shape: Shape, camera: NDArray[np.float64], side: int) -> Maps:
    """What a camera sees; one that meets a flat shape on its edge looks from a little beside.

    Raises:
        UnreadableFile: nothing is seen from there either.
    """
    for turn in (np.eye(3), *_NUDGES):
        maps = shape.maps(turn @ camera, side)
        if maps.hit.any():
            return maps
    raise UnreadableFile("is too thin to be seen: a view of it would be blank")


def _clock(seconds: float) -> Callable[[str], None]:
    start = time.monotonic()

    def check(stage: str) -> None:
        if time.monotonic() - start > seconds:
            raise OverLimit(f"took over {seconds:g} s, the limit, by the end of {stage}")

    return check


READER: Final = ReaderKind(
    open=mesh_reader,
    version=15,
    domain="shape",
    suffixes=meshes.suffixes,
    telling=meshes.suffixes,
    several=True,
    looks="mesh",
)
