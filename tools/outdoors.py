"""Figures of things out of doors: vehicles, buildings, trees."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from tools.paints import (
    BLACK,
    GLASS,
    WHITE,
    dim,
    lacquer,
    leaf,
    tile,
    wall,
    wood,
)
from tools.solids import (
    Mesh,
    ball,
    box,
    frustum,
    join,
    mirrored,
    roof,
    rounded,
    slab,
    tube,
    turned,
    wheels,
)

LAMP = (0.95, 0.92, 0.75)


def airplane(rng: Generator) -> Mesh:
    """An airliner: engines under swept wings, windows along the body."""
    long, wide, span = rng.uniform(2.7, 3.1), rng.uniform(0.17, 0.2), rng.uniform(1.25, 1.45)
    coat, trim = dim(WHITE, rng.uniform(0.9, 1.05)), lacquer(rng)
    nose = [(0.02, 0), (0.45 * wide, 0.04 * long), (0.9 * wide, 0.11 * long), (wide, 0.2 * long)]
    tail = [(wide, 0.68 * long), (0.75 * wide, 0.84 * long), (0.2 * wide, long)]
    body = turned(*nose, *tail).spun(90, 2).moved(long / 2)
    wing = _fin(0.62, 0.2, span, 0.75).moved(0.32, -0.3 * wide)
    plane = _fin(0.3, 0.13, 0.5, 0.32).moved(0.36 - long / 2, 0.25 * wide)
    rudder = _fin(0.4, 0.2, 0.55, 0.35).spun(-90, 0).moved(0.42 - long / 2, 0.5 * wide)
    engine = turned((0.07, 0), (0.1, 0.08), (0.1, 0.28), (0.06, 0.38), sides=14).spun(90, 2)
    pods = mirrored(engine.moved(0.2, -0.3 * wide - 0.1, 0.45 * span)).painted(dim(coat, 0.8))
    panes = [
        box(0.045, 0.05, 0.02).moved(x, 0.03, 0.985 * wide) for x in np.arange(-0.6, 0.75, 0.1)
    ]
    cockpit = box(0.1, 0.05, 0.9 * wide).moved(long / 2 - 0.15, 0.45 * wide)
    dark = join(mirrored(join(*panes)), cockpit).painted(GLASS)
    skin_ = join(body, mirrored(join(wing, plane))).painted(coat)
    return join(skin_, rudder.painted(trim), pods, dark)


def _fin(root: float, tip: float, span: float, sweep: float) -> Mesh:
    """A wing along z from the origin, its leading edge along x swept back."""
    rim = np.array([[0, 0], [-sweep, span], [-sweep - tip, span], [-root, 0]])
    flat = slab(rim[::-1], 0.035)
    return flat._replace(vertices=flat.vertices[:, [0, 2, 1]] * [1, -1, 1])


def bus(rng: Generator) -> Mesh:
    """A town or school bus: a row of windows, doors, lights."""
    long, wide, high = rng.uniform(2.8, 3.3), rng.uniform(0.85, 0.95), rng.uniform(0.95, 1.1)
    coat, base = lacquer(rng), 0.2
    body = slab(rounded(long, high, 0.13), wide).moved(y=base).painted(coat)
    stripe = box(0.985 * long, 0.09, 1.005 * wide).moved(y=base + 0.36 * high)
    count, level = int(rng.integers(5, 7)), base + 0.52 * high
    pitch = 0.86 * long / count
    places = [pitch * (at - (count - 1) / 2) - 0.02 * long for at in range(count)]
    side = [box(0.8 * pitch, 0.33 * high, 1.01 * wide).moved(x, level) for x in places]
    front = box(0.02, 0.42 * high, 0.86 * wide).moved(long / 2, base + 0.45 * high)
    back = box(0.02, 0.3 * high, 0.8 * wide).moved(-long / 2, level)
    door = box(0.3, 0.68 * high, 0.02).moved(long / 2 - 0.32, base + 0.08, wide / 2)
    panes = join(*side, front, back, door).painted(GLASS)
    lights = mirrored(box(0.03, 0.1, 0.14).moved(long / 2, base + 0.14, 0.33 * wide)).painted(LAMP)
    bumper = box(long + 0.06, 0.08, wide).moved(y=base - 0.02).painted(BLACK)
    wheel = wheels(0.6 * long, wide + 0.02, 0.24)
    return join(body, stripe.painted(dim(coat, 0.6)), panes, lights, bumper, wheel)


def car(rng: Generator) -> Mesh:
    """A saloon or a hatchback."""
    long, wide, high = rng.uniform(2.4, 2.7), rng.uniform(0.95, 1.05), rng.uniform(0.36, 0.41)
    coat, hatch = lacquer(rng), rng.random() < 0.4
    end = long / 2
    rim = [(-end, 0.1), (-0.97 * end, 0), (0.97 * end, 0), (end, 0.12), (0.96 * end, 0.62 * high)]
    rim += [(0.35 * end, high), (-0.7 * end, high), (-end, 0.85 * high)]
    body = slab(rim, wide).moved(y=0.16)
    foot, tall = long * (0.62 if hatch else 0.54), rng.uniform(0.3, 0.35)
    back = -0.3 * end if hatch else -0.16 * end
    cabin = frustum((foot, 0.94 * wide), (0.6 * foot, 0.76 * wide), tall).moved(back, high + 0.14)
    lid = frustum((0.64 * foot, 0.78 * wide), (0.55 * foot, 0.7 * wide), 0.05)
    pillar = frustum((0.08, 0.96 * wide), (0.07, 0.78 * wide), tall).moved(back, high + 0.14)
    shell = join(body, lid.moved(back, high + 0.13 + tall), pillar).painted(coat)
    lights = mirrored(box(0.05, 0.09, 0.2).moved(0.97 * end, 0.3, 0.36 * wide)).painted(LAMP)
    rear = mirrored(box(0.05, 0.09, 0.2).moved(-0.985 * end, 0.34, 0.36 * wide)).painted(
        (0.6, 0.05, 0.05)
    )
    arch = turned((0.25, -wide / 2 - 0.005), (0.25, wide / 2 + 0.005)).lying(2).painted(BLACK)
    arches = mirrored(arch.moved(0.3 * long, 0.19), 0)
    sill = box(0.6 * long, 0.08, 1.01 * wide).moved(y=0.15).painted(dim(coat, 0.35))
    return join(
        shell,
        cabin.painted(GLASS),
        lights,
        rear,
        sill,
        arches,
        wheels(0.6 * long, wide + 0.03, 0.21),
    )


def helicopter(rng: Generator) -> Mesh:
    """A cabin with a glass nose, a boom, rotors and skids."""
    long, high, wide = rng.uniform(0.62, 0.72), rng.uniform(0.36, 0.42), rng.uniform(0.34, 0.4)
    coat, rear = lacquer(rng), rng.uniform(1.45, 1.7)
    pod = ball(1, sides=20).moved(y=-1)
    body = pod.sized(long, high, wide)
    nose = pod.sized(0.66 * long, 0.8 * high, 0.94 * wide).moved(0.4 * long, 0.03)
    boom = turned((0.15, 0), (0.05, rear), sides=12).spun(90, 2).moved(-0.3, 0.12)
    fin = slab([(0, 0), (0.22, 0), (0.05, 0.45), (-0.12, 0.45)], 0.04).moved(-0.35 - rear, 0.1)
    plane = box(0.16, 0.03, 0.6).moved(-0.1 - rear, 0.1)
    small = [box(0.04, 0.5, 0.02).moved(y=-0.25).spun(t, 2) for t in (30, 120)]
    mast = turned((0.07, high - 0.05), (0.05, high + 0.2), sides=12)
    turn, count = rng.uniform(0, 90), int(rng.integers(2, 5))
    blade = box(1.5, 0.025, 0.11).moved(0.75, high + 0.19)
    blades = [blade.spun(turn + 360 * at / count, 1) for at in range(count)]
    skid = tube(
        [[-0.5, -high - 0.2, 0.32], [0.45, -high - 0.2, 0.32], [0.62, -high - 0.12, 0.32]], 0.03
    )
    struts = [box(0.04, 0.34, 0.04).moved(x, -high - 0.2, 0.27) for x in (-0.25, 0.25)]
    dark = join(mast, *blades, mirrored(join(skid, *struts))).painted((0.2, 0.2, 0.22))
    rotor = join(*small).moved(-0.36 - rear, 0.36, 0.05).painted((0.2, 0.2, 0.22))
    shell = join(body, boom, fin, plane).painted(coat)
    return join(shell, nose.painted(GLASS), dark, rotor)


def house(rng: Generator) -> Mesh:
    """Walls under a tiled roof, a door, windows, a chimney."""
    long, wide, high = rng.uniform(1.6, 2.0), rng.uniform(1.2, 1.4), rng.uniform(0.8, 1.0)
    rise, plaster = rng.uniform(0.6, 0.8), wall(rng)
    body = join(box(long, high, wide), roof(long, rise, wide).moved(y=high)).painted(plaster)
    top = _tiles(long + 0.24, rise, wide).moved(y=high).painted(tile(rng))
    chimney = box(0.2, 0.55, 0.22).moved(0.3 * long, high + 0.5 * rise, -0.12)
    stack = chimney.painted((0.5, 0.3, 0.25))
    at = rng.choice([-0.5, 0.0, 0.5])
    door = box(0.3, 0.58, 0.04).moved(at * 0.6 * long, 0, wide / 2).painted(dim(wood(rng), 0.8))
    front = [x for x in (-0.32, 0.0, 0.32) if abs(x - at * 0.6) > 0.2]
    holes = [_window().moved(x * long, 0.32, wide / 2) for x in front]
    holes += [_window().spun(90, 1).moved(long / 2, 0.32, z * wide) for z in (-0.22, 0.22)]
    return join(body, top, stack, door, *holes)


def _tiles(long: float, rise: float, wide: float) -> Mesh:
    """Both slopes of a roof as boards that hang over the walls."""
    slope = float(np.hypot(rise, wide / 2)) + 0.16
    lean = float(np.rad2deg(np.arctan2(rise, wide / 2)))
    board = box(long, 0.06, slope).moved(0, 0, slope / 2).spun(lean, 0).moved(y=rise + 0.02)
    return join(board, board.sized(1, 1, -1))


def _window() -> Mesh:
    frame = box(0.3, 0.34, 0.05).painted(WHITE)
    panes = [box(0.11, 0.13, 0.07).moved(x, y) for x in (-0.065, 0.065) for y in (0.03, 0.18)]
    return join(frame, join(*panes).painted(GLASS))


def tree(rng: Generator) -> Mesh:
    """A trunk under a crown of round clumps, or a fir."""
    green, bark = leaf(rng), dim(wood(rng), 0.7)
    if rng.random() < 0.3:
        return _fir(rng, green, bark)
    high, wide = rng.uniform(0.8, 1.1), rng.uniform(0.6, 0.75)
    trunk = turned((0.17, 0), (0.1, 0.15), (0.08, high + 0.2), sides=12)
    boughs = [
        tube([[0, 0.7 * high, 0], [0.5 * s * wide, high + 0.35, 0.1 * s]], 0.05) for s in (-1, 1)
    ]
    clumps = [_clump(rng, 0.85 * wide).moved(y=high + 0.85 * wide)]
    for turn in np.arange(7) * (2 * np.pi / 7) + rng.uniform(0, 1):
        x, z = 0.62 * wide * np.cos(turn), 0.62 * wide * np.sin(turn)
        lift = high + wide * rng.uniform(0.35, 1.25)
        clumps.append(_clump(rng, wide * rng.uniform(0.45, 0.6)).moved(float(x), lift, float(z)))
    return join(join(trunk, *boughs).painted(bark), _mottled(join(*clumps).painted(green), rng))


def _clump(rng: Generator, radius: float) -> Mesh:
    """A ball of leaves around the origin, its surface uneven."""
    round_ = ball(radius, sides=14).moved(y=-radius)
    uneven = round_.vertices * rng.uniform(0.93, 1.07, (len(round_.vertices), 1))
    return round_._replace(vertices=uneven)


def _mottled(foliage: Mesh, rng: Generator) -> Mesh:
    """Leaves in many shades of one green."""
    shades = rng.uniform(0.75, 1.25, (len(foliage.faces), 1))
    return foliage._replace(colours=foliage.colours * shades)


def _fir(
    rng: Generator, green: tuple[float, float, float], bark: tuple[float, float, float]
) -> Mesh:
    high, wide, layers = 0.35, rng.uniform(0.6, 0.75), int(rng.integers(3, 6))
    rise = 1.9 / layers
    cones = [
        turned(
            (wide * (1 - at / (layers + 0.6)), high + rise * at), (0.02, high + rise * (at + 1.5))
        )
        for at in range(layers)
    ]
    trunk = turned((0.11, 0), (0.08, high + 0.1), sides=12).painted(bark)
    return join(trunk, _mottled(join(*cones).painted(green), rng))


def windmill(rng: Generator) -> Mesh:
    """A tower with a cap and four sails, facing the viewer."""
    low, top, high = rng.uniform(0.5, 0.58), rng.uniform(0.3, 0.36), rng.uniform(1.5, 1.8)
    sides = int(rng.choice([8, 24]))
    tower = turned((low, 0), (top, high), sides=sides).painted(wall(rng))
    cap = turned((1.15 * top, 0), (0.9 * top, 0.2), (0.02, rng.uniform(0.4, 0.5))).moved(y=high)
    door = box(0.24, 0.42, 0.1).moved(0, 0, low - 0.06).painted(dim(wood(rng), 0.7))
    pane = box(0.14, 0.2, 0.1).moved(0, 0.55 * high, low + 0.55 * (top - low) - 0.05).painted(GLASS)
    turn, reach = rng.uniform(0, 90), rng.uniform(1.1, 1.35)
    sails = [_sail(reach).spun(turn + 90 * at, 2) for at in range(4)]
    cross = join(*sails, turned((0.07, -0.2), (0.07, 0.08)).lying(2).painted(BLACK))
    return join(tower, cap.painted(tile(rng)), door, pane, cross.moved(0, high + 0.12, top + 0.2))


def _sail(reach: float) -> Mesh:
    """A sail up from the origin: a pole and a lattice on one side of it."""
    pole = box(0.06, reach, 0.04)
    cloth = box(0.26, 0.72 * reach, 0.015).moved(0.14, 0.25 * reach).painted(WHITE)
    rungs = [box(0.28, 0.025, 0.03).moved(0.13, reach * y) for y in np.linspace(0.26, 0.95, 6)]
    rim = box(0.03, 0.72 * reach, 0.03).moved(0.27, 0.25 * reach)
    return join(join(pole, rim, *rungs).painted((0.35, 0.25, 0.18)), cloth)
