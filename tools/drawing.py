"""Sketches of figures: outlines, creases and seams of colour, from an unsteady hand."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from opensearch.domains.shapes.lines import edge_map
from opensearch.domains.shapes.render import Maps
from tools.raster import Camera, Plane, aim, cover
from tools.solids import Mesh

_FINE: Final = 3  # lines are found on this many pixels along each side of one
_SEAM: Final = 0.06  # of a channel's range
_SHORTEST: Final = 0.04  # of the side
_LOOSEST: Final = 0.02  # of the side: how far a hand strays


def draw(mesh: Mesh, axes: Plane, rng: Generator, side: int) -> NDArray[np.uint8]:
    """A line drawing (side, side, 3), black on white.

    Args:
        mesh: what is drawn.
        axes: of the camera, see `raster.looking`.
        rng: of the hand and its pen.
        side: pixels.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    fine = side * _FINE
    camera = aim(mesh.vertices, axes, float(rng.uniform(0.8, 0.9)))
    lines = _lines(mesh, camera, fine)
    pen = float(rng.uniform(0.007, 0.014)) * fine
    near = gaussian_filter(_widened(lines, pen), 0.35 * pen) > 0.45
    here = np.indices(near.shape)
    reach = _LOOSEST * fine * rng.uniform(0.4, 1)
    strayed = [here[axis] + reach * _waves(fine, rng, 4) for axis in (0, 1)]
    ink = map_coordinates(near.astype(np.float32), strayed, order=1)
    small = ink.reshape(side, _FINE, side, _FINE).mean(axis=(1, 3))
    page = 255 * (1 - small * rng.uniform(0.75, 1.0))
    return np.repeat((page + 0.5).astype(np.uint8)[..., None], 3, axis=2)


def _lines(mesh: Mesh, camera: Camera, side: int) -> NDArray[np.bool_]:
    """Pixels, (side, side), that a person would draw a line through."""
    shown, height = cover(mesh.vertices, mesh.faces, camera, side)
    corners = mesh.vertices[mesh.faces] @ camera.axes.T
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    normals = np.where(normals[:, 2:] < 0, -normals, normals)
    hit = shown >= 0
    maps = Maps(
        hit=hit,
        depth=np.where(hit, height, 0).astype(np.float32),
        normal=np.where(hit[..., None], normals[shown], 0).astype(np.float32),
        step=2 * camera.half / side,
    )
    hues = mesh.colours / mesh.colours.max(axis=1, keepdims=True)
    return _without_dots(edge_map(maps) | _seams(np.where(hit[..., None], hues[shown], 0)))


def _seams(hues: Plane) -> NDArray[np.bool_]:
    """Pixels where one hue meets another, such as the rim of a window; shades do not count."""
    seams = np.zeros(hues.shape[:2], bool)
    seams[:, :-1] |= np.abs(np.diff(hues, axis=1)).max(axis=2) > _SEAM
    seams[:-1] |= np.abs(np.diff(hues, axis=0)).max(axis=2) > _SEAM
    return seams


def _without_dots(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without lines so short that no hand would draw them."""
    from scipy.ndimage import label

    parts, _ = label(lines, structure=np.ones((3, 3)))
    long = np.bincount(parts.ravel()) >= _SHORTEST * len(lines)
    long[0] = False
    return np.asarray(long[parts])


def _widened(lines: NDArray[np.bool_], pen: float) -> Plane:
    """Everything within half a pen's width of a line, as 0 and 1."""
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~lines) <= pen / 2, float)


def _waves(side: int, rng: Generator, fastest: float) -> Plane:
    """A smooth random field in -1..1, (side, side), of up to `fastest` waves a side."""
    y, x = np.indices((side, side)) * (2 * np.pi / side)
    down, across, phase = rng.uniform(-1, 1, (3, 4)) * [[fastest], [fastest], [np.pi]]
    parts = [np.sin(d * y + a * x + p) for d, a, p in zip(down, across, phase, strict=True)]
    return np.asarray(np.mean(parts, axis=0))
