"""Solids that toy figures are put together from: boxes, turned parts and what is made of them.

Lengths are in no unit; y is up, x goes along and z across.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDES: Final = 10
"""Sides of a turned part."""


class Mesh(NamedTuple):
    """Triangles: vertices (n, 3) and faces (m, 3), rows of vertex numbers."""

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The same shape elsewhere."""
        return Mesh(np.add(self.vertices, (x, y, z)), self.faces)

    def lying(self, axis: int) -> Mesh:
        """The same shape with its upright laid along axis 0 (x) or 2 (z)."""
        return Mesh(np.roll(self.vertices, axis - 1, axis=1), self.faces)


def join(*parts: Mesh) -> Mesh:
    """Several shapes as one."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    faces = [part.faces + start for part, start in zip(parts, starts, strict=False)]
    return Mesh(np.concatenate([part.vertices for part in parts]), np.concatenate(faces))


def box(width: float, height: float, depth: float) -> Mesh:
    """A box standing on the origin: x width, y height, z depth."""
    ring = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, depth / 2]
    low, high = (np.insert(ring, 1, y, axis=1) for y in (0.0, height))
    return _skin(np.stack([low, high]))


def turned(*profile: tuple[float, float]) -> Mesh:
    """A part turned around the y axis, as on a lathe.

    Args:
        profile: (radius, height) from one end to the other; both ends are closed.
    """
    angles = np.arange(SIDES) * (2 * np.pi / SIDES)
    round_ = np.stack([np.cos(angles), np.zeros(SIDES), np.sin(angles)], axis=1)
    return _skin(np.stack([round_ * [r, 0, r] + [0, y, 0] for r, y in profile]))


def ball(radius: float, height: float | None = None) -> Mesh:
    """A ball standing on the origin, or an egg of another height."""
    tall = height or 2 * radius
    turns = np.linspace(-np.pi / 2, np.pi / 2, 6)
    rings = [(radius * float(np.cos(t)), tall * (1 + float(np.sin(t))) / 2) for t in turns]
    return turned(*rings)


def half_ball(radius: float, low: float, height: float) -> Mesh:
    """The upper half of a ball or egg, its flat side at height `low`."""
    turns = np.linspace(0, np.pi / 2 - 0.05, 5)
    return turned(*((radius * float(np.cos(t)), low + height * float(np.sin(t))) for t in turns))


def legs(width: float, height: float, depth: float, thick: float) -> Mesh:
    """Four legs under the corners of a board."""
    x, z = (width - thick) / 2, (depth - thick) / 2
    leg = box(thick, height, thick)
    return join(*(leg.moved(i * x, 0, j * z) for i in (-1, 1) for j in (-1, 1)))


def wheels(length: float, width: float, radius: float) -> Mesh:
    """Four wheels of a car, standing on the ground."""
    wheel = turned((radius, -0.08), (radius, 0.08)).lying(2).moved(y=radius)
    at = [(i * length / 2, j * width / 2) for i in (-1, 1) for j in (-1, 1)]
    return join(*(wheel.moved(x, 0, z) for x, z in at))


def roof(width: float, height: float, depth: float) -> Mesh:
    """A roof with a ridge along x."""
    eaves = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, depth / 2]
    low, high = np.insert(eaves, 1, 0, axis=1), np.insert(eaves * [1, 0.001], 1, height, axis=1)
    return _skin(np.stack([low, high]))


def _skin(rings: NDArray[np.float64]) -> Mesh:
    """Rings of points (r, n, 3) joined to their neighbours, the first and last one closed."""
    count, n = rings.shape[:2]
    here = np.arange(n)
    beside = (here + 1) % n
    faces = []
    for start in range(0, (count - 1) * n, n):
        a, b = here + start, beside + start
        faces += [np.stack([a, a + n, b], 1), np.stack([b, a + n, b + n], 1)]
    fan = np.stack([np.zeros(n - 2, np.int64), here[1:-1], here[2:]], 1)
    faces += [fan, fan[:, ::-1] + (count - 1) * n]
    return Mesh(rings.reshape(-1, 3), np.concatenate(faces))
