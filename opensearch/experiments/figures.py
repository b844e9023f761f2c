"""Toy figures: makes of everyday things, each a little different, and what they are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.random import Generator

from opensearch.experiments.solids import (
    Mesh,
    ball,
    box,
    half_ball,
    join,
    legs,
    roof,
    turned,
    wheels,
)


def _airplane(rng: Generator) -> Mesh:
    long, wide, span = rng.uniform(1.9, 2.4), rng.uniform(0.16, 0.22), rng.uniform(1.8, 2.4)
    body = turned((0.05, -long / 2), (wide, 0.3 - long / 2), (wide, long / 3), (0.04, long / 2))
    wing = box(rng.uniform(0.35, 0.5), 0.06, span).moved(0.1)
    rudder = box(0.28, 0.5, 0.05).moved(0.16 - long / 2)
    return join(body.lying(0), wing, rudder, box(0.25, 0.05, 0.7).moved(0.16 - long / 2))


def _barrel(rng: Generator) -> Mesh:
    end, belly, high = rng.uniform(0.34, 0.42), rng.uniform(0.5, 0.58), rng.uniform(1.1, 1.4)
    hoops = [turned((belly, high * at), (belly, high * at + 0.08)) for at in (0.28, 0.66)]
    return join(turned((end, 0), (0.96 * belly, high / 2), (end, high)), *hoops)


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


def _boat(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.8, 2.3), rng.uniform(0.6, 0.8), rng.uniform(0.35, 0.45)
    hull = roof(long, high, wide)
    keel = Mesh(hull.vertices * [1, -1, 1] + [0, high, 0], hull.faces)
    mast = turned((0.04, high), (0.04, high + rng.uniform(1.1, 1.4)))
    sail = roof(rng.uniform(0.8, 1.0), 1.0, 0.06).moved(0.5, high + 0.15)
    return join(keel, mast, Mesh(sail.vertices * [0.8, 1, 1], sail.faces))


def _bottle(rng: Generator) -> Mesh:
    wide, high, neck = rng.uniform(0.24, 0.36), rng.uniform(0.8, 1.1), rng.uniform(0.08, 0.12)
    shoulder, top = high + rng.uniform(0.15, 0.4), high + rng.uniform(0.6, 0.8)
    rim = (neck + 0.03, top - 0.08), (neck + 0.03, top)
    return turned((wide, 0), (wide, high), (neck, shoulder), (neck, top - 0.08), *rim)


def _bus(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(2.4, 3.0), rng.uniform(0.85, 1.0), rng.uniform(0.8, 0.95)
    panes = [box(0.3, 0.3, 1.04 * wide).moved(long * at, 0.2 + high / 2) for at in _spread(4, 0.7)]
    return join(box(long, high, wide).moved(y=0.2), *panes, wheels(0.65 * long, wide, 0.22))


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


def _church(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.4, 1.8), rng.uniform(0.8, 1.0), rng.uniform(0.7, 0.9)
    side, tall = rng.uniform(0.5, 0.6), rng.uniform(1.4, 1.7)
    spire = turned((0.75 * side, tall), (0.01, tall + rng.uniform(0.6, 0.9)))
    front = join(box(side, tall, side), spire).moved(long / 2 + side / 3)
    return join(box(long, high, wide), roof(1.05 * long, 0.5, 1.1 * wide).moved(y=high), front)


def _cup(rng: Generator) -> Mesh:
    low, top, high = rng.uniform(0.3, 0.4), rng.uniform(0.42, 0.5), rng.uniform(0.65, 0.9)
    # The bowl is turned with an inner wall, so that it is seen to be hollow.
    bowl = turned((low, 0), (top, high), (0.88 * top, high), (0.88 * low, 0.08))
    reach = rng.uniform(0.22, 0.3)
    bars = [box(reach, 0.09, 0.09).moved(top + reach / 2 - 0.06, high * at) for at in (0.25, 0.75)]
    grip = box(0.09, high * 0.5 + 0.09, 0.09).moved(top + reach - 0.08, high * 0.25)
    return join(bowl, *bars, grip)


def _flower(rng: Generator) -> Mesh:
    high, petal = rng.uniform(1.1, 1.5), rng.uniform(0.2, 0.26)
    turns = np.arange(6) * (np.pi / 3)
    ring = [ball(petal, 0.5 * petal).moved(0.4 * np.cos(t), 0, 0.4 * np.sin(t)) for t in turns]
    head = join(ball(0.26, 0.3), *ring).lying(2).moved(0, high)
    leaf = ball(0.22, 0.08).moved(0.2, rng.uniform(0.35, 0.6))
    return join(turned((0.04, 0), (0.04, high)), leaf, head)


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


def _ladder(rng: Generator) -> Mesh:
    wide, high, count = rng.uniform(0.5, 0.7), rng.uniform(1.8, 2.4), int(rng.integers(5, 8))
    rungs = [box(wide, 0.06, 0.06).moved(0, high * (0.5 + at)) for at in _spread(count, 0.85)]
    return join(*(box(0.09, high, 0.09).moved(x) for x in (-wide / 2, wide / 2)), *rungs)


def _lamp(rng: Generator) -> Mesh:
    high, foot = rng.uniform(1.2, 1.7), rng.uniform(0.3, 0.4)
    low, top = rng.uniform(0.45, 0.6), rng.uniform(0.2, 0.3)
    shade = turned((low, high), (top, high + rng.uniform(0.4, 0.6)))
    return join(turned((foot, 0), (foot, 0.08), (0.04, 0.1), (0.04, high)), shade)


def _lighthouse(rng: Generator) -> Mesh:
    low, top, high = rng.uniform(0.4, 0.48), rng.uniform(0.26, 0.32), rng.uniform(1.5, 1.9)
    rail = turned((1.4 * top, high), (1.4 * top, high + 0.08))
    lantern = turned((0.7 * top, high + 0.08), (0.7 * top, high + 0.38))
    cap = turned((top, high + 0.38), (0.01, high + 0.7))
    return join(turned((low, 0), (top, high)), rail, lantern, cap, box(0.22, 0.4, 2 * low))


def _mushroom(rng: Generator) -> Mesh:
    stem, high, cap = rng.uniform(0.2, 0.28), rng.uniform(0.5, 0.75), rng.uniform(0.55, 0.7)
    dome = rng.uniform(0.35, 0.5)
    return join(turned((1.3 * stem, 0), (stem, high)), half_ball(cap, high, dome))


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


def _shelf(rng: Generator) -> Mesh:
    wide, high, deep = rng.uniform(0.8, 1.1), rng.uniform(1.5, 1.9), rng.uniform(0.3, 0.4)
    boards = [box(wide, 0.07, deep).moved(0, high * (0.5 + at)) for at in _spread(5, 0.95)]
    sides = [box(0.07, high + 0.04, deep).moved(x) for x in (-wide / 2, wide / 2)]
    return join(*boards, *sides, box(wide, high, 0.04).moved(0, 0, -deep / 2))


def _snowman(rng: Generator) -> Mesh:
    low, mid, top = rng.uniform(0.5, 0.6), rng.uniform(0.36, 0.44), rng.uniform(0.25, 0.31)
    head = 1.7 * (low + mid)
    nose = turned((0.07, 0), (0.005, 0.35)).lying(2).moved(0, head + top, 0.9 * top)
    hat = turned((1.3 * top, 0), (1.3 * top, 0.05), (0.7 * top, 0.06), (0.7 * top, 0.35))
    balls = join(ball(low), ball(mid).moved(y=1.7 * low), ball(top).moved(y=head))
    return join(balls, nose, hat.moved(y=head + 1.75 * top))


def _sofa(rng: Generator) -> Mesh:
    long, deep, high = rng.uniform(1.8, 2.3), rng.uniform(0.7, 0.85), rng.uniform(0.35, 0.45)
    back = box(long, rng.uniform(0.75, 0.9), 0.22).moved(0, 0.08, -deep / 2)
    arms = [box(0.2, high + 0.25, deep).moved(x, 0.08) for x in (-long / 2, long / 2)]
    return join(legs(long, 0.1, deep, 0.1), box(long, high, deep).moved(y=0.08), back, *arms)


def _stool(rng: Generator) -> Mesh:
    wide, high = rng.uniform(0.36, 0.46), rng.uniform(0.8, 1.15)
    seat = turned((wide, high), (wide, high + 0.12))
    return join(legs(1.35 * wide, high, 1.35 * wide, 0.09), seat)


def _sword(rng: Generator) -> Mesh:
    long, wide = rng.uniform(1.6, 2.0), rng.uniform(0.13, 0.18)
    blade = join(box(wide, long, 0.05).moved(y=0.5), roof(wide, 0.25, 0.05).moved(y=0.5 + long))
    guard = box(rng.uniform(0.5, 0.65), 0.09, 0.14).moved(y=0.42)
    return join(turned((0.06, 0), (0.06, 0.45)), ball(0.1), guard, blade)


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


def _umbrella(rng: Generator) -> Mesh:
    high, wide, dome = rng.uniform(1.1, 1.4), rng.uniform(0.75, 0.9), rng.uniform(0.3, 0.42)
    hook = join(box(0.2, 0.05, 0.05).moved(0.1), box(0.05, 0.15, 0.05).moved(0.2))
    return join(turned((0.03, 0), (0.03, high + dome + 0.12)), half_ball(wide, high, dome), hook)


def _vase(rng: Generator) -> Mesh:
    foot, belly, neck = rng.uniform(0.2, 0.26), rng.uniform(0.42, 0.52), rng.uniform(0.14, 0.2)
    high, lip = rng.uniform(1.0, 1.3), rng.uniform(0.26, 0.34)
    wall = (foot, 0), (belly, 0.45 * high), (neck, 0.82 * high), (lip, high)
    return turned(*wall, (0.9 * lip, high), (0.5 * neck, 0.8 * high))


def _wagon(rng: Generator) -> Mesh:
    long, wide, high = rng.uniform(1.5, 1.9), rng.uniform(0.8, 0.95), rng.uniform(0.3, 0.4)
    sides = [box(long, high, 0.07).moved(0, 0.35, z) for z in (-wide / 2, wide / 2)]
    ends = [box(0.07, high, wide).moved(x, 0.35) for x in (-long / 2, long / 2)]
    bar = box(0.7, 0.06, 0.06).moved(long / 2 + 0.35, 0.35)
    floor = box(long, 0.08, wide).moved(y=0.3)
    return join(floor, *sides, *ends, bar, wheels(0.7 * long, wide, rng.uniform(0.27, 0.33)))


def _spread(count: int, width: float) -> list[float]:
    """Places evenly around 0, from end to end `width` apart."""
    return [float(at) for at in np.linspace(-width / 2, width / 2, count)]


FIGURES: Final[dict[str, Callable[[Generator], Mesh]]] = {
    "airplane": _airplane,
    "barrel": _barrel,
    "bed": _bed,
    "bench": _bench,
    "boat": _boat,
    "bottle": _bottle,
    "bus": _bus,
    "car": _car,
    "chair": _chair,
    "church": _church,
    "cup": _cup,
    "flower": _flower,
    "hammer": _hammer,
    "house": _house,
    "ladder": _ladder,
    "lamp": _lamp,
    "lighthouse": _lighthouse,
    "mushroom": _mushroom,
    "rocket": _rocket,
    "shelf": _shelf,
    "snowman": _snowman,
    "sofa": _sofa,
    "stool": _stool,
    "sword": _sword,
    "table": _table,
    "tower": _tower,
    "tree": _tree,
    "truck": _truck,
    "umbrella": _umbrella,
    "vase": _vase,
    "wagon": _wagon,
}
"""Makes a thing of a category, its proportions drawn from the generator."""
