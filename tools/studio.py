"""Pictures of figures: lit, casting a shadow, before a room, a field or a plain backdrop."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tools.raster import Camera, Plane, aim, cover
from tools.solids import Mesh

_FINE: Final = 2  # pixels are averaged from this many along each side, for smooth edges
_CREASE: Final = np.cos(np.deg2rad(40))
_SHADOW_SIDE: Final = 256
_DEPTHS: Final = {"room": 1.6, "field": 60.0, "street": 60.0}
"""How far the ground of a scene reaches behind the figure, in halves of the picture."""


def photograph(mesh: Mesh, axes: Plane, scene: str, rng: Generator, side: int) -> NDArray[np.uint8]:
    """A picture (side, side, 3) of a figure.

    Args:
        mesh: what is shown.
        axes: of the camera, see `raster.looking`.
        scene: `room`, `field` or `street` (both with sky), `air` (sky alone), or `wall` (hung
            before one).
        rng: of light, backdrop, distance and grain.
        side: pixels.
    """
    fine = side * _FINE
    camera = aim(mesh.vertices, axes, float(rng.uniform(0.72, 0.92)))
    light = _light(camera, rng)
    shown, height = cover(mesh.vertices, mesh.faces, camera, fine)
    ground = float(mesh.vertices[:, 1].min())
    ground_at, floor = _floor(camera, ground, fine, scene)
    picture = _backdrop(scene, floor, ground_at, rng)
    y, x = np.indices(shown.shape) + 0.5
    hit = shown >= 0
    points = np.where(hit[..., None], camera.point(x, y, np.where(hit, height, 0), fine), ground_at)
    lit = _unshaded(mesh, points, light, camera)
    picture[floor] *= (0.55 + 0.45 * lit[floor])[:, None]
    picture[hit] = _lit(mesh, shown[hit], points[hit], lit[hit], light, camera)
    return _developed(picture, rng)


def _light(camera: Camera, rng: Generator) -> Plane:
    """Unit vector to the light: over one shoulder of the viewer, high."""
    across = rng.choice([-1, 1]) * rng.uniform(0.3, 0.9)
    light = across * camera.axes[0] + rng.uniform(0.4, 0.8) * camera.axes[2] + [0, 1.0, 0]
    return np.asarray(light / np.linalg.norm(light))


def _floor(camera: Camera, ground: float, side: int, scene: str) -> tuple[Plane, NDArray[np.bool_]]:
    """Where each pixel's ray meets the ground, (side, side, 3), and whether it is near."""
    y, x = np.indices((side, side)) + 0.5
    near, far = (camera.point(x, y, np.full(x.shape, h), side) for h in (0.0, -camera.half))
    fall = near[..., 1] - far[..., 1]
    steps = (near[..., 1] - ground) / np.where(np.abs(fall) < 1e-9, 1e-9, fall)
    points = near + steps[..., None] * (far - near)
    level = (points - camera.centre) @ (camera.axes[2] * [1, 0, 1])
    met = (fall > 1e-6) & (level > -_DEPTHS.get(scene, -np.inf) * camera.half)
    return np.where(met[..., None], points, 1e3), met


def _backdrop(scene: str, floor: NDArray[np.bool_], points: Plane, rng: Generator) -> Plane:
    """What is behind the figure, (side, side, 3)."""
    side = len(floor)
    rows = np.linspace(0, 1, side)[:, None, None]
    if scene not in ("room", "wall"):
        blue, pale = np.array([0.45, 0.62, 0.85]), np.array([0.85, 0.89, 0.93])
        sky = blue + (pale - blue) * np.clip(rows + rng.uniform(-0.2, 0.4), 0, 1)
        cloud = 0.6 * _clouds(side, rng, 30) + 0.4 * _clouds(side, rng, 10) - rng.uniform(0.2, 1)
        picture = sky + (0.96 - sky) * np.clip(0.7 * cloud, 0, 0.9)[..., None]
        _plant(picture, floor, rng)
    else:
        tone = np.clip(rng.uniform(0.6, 0.92) + rng.normal(0, 0.025, 3), 0, 1)
        picture = np.ones((side, side, 1)) * tone * (1.05 - 0.25 * rows)
        picture = picture * (1 + 0.03 * _clouds(side, rng, 30)[..., None])
    soil = _soil(scene, points, rng)
    picture[floor] = soil[floor]
    return np.asarray(picture)


def _plant(picture: Plane, floor: NDArray[np.bool_], rng: Generator) -> None:
    """Distant trees along the horizon, where there is one."""
    side = len(floor)
    horizon = np.where(floor.any(axis=0), floor.argmax(axis=0), 2 * side)
    crowns = rng.uniform(0.02, 0.1) * side * (1 + 0.35 * _clouds(side, rng, 9)[0])
    wood = np.arange(side)[:, None] > horizon - np.maximum(crowns, 1)
    green = np.array([0.25, 0.33, 0.2]) * rng.uniform(0.8, 1.3)
    picture[wood] = (green * (1 + 0.12 * _clouds(side, rng, 3)[..., None]))[wood]


def _soil(scene: str, points: Plane, rng: Generator) -> Plane:
    """Colours of the ground: grass, asphalt, boards or carpet."""
    side = len(points)
    grain = 0.4 * _clouds(side, rng, 1.5) + 0.6 * _clouds(side, rng, 14)
    if scene in ("field", "street"):
        tone = np.array([0.38, 0.46, 0.22] if scene == "field" else [0.5, 0.49, 0.48])
        return np.asarray(tone * (1 + 0.09 * grain[..., None]))
    tone = np.clip(np.array([0.6, 0.5, 0.4]) + rng.normal(0, 0.1) + rng.normal(0, 0.02, 3), 0, 1)
    if rng.random() < 0.5:
        return np.asarray(tone * (1 + 0.05 * grain[..., None]))
    boards = np.floor(points[..., 2] / 0.35)
    hues = 1 + 0.1 * np.sin(boards * 12.9898) + 0.05 * grain
    return np.asarray(tone * hues[..., None])


def _clouds(side: int, rng: Generator, wide: float) -> Plane:
    """A smooth random field of about unit spread, features `wide` pixels."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.normal(size=(side, side)), wide, mode="wrap")
    return np.asarray(field / field.std())


def _unshaded(mesh: Mesh, points: Plane, light: Plane, camera: Camera) -> Plane:
    """How much of the light reaches each pixel's point, 0..1: a shadow map, softened."""
    from scipy.ndimage import gaussian_filter

    right = np.cross([0.0, 1.0, 0.0], light)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(light, right), light])
    lamp = aim(mesh.vertices, axes, 0.98, away=np.inf)
    _, nearest = cover(mesh.vertices, mesh.faces, lamp, _SHADOW_SIDE)
    at, height = lamp.project(points.reshape(-1, 3), _SHADOW_SIDE)
    column, row = np.floor(at).astype(int).T
    within = ((at >= 0) & (at < _SHADOW_SIDE)).all(axis=1)
    covered = np.zeros(len(at), bool)
    covered[within] = nearest[row[within], column[within]] > height[within] + 0.03 * camera.half
    return np.asarray(gaussian_filter(1.0 - covered.reshape(points.shape[:2]), 2.0))


def _lit(
    mesh: Mesh, faces: NDArray[np.int64], points: Plane, lit: Plane, light: Plane, camera: Camera
) -> Plane:
    """Colours (n, 3) of points on faces, by lamp, sky and a little gloss."""
    normals = _normals(mesh, faces, points)
    eye = camera.centre + camera.axes[2] * camera.away - points
    eye /= np.linalg.norm(eye, axis=1, keepdims=True)
    normals = np.where((normals * eye).sum(axis=1, keepdims=True) < 0, -normals, normals)
    direct = np.clip(normals @ light, 0, 1) * lit
    ambient = 0.36 + 0.14 * normals[:, 1]
    halfway = eye + light
    halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
    gloss = 0.22 * np.clip((normals * halfway).sum(axis=1), 0, 1) ** 40 * lit
    return np.asarray(mesh.colours[faces] * (ambient + 0.72 * direct)[:, None] + gloss[:, None])


def _normals(mesh: Mesh, faces: NDArray[np.int64], points: Plane) -> Plane:
    """Unit normals (n, 3) at points on faces, smooth across edges that are no creases."""
    corners = mesh.vertices[mesh.faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.maximum(size, 1e-12)
    soft = np.repeat((flat * size)[:, None], 3, axis=1)
    order = np.argsort(mesh.faces.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(mesh.faces.ravel()))
    for group in np.split(order, ends[:-1]):
        own, place = group // 3, group % 3
        alike = flat[own] @ flat[own].T > _CREASE
        soft[own, place] = alike @ (flat[own] * size[own])
    share = _barycentric(corners[faces], points)
    mixed = np.einsum("nk,nkd->nd", share, soft[faces])
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12))


def _barycentric(corners: Plane, points: Plane) -> Plane:
    """Weights (n, 3) of the corners (n, 3, 3) at points (n, 3) near their planes."""
    a, b, at = (v - corners[:, 0] for v in (corners[:, 1], corners[:, 2], points))
    aa, ab, bb = ((u * v).sum(axis=1) for u, v in ((a, a), (a, b), (b, b)))
    pa, pb = (at * a).sum(axis=1), (at * b).sum(axis=1)
    area = np.maximum(aa * bb - ab * ab, 1e-18)
    second = np.clip((bb * pa - ab * pb) / area, 0, 1)
    third = np.clip((aa * pb - ab * pa) / area, 0, 1)
    return np.stack([np.clip(1 - second - third, 0, 1), second, third], axis=1)


def _developed(picture: Plane, rng: Generator) -> NDArray[np.uint8]:
    """Exposed, shrunk to its size, with grain, as bytes."""
    side = len(picture) // _FINE
    small = np.clip(picture, 0, 1).reshape(side, _FINE, side, _FINE, 3).mean(axis=(1, 3))
    cast = rng.uniform(0.9, 1.1) * (1 + rng.normal(0, 0.02, 3))
    grain = rng.normal(0, 0.012, (side, side, 1))
    return np.asarray((np.clip(small * cast + grain, 0, 1) * 255 + 0.5), np.uint8)
