"""Solids that figures are put together from: boxes, turned parts, tubes, slabs.

Lengths are in no unit; y is up, x goes along and z across, towards the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIDES: Final = 24
"""Sides of a turned part."""
GREY: Final = (0.6, 0.6, 0.6)

Colour = Sequence[float]
Points = NDArray[np.float64]


class Mesh(NamedTuple):
    """Triangles: vertices (n, 3), faces (m, 3) of vertex numbers, colours (m, 3) in 0..1."""

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    colours: NDArray[np.float64]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The same shape elsewhere."""
        return self._replace(vertices=np.add(self.vertices, (x, y, z)))

    def sized(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Mesh:
        """The shape stretched from the origin; a negative factor mirrors it."""
        return self._replace(vertices=self.vertices * [x, y, z])

    def spun(self, degrees: float, axis: int) -> Mesh:
        """The shape turned about axis 0 (x), 1 (y) or 2 (z)."""
        a, b = (axis + 1) % 3, (axis + 2) % 3
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        turn = np.eye(3)
        turn[[a, a, b, b], [a, b, a, b]] = cos, -sin, sin, cos
        return self._replace(vertices=self.vertices @ turn.T)

    def lying(self, axis: int) -> Mesh:
        """The same shape with its upright laid along axis 0 (x) or 2 (z)."""
        return self._replace(vertices=np.roll(self.vertices, axis - 1, axis=1))

    def painted(self, colour: Colour) -> Mesh:
        """The shape in one colour, sRGB in 0..1."""
        return self._replace(colours=np.tile(np.asarray(colour, float), (len(self.faces), 1)))


def join(*parts: Mesh) -> Mesh:
    """Several shapes as one."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    faces = [part.faces + start for part, start in zip(parts, starts, strict=False)]
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(faces),
        np.concatenate([part.colours for part in parts]),
    )


def mirrored(part: Mesh, axis: int = 2) -> Mesh:
    """A part and its image on the other side of the origin."""
    flip = [1.0, 1.0, 1.0]
    flip[axis] = -1.0
    return join(part, part.sized(*flip))


def box(width: float, height: float, depth: float) -> Mesh:
    """A box standing on the origin: x width, y height, z depth."""
    return frustum((width, depth), (width, depth), height)


def frustum(
    low: tuple[float, float], top: tuple[float, float], height: float, shift: float = 0.0
) -> Mesh:
    """A box whose top differs from its foot, standing on the origin.

    Args:
        low: width (x) and depth (z) of the foot.
        top: those of the top.
        height: y of the top.
        shift: x of the top's middle.
    """
    corners = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]]) / 2
    rings = [
        np.insert(corners * size + [at, 0], 1, y, axis=1)
        for size, y, at in ((low, 0.0, 0.0), (top, height, shift))
    ]
    return skin(np.stack(rings))


def turned(*profile: tuple[float, float], sides: int = SIDES) -> Mesh:
    """A part turned around the y axis, as on a lathe.

    Args:
        profile: (radius, height) from the foot up; both ends are closed.
        sides: of the ring.
    """
    angles = np.arange(sides) * (2 * np.pi / sides)
    ring = np.stack([np.cos(angles), np.zeros(sides), -np.sin(angles)], axis=1)
    return skin(np.stack([ring * [r, 0, r] + [0, y, 0] for r, y in profile]))


def ball(radius: float, height: float | None = None, sides: int = 16) -> Mesh:
    """A ball standing on the origin, or an egg of another height."""
    tall = height or 2 * radius
    turns = np.linspace(-np.pi / 2 + 0.1, np.pi / 2 - 0.1, sides // 2 + 1)
    rings = [(radius * float(np.cos(t)), tall * (1 + float(np.sin(t))) / 2) for t in turns]
    return turned(*rings, sides=sides)


def smooth(corners: Sequence[tuple[float, float]], steps: int = 16) -> list[tuple[float, float]]:
    """Points along a curve through all corners, for `turned` and `slab`."""
    from scipy.interpolate import PchipInterpolator

    at = np.linspace(0, 1, len(corners))
    curve = PchipInterpolator(at, np.asarray(corners, float))
    return [(float(x), float(y)) for x, y in curve(np.linspace(0, 1, steps))]


def slab(outline: ArrayLike, thick: float) -> Mesh:
    """A flat outline in x and y made thick along z, in the middle of the origin.

    Args:
        outline: shape (n, 2), anticlockwise, every point in sight of the mean of all.
        thick: extent along z.
    """
    flat = np.asarray(outline, float)
    rings = [np.insert(flat, 2, z, axis=1) for z in (-thick / 2, thick / 2)]
    return skin(np.stack(rings))


def tube(path: ArrayLike, radius: float, sides: int = 8) -> Mesh:
    """A round bar along a path.

    Args:
        path: shape (n, 3), n at least 2, without sharp corners.
        radius: of the bar.
        sides: of its section.
    """
    points = np.asarray(path, float)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    aside = np.cross(along, _normal(points))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    over = np.cross(aside, along)
    angles = np.arange(sides) * (2 * np.pi / sides)
    ring = np.cos(angles)[:, None, None] * aside + np.sin(angles)[:, None, None] * over
    return skin(points[:, None] + radius * ring.transpose(1, 0, 2))


def _normal(points: Points) -> NDArray[np.float64]:
    """A unit normal of the plane that points (n, 3) lie in; of a line, one of many.

    Which of them, and its sign, is settled here: an SVD leaves both to the machine.
    """
    _, spread, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=True)
    normal = axes[2]
    if len(points) < 3 or spread[1] < 1e-6 * spread[0]:
        normal = np.cross(axes[0], np.eye(3)[np.abs(axes[0]).argmin()])
        normal /= np.linalg.norm(normal)
    return np.asarray(normal * np.sign(normal[np.abs(normal).argmax()]), dtype=np.float64)


def arc(centre: tuple[float, float], radii: tuple[float, float], degrees: ArrayLike) -> Points:
    """Points on an ellipse in the plane z = 0, shape (n, 3), at the angles given."""
    turn = np.deg2rad(np.asarray(degrees, float))
    x, y = centre[0] + radii[0] * np.cos(turn), centre[1] + radii[1] * np.sin(turn)
    return np.stack([x, y, np.zeros_like(turn)], axis=1)


def rounded(width: float, height: float, radius: float) -> Points:
    """Outline of a rectangle with round corners, standing on the origin, shape (n, 2)."""
    x, low, top = width / 2 - radius, radius, height - radius
    corners = ((x, low, -90), (x, top, 0), (-x, top, 90), (-x, low, 180))
    parts = [arc((a, b), (radius, radius), np.linspace(t, t + 90, 4)) for a, b, t in corners]
    return np.concatenate(parts)[:, :2]


def legs(width: float, height: float, depth: float, thick: float, taper: float = 1.0) -> Mesh:
    """Four legs under the corners of a board, thinner at the foot by `taper`."""
    x, z = (width - thick) / 2, (depth - thick) / 2
    leg = frustum((thick * taper, thick * taper), (thick, thick), height)
    return join(*(leg.moved(i * x, 0, j * z) for i in (-1, 1) for j in (-1, 1)))


def wheels(length: float, width: float, radius: float) -> Mesh:
    """Four wheels standing on the ground, tyres and hubs, flush with a car of that width."""
    wide = 0.35 * radius
    tyre = turned((radius, -wide), (radius, wide), sides=20).painted((0.12, 0.12, 0.13))
    hub = turned((0.55 * radius, -1.1 * wide), (0.55 * radius, 1.1 * wide), sides=12)
    wheel = join(tyre, hub.painted((0.7, 0.7, 0.72))).lying(2).moved(y=radius)
    at = [(i * length / 2, j * (width / 2 - wide)) for i in (-1, 1) for j in (-1, 1)]
    return join(*(wheel.moved(x, 0, z) for x, z in at))


def roof(width: float, height: float, depth: float) -> Mesh:
    """A roof with a ridge along x."""
    return frustum((width, depth), (width, 0.002 * depth), height)


def skin(rings: Points) -> Mesh:
    """Rings of points (r, n, 3) joined to their neighbours, the first and last one closed.

    Each end is closed by a fan around its own middle, so that a ring may be hollow there.
    """
    count, n = rings.shape[:2]
    here = np.arange(n)
    beside = (here + 1) % n
    faces = []
    for start in range(0, (count - 1) * n, n):
        a, b = here + start, beside + start
        faces += [np.stack([a, b, a + n], 1), np.stack([b, b + n, a + n], 1)]
    ends = np.stack([rings[0].mean(axis=0), rings[-1].mean(axis=0)])
    middle, last = np.full(n, count * n), (count - 1) * n
    faces += [np.stack([middle, beside, here], 1)]
    faces += [np.stack([middle + 1, here + last, beside + last], 1)]
    vertices = np.concatenate([rings.reshape(-1, 3), ends])
    joined = np.concatenate(faces)
    return Mesh(vertices, joined, np.tile(np.asarray(GREY), (len(joined), 1)))
