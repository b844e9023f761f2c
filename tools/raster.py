"""A camera and a depth buffer: which face of a coloured mesh each pixel shows.

Rays of `opensearch.domains.shapes.render` do not say which face they met, nor do they know
perspective; pictures that look taken need both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]

_BACK = 5.0  # camera's distance from the middle, in radii of the figure: a moderate lens


@dataclass(frozen=True)
class Camera:
    """Where a figure is looked at from.

    Attributes:
        axes: shape (3, 3); rows are right, up and backward in the figure's coordinates.
        centre: shape (3,), the point looked at.
        away: the camera's distance from it; `inf` for parallel rays.
        middle: shape (2,), the picture's middle on the plane through the centre.
        half: half the picture's side on that plane.
    """

    axes: Plane
    centre: Plane
    away: float
    middle: Plane
    half: float

    def project(self, points: Plane, side: int) -> tuple[Plane, Plane]:
        """Pixels (n, 2), x right and y down, and heights (n,) towards the camera."""
        local = (points - self.centre) @ self.axes.T
        factor = 1.0 if np.isinf(self.away) else 1 / (1 - local[:, 2:] / self.away)
        flat = (local[:, :2] * factor - self.middle) / self.half
        return (flat * [1, -1] + 1) * side / 2, local[:, 2]

    def point(self, x: Plane, y: Plane, height: Plane, side: int) -> Plane:
        """The points (..., 3) that pixels show at given heights."""
        flat = (np.stack([x, y], -1) * 2 / side - 1) * [1, -1] * self.half + self.middle
        factor = 1.0 if np.isinf(self.away) else 1 - height[..., None] / self.away
        local = np.concatenate([flat * factor, height[..., None]], -1)
        return np.asarray(local @ self.axes + self.centre)


def aim(points: Plane, axes: Plane, fill: float, away: float = _BACK) -> Camera:
    """A camera that shows all points, (n, 3), filling a share `fill` of the longer side."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.linalg.norm(points - centre, axis=1).max())
    start = Camera(axes, centre, away * radius, np.zeros(2), 1.0)
    flat, _ = start.project(points, 2)
    flat = (flat - 1) * [1, -1]
    low, high = flat.min(axis=0), flat.max(axis=0)
    half = float((high - low).max()) / 2 / fill
    return Camera(axes, centre, away * radius, (low + high) / 2, half)


def looking(turn: float, lift: float, roll: float = 0.0) -> Plane:
    """Axes of a camera turned about the upright, lifted and rolled, all in degrees."""
    a, b, c = np.deg2rad([turn, lift, roll])
    backward = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    right = np.array([np.cos(a), 0.0, -np.sin(a)])
    up = np.cross(backward, right)
    return np.stack(
        [np.cos(c) * right + np.sin(c) * up, np.cos(c) * up - np.sin(c) * right, backward]
    )


def cover(
    points: Plane, faces: NDArray[np.int64], camera: Camera, side: int
) -> tuple[NDArray[np.int64], Plane]:
    """The nearest face at each pixel, shape (side, side), -1 for none, and its height there."""
    flat, height = camera.project(points, side)
    parallel = np.isinf(camera.away)
    # Of a plane seen in perspective not the height is linear in the picture, but its inverse.
    near = height if parallel else 1 / (1 - height / camera.away)
    shown = np.full((side, side), -1, np.int64)
    nearest = np.full((side, side), -np.inf)
    for number, face in enumerate(faces):
        _draw(flat[face], near[face], number, shown, nearest)
    return shown, nearest if parallel else camera.away * (1 - 1 / nearest)


def _draw(
    corners: Plane, near: Plane, number: int, shown: NDArray[np.int64], nearest: Plane
) -> None:
    """One face into the buffers, by barycentric coordinates of its box of pixels."""
    side = len(shown)
    low = np.clip(np.floor(corners.min(axis=0) - 0.5), 0, side).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + 0.5), 0, side).astype(int)
    (ax, ay), (bx, by), (cx, cy) = corners.tolist()
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if abs(area) < 1e-9 or (low >= high).any():
        return
    x = np.arange(low[0], high[0]) + 0.5
    y = (np.arange(low[1], high[1]) + 0.5)[:, None]
    second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    a, b, c = near.tolist()
    depth = a + second * (b - a) + third * (c - a)
    window = slice(low[1], high[1]), slice(low[0], high[0])
    inside = (second >= 0) & (third >= 0) & (second + third <= 1) & (depth > nearest[window])
    nearest[window][inside] = depth[inside]
    shown[window][inside] = number
