"""Toy shapes: everyday things put together from boxes and turned parts, each a little different.

Lengths are in no unit; y is up and x is the long side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SIDES: Final = 14
"""Sides of a turned part."""


class Mesh(NamedTuple):
    """Triangles: vertices (n, 3) and faces (m, 3), rows of vertex numbers."""

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The same shape elsewhere."""
        return Mesh(self.vertices + [x, y, z], self.faces)

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
    turns = np.linspace(-np.pi / 2, np.pi / 2, 7)
    rings = [(radius * float(np.cos(t)), tall * (1 + float(np.sin(t))) / 2) for t in turns]
    return turned(*rings)


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


def _bed(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.9, 2.4), rng.uniform(0.9, 1.5), rng.uniform(0.2, 0.35)
    head = box(0.1, rng.uniform(0.8, 1.1), wide).moved(-long / 2)
    foot = box(0.1, rng.uniform(0.45, 0.6), wide).moved(long / 2)
    pillow = box(0.4, 0.12, 0.7 * wide).moved(0.3 - long / 2, high + 0.2)
    return join(legs(long, high, wide, 0.1), box(long, 0.2, wide).moved(y=high), head, foot, pillow)


def _bench(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.8, 2.5), rng.uniform(0.5, 0.65), rng.uniform(0.45, 0.6)
    back = box(long, rng.uniform(0.45, 0.65), 0.08).moved(0, high + 0.08, -wide / 2)
    return join(legs(long, high, wide, 0.12), box(long, 0.1, wide).moved(y=high), back)


def _bottle(rng: Generator) -> Mesh:
    wide, high, neck = rng.uniform(0.24, 0.36), rng.uniform(0.8, 1.1), rng.uniform(0.08, 0.12)
    shoulder, top = high + rng.uniform(0.15, 0.4), high + rng.uniform(0.6, 0.8)
    rim = (neck + 0.03, top - 0.08), (neck + 0.03, top)
    return turned((wide, 0), (wide, high), (neck, shoulder), (neck, top - 0.08), *rim)


def _car(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(2.0, 2.5), rng.uniform(0.9, 1.05), rng.uniform(0.35, 0.45)
    body = box(long, high, wide).moved(y=0.2)
    cabin = box(long * rng.uniform(0.45, 0.55), rng.uniform(0.3, 0.42), 0.85 * wide)
    place = cabin.moved(rng.uniform(-0.25, 0.0), high + 0.2)
    return join(body, place, wheels(0.62 * long, wide, rng.uniform(0.22, 0.28)))


def _chair(rng: Generator) -> Mesh:
    wide, deep, high = rng.uniform(0.7, 0.95), rng.uniform(0.7, 0.9), rng.uniform(0.65, 0.85)
    back = box(wide, rng.uniform(0.75, 1.1), 0.1).moved(0, high + 0.1, -deep / 2)
    return join(legs(wide, high, deep, 0.1), box(wide, 0.1, deep).moved(y=high), back)


def _cup(rng: Generator) -> Mesh:
    low, top, high = rng.uniform(0.3, 0.4), rng.uniform(0.42, 0.5), rng.uniform(0.65, 0.9)
    # The bowl is turned with an inner wall, so that it is seen to be hollow.
    bowl = turned((low, 0), (top, high), (0.88 * top, high), (0.88 * low, 0.08))
    reach = rng.uniform(0.22, 0.3)
    bars = [box(reach, 0.09, 0.09).moved(top + reach / 2 - 0.06, high * at) for at in (0.25, 0.75)]
    grip = box(0.09, high * 0.5 + 0.09, 0.09).moved(top + reach - 0.08, high * 0.25)
    return join(bowl, *bars, grip)


def _hammer(rng: Generator) -> Mesh:
    long, thick = rng.uniform(1.5, 2.0), rng.uniform(0.05, 0.08)
    head, wide = rng.uniform(0.7, 0.95), rng.uniform(0.2, 0.28)
    grip = turned((1.5 * thick, 0), (1.5 * thick, 0.5), (thick, 0.6), (thick, long))
    return join(grip, box(head, wide, wide).moved(rng.uniform(-0.06, 0.06), long - 0.05))


def _house(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.4, 1.9), rng.uniform(1.1, 1.4), rng.uniform(0.7, 1.0)
    top = roof(1.12 * long, rng.uniform(0.5, 0.75), 1.15 * wide).moved(y=high)
    chimney = box(0.2, 0.6, 0.2).moved(rng.uniform(0.3, 0.5), high + 0.2, 0.2)
    door = box(0.32, 0.55, 0.06).moved(rng.uniform(-0.3, 0.3), 0, wide / 2 + 0.03)
    return join(box(long, high, wide), top, chimney, door)


def _lamp(rng: Generator) -> Mesh:
    high, foot = rng.uniform(1.2, 1.7), rng.uniform(0.3, 0.4)
    low, top = rng.uniform(0.45, 0.6), rng.uniform(0.2, 0.3)
    shade = turned((low, high), (top, high + rng.uniform(0.4, 0.6)))
    return join(turned((foot, 0), (foot, 0.08), (0.04, 0.1), (0.04, high)), shade)


def _mushroom(rng: Generator) -> Mesh:
    stem, high, cap = rng.uniform(0.13, 0.2), rng.uniform(0.6, 0.9), rng.uniform(0.55, 0.7)
    dome = rng.uniform(0.35, 0.5)
    turns = np.linspace(0, np.pi / 2 - 0.05, 5)
    rings = [(cap * float(np.cos(t)), high + dome * float(np.sin(t))) for t in turns]
    return join(turned((1.3 * stem, 0), (stem, high)), turned(*rings))


def _rocket(rng: Generator) -> Mesh:
    wide, high = rng.uniform(0.24, 0.32), rng.uniform(1.3, 1.7)
    tip = high + rng.uniform(0.45, 0.6)
    body = turned(
        (0.8 * wide, 0.15), (wide, 0.5), (wide, high), (0.6 * wide, high + 0.3), (0.01, tip)
    )
    fin = box(rng.uniform(0.35, 0.45), rng.uniform(0.5, 0.6), 0.06).moved(wide + 0.12)
    across = Mesh(fin.vertices[:, [2, 1, 0]], fin.faces)
    mirrored = [Mesh(part.vertices * [-1, 1, -1], part.faces) for part in (fin, across)]
    return join(body, fin, across, *mirrored)


def _snowman(rng: Generator) -> Mesh:
    low, mid, top = rng.uniform(0.5, 0.6), rng.uniform(0.36, 0.44), rng.uniform(0.25, 0.31)
    head = 1.7 * (low + mid)
    nose = turned((0.07, 0), (0.005, 0.35)).lying(2).moved(0, head + top, 0.9 * top)
    hat = turned((1.3 * top, 0), (1.3 * top, 0.05), (0.7 * top, 0.06), (0.7 * top, 0.35))
    balls = join(ball(low), ball(mid).moved(y=1.7 * low), ball(top).moved(y=head))
    return join(balls, nose, hat.moved(y=head + 1.75 * top))


def _table(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.4, 2.0), rng.uniform(0.9, 1.2), rng.uniform(0.8, 1.0)
    return join(legs(0.92 * long, high, 0.9 * wide, 0.1), box(long, 0.1, wide).moved(y=high))


def _tower(rng: Generator) -> Mesh:
    wide, high = rng.uniform(0.55, 0.7), rng.uniform(1.5, 2.0)
    ledge = box(1.2 * wide, 0.12, 1.2 * wide).moved(y=high)
    spike = turned((0.75 * wide, high + 0.12), (0.01, high + rng.uniform(0.6, 0.9)))
    door = box(0.25, 0.45, 0.06).moved(0, 0, wide / 2 + 0.03)
    return join(box(wide, high, wide), ledge, spike, door)


def _tree(rng: Generator) -> Mesh:
    high, wide, layers = rng.uniform(0.35, 0.5), rng.uniform(0.6, 0.8), int(rng.integers(2, 4))
    cones = [
        turned((wide * (1 - 0.22 * at), high + 0.45 * at), (0.01, high + 0.45 * at + 0.75))
        for at in range(layers)
    ]
    return join(turned((0.12, 0), (0.1, high + 0.1)), *cones)


def _truck(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.7, 2.2), rng.uniform(0.9, 1.05), rng.uniform(0.9, 1.15)
    cabin = box(0.6, rng.uniform(0.6, 0.75), wide).moved(long / 2 + 0.34, 0.22)
    floor = box(long + 0.6, 0.1, 0.8 * wide).moved(0.3, 0.2)
    load = box(long, high, wide).moved(y=0.3)
    return join(load, floor, cabin, wheels(0.75 * long + 0.5, wide, 0.25).moved(0.3))


FIGURES: Final[dict[str, Callable[[Generator], Mesh]]] = {
    "bed": _bed,
    "bench": _bench,
    "bottle": _bottle,
    "car": _car,
    "chair": _chair,
    "cup": _cup,
    "hammer": _hammer,
    "house": _house,
    "lamp": _lamp,
    "mushroom": _mushroom,
    "rocket": _rocket,
    "snowman": _snowman,
    "table": _table,
    "tower": _tower,
    "tree": _tree,
    "truck": _truck,
}
"""Makes a thing of a category, its proportions drawn from the generator."""

ATTRIBUTES: Final[dict[str, str]] = {
    "bed": "legs back flat_top long low boxy for_people",
    "bench": "legs back flat_top long boxy seat for_people",
    "bottle": "round tall narrow_top holds_things kitchen",
    "car": "wheels long low boxy drives for_people",
    "chair": "legs back flat_top boxy seat for_people",
    "cup": "round low handle holds_things kitchen",
    "hammer": "tall stem top_heavy handle",
    "house": "roof big boxy building for_people",
    "lamp": "round tall stem top_heavy foot",
    "mushroom": "round low stem top_heavy grows",
    "rocket": "round tall pointed narrow_top drives",
    "snowman": "round tall balls narrow_top outdoors",
    "table": "legs flat_top long boxy",
    "tower": "tall pointed roof big boxy building",
    "tree": "round tall pointed stem grows outdoors",
    "truck": "wheels long big boxy drives holds_things",
}
"""What a person would say of each category; only looks and uses, no measurement of files."""
