"""Figures of things in a house: furniture, tableware, and what hangs on a wall."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from tools.paints import (
    BLACK,
    GOLD,
    STEEL,
    WHITE,
    bottle_glass,
    cloth,
    dim,
    glaze,
    wood,
)
from tools.solids import (
    Mesh,
    arc,
    ball,
    box,
    frustum,
    join,
    legs,
    mirrored,
    rounded,
    slab,
    smooth,
    tube,
    turned,
)


def bed(rng: Generator) -> Mesh:
    """Frame, mattress, blanket turned down, one or two pillows."""
    long, wide, high = rng.uniform(2.0, 2.3), rng.uniform(1.0, 1.7), rng.uniform(0.25, 0.35)
    timber, blanket = wood(rng), cloth(rng)
    head = box(0.09, high + rng.uniform(0.5, 0.8), wide + 0.08).moved(-long / 2)
    foot = box(0.07, high + rng.uniform(0.05, 0.3), wide + 0.08).moved(long / 2)
    frame = join(head, foot, box(long, 0.16, wide).moved(y=high - 0.14))
    base = join(frame, legs(long, high, wide, 0.1)).painted(timber)
    mattress = slab(rounded(long - 0.06, 0.3, 0.08), wide - 0.04).moved(y=high).painted(WHITE)
    reach = long * rng.uniform(0.62, 0.72)
    cover = slab(rounded(reach, 0.42, 0.06), wide + 0.03).moved((long - reach) / 2 - 0.04)
    fold = slab(rounded(0.26, 0.3, 0.05), wide + 0.04).moved(long / 2 - reach, high + 0.03)
    count = 2 if wide > 1.3 else 1
    pillow = ball(1, 0.5).sized(0.24, 0.46, 0.44 * wide / count).spun(-25, 2)
    place = pillow.moved(0.3 - long / 2, high + 0.3)
    pillows = [place.moved(z=wide / 2 * (at - (count - 1) / 2)) for at in range(count)]
    linen = join(fold, *pillows).painted(dim(WHITE, 0.97))
    spread = cover.moved(y=high - 0.09).painted(blanket)
    return join(base, mattress, spread, linen).spun(-90, 1)


def bottle(rng: Generator) -> Mesh:
    """Glass with a label and a cap."""
    wide, high, neck = rng.uniform(0.3, 0.38), rng.uniform(0.95, 1.25), rng.uniform(0.1, 0.13)
    top = high + rng.uniform(0.75, 0.95)
    shoulder = [(wide, high), (0.92 * wide, high + 0.12), (neck, top - 0.4), (neck, top - 0.12)]
    glass = turned((0.9 * wide, 0), (wide, 0.05), *smooth(shoulder, 9)).painted(bottle_glass(rng))
    low = rng.uniform(0.2, 0.35)
    label = turned((1.01 * wide, low * high), (1.01 * wide, high * rng.uniform(0.75, 0.9)))
    cap = turned((neck + 0.02, top - 0.13), (neck + 0.02, top), sides=16)
    paper = label.painted(dim(WHITE, rng.uniform(0.8, 1.0)))
    return join(glass, paper, cap.painted(GOLD if rng.random() < 0.5 else BLACK))


def chair(rng: Generator) -> Mesh:
    """Four legs, a seat, and a back of slats, rails or one board."""
    wide, deep, high = rng.uniform(0.8, 0.95), rng.uniform(0.78, 0.9), rng.uniform(0.8, 0.95)
    tall, timber = rng.uniform(0.85, 1.1), wood(rng)
    posts = mirrored(box(0.08, tall, 0.08).moved(wide / 2 - 0.04), 0)
    kind = rng.integers(3)
    if kind == 0:
        bars = [box(wide, 0.13, 0.05).moved(y=tall * at) for at in (0.35, 0.6, 0.87)]
    elif kind == 1:
        slats = [box(0.06, tall - 0.1, 0.04).moved(x) for x in np.linspace(-0.25, 0.25, 4) * wide]
        bars = [box(wide, 0.12, 0.06).moved(y=tall - 0.12), *slats]
    else:
        bars = [box(0.94 * wide, 0.62 * tall, 0.06).moved(y=0.36 * tall)]
    back = join(posts, *bars).spun(-6, 0).moved(0, high + 0.06, 0.05 - deep / 2)
    seat = box(wide + 0.04, 0.09, deep + 0.04).moved(y=high)
    frame = join(legs(wide, high, deep, 0.09, 0.75), back).painted(timber)
    return join(frame, seat.painted(cloth(rng) if rng.random() < 0.5 else timber))


def cup(rng: Generator) -> Mesh:
    """A mug or a tea cup with a handle, coffee in it, some on a saucer."""
    low, top, high = rng.uniform(0.36, 0.42), rng.uniform(0.42, 0.47), rng.uniform(0.8, 0.95)
    saucer = rng.random() < 0.4
    if saucer:
        low, top, high = 0.22, rng.uniform(0.5, 0.56), rng.uniform(0.55, 0.65)
    bulge = 0.5 * (low + top) + (0.1 if saucer else 0.0)
    outside = smooth([(low, 0), (bulge, 0.45 * high), (top, high)], 7)
    inside = [(0.92 * top, high), (0.9 * bulge, 0.6 * high)]
    clay = glaze(rng)
    middle = (bulge - 0.01, 0.52 * high)
    grip = tube(arc(middle, (0.3, 0.3 * high), np.linspace(-92, 92, 12)), 0.055)
    coffee = turned((0.9 * bulge, 0.6 * high), (0.88 * top, 0.8 * high)).painted((0.22, 0.13, 0.08))
    whole = join(join(turned(*outside, *inside), grip).painted(clay), coffee)
    if not saucer:
        return whole
    plate = turned((0.4, -0.06), (0.8, 0.06), (0.78, 0.08), (0.4, 0.0))
    return join(plate.painted(clay), whole)


def guitar(rng: Generator) -> Mesh:
    """An acoustic guitar facing the viewer, neck up."""
    waist, lower, upper = rng.uniform(0.34, 0.39), rng.uniform(0.5, 0.56), rng.uniform(0.38, 0.43)
    curve = np.array([_bow(t, lower, waist, upper) for t in np.linspace(0, 1, 15)])
    outline = np.concatenate([curve, curve[-2:0:-1] * [-1, 1]])
    top, dark = wood(rng), (0.25, 0.14, 0.08)
    sides = slab(outline, 0.26).painted(dim(top, 0.55))
    face = slab(outline * [0.97, 0.985] + [0, 0.01], 0.02).moved(z=0.13).painted(top)
    long = rng.uniform(1.15, 1.35)
    neck = box(0.13, long + 0.4, 0.1).moved(0, 1.05, 0.14).painted(dark)
    head = (
        frustum((0.15, 0.06), (0.24, 0.06), 0.34).moved(0, 1.45 + long, 0.12).painted(dim(top, 0.7))
    )
    pegs = [box(0.36, 0.04, 0.05).moved(0, 1.52 + long + 0.09 * at, 0.12) for at in range(3)]
    hole = turned((0.15, 0), (0.15, 0.02)).lying(2).moved(0, 1.0, 0.135).painted(BLACK)
    rose = turned((0.185, 0), (0.185, 0.015)).lying(2).moved(0, 1.0, 0.135).painted(dim(top, 0.6))
    bridge = box(0.4, 0.07, 0.05).moved(0, 0.4, 0.15).painted(dark)
    strings = [
        box(0.008, 1.05 + long, 0.01).moved(x, 0.42, 0.2) for x in (-0.04, -0.013, 0.013, 0.04)
    ]
    wires = join(*strings).painted(STEEL)
    return join(sides, face, rose, hole, neck, head, join(*pegs).painted(STEEL), bridge, wires)


def _bow(at: float, lower: float, waist: float, upper: float) -> tuple[float, float]:
    """A point on the right side of a guitar's outline, `at` 0 at its foot, 1 at the neck."""
    turn = np.pi * at
    dip = np.exp(-(((at - 0.56) / 0.13) ** 2))
    wide = (lower * (1 - at) + upper * at) * 1.06
    x = np.sin(turn) ** 0.62 * (wide - dip * (wide - waist) * 1.0)
    return float(x), float(0.725 - 0.725 * np.cos(turn))


def lamp(rng: Generator) -> Mesh:
    """A lit table lamp, or a floor lamp."""
    tall = rng.random() < 0.35
    high = rng.uniform(2.0, 2.3) if tall else rng.uniform(0.8, 1.0)
    low, top = rng.uniform(0.5, 0.62), rng.uniform(0.26, 0.4)
    shade = turned((low, high), (top, high + rng.uniform(0.55, 0.7)), (0.9 * top, high + 0.5))
    lit = shade.painted((0.97, 0.9, rng.uniform(0.65, 0.82)))
    if tall:
        stem = turned((0.36, 0), (0.36, 0.05), (0.04, 0.08), (0.04, high + 0.2), sides=16)
        return join(stem.painted(BLACK if rng.random() < 0.5 else GOLD), lit)
    belly, at = rng.uniform(0.2, 0.36), rng.uniform(0.3, 0.55)
    curve = [(0.26, 0.06), (0.6 * belly, 0.12), (belly, at * high), (0.05, 0.85 * high)]
    base = turned((0.3, 0), (0.3, 0.06), *smooth(curve, 12), (0.04, high + 0.2))
    return join(base.painted(glaze(rng)), lit)


def sword(rng: Generator) -> Mesh:
    """A blade with a guard, a grip and a pommel, point up."""
    long, wide = rng.uniform(1.9, 2.3), rng.uniform(0.1, 0.14)
    rim = [(-wide, 0), (wide, 0), (0.8 * wide, 0.85 * long), (0, long), (-0.8 * wide, 0.85 * long)]
    blade = slab(rim, 0.03).moved(y=0.62)
    ridge = box(0.35 * wide, 0.8 * long, 0.05).moved(y=0.62).painted(dim(STEEL, 0.75))
    reach, brass = rng.uniform(0.3, 0.42), GOLD if rng.random() < 0.6 else dim(STEEL, 0.7)
    bend = rng.uniform(-0.12, 0.12)
    bar = np.array([[x * reach, 0.58 + bend * x * x, 0] for x in np.linspace(-1, 1, 7)])
    guard = join(tube(bar, 0.05), box(0.24, 0.12, 0.12).moved(y=0.52))
    grip = turned((0.055, 0.1), (0.07, 0.3), (0.055, 0.54), sides=12).painted(wood(rng))
    pommel = ball(0.1).moved(y=-0.06)
    return join(blade.painted(STEEL), ridge, join(guard, pommel).painted(brass), grip)


def table(rng: Generator) -> Mesh:
    """A board on four legs, or a round one on a foot."""
    long, wide, high = rng.uniform(1.7, 2.2), rng.uniform(1.0, 1.2), rng.uniform(0.95, 1.1)
    timber = wood(rng)
    if rng.random() < 0.3:
        foot = turned((0.5, 0), (0.45, 0.06), (0.09, 0.14), (0.09, high))
        return join(foot, turned((0.85, high), (0.85, high + 0.08))).painted(timber)
    apron = box(0.86 * long, 0.14, 0.8 * wide).moved(y=high - 0.14)
    stand = join(legs(0.92 * long, high, 0.88 * wide, 0.11, 0.7), apron).painted(dim(timber, 0.85))
    return join(stand, box(long, 0.09, wide).moved(y=high).painted(timber))


def vase(rng: Generator) -> Mesh:
    """Turned pottery, hollow, with or without a band."""
    high = rng.uniform(1.3, 1.7)
    foot, belly, neck = rng.uniform(0.2, 0.28), rng.uniform(0.42, 0.58), rng.uniform(0.14, 0.22)
    at, lip = rng.uniform(0.35, 0.6), neck + rng.uniform(0.06, 0.14)
    curve = [(foot, 0), (belly, at * high), (neck, 0.85 * high), (lip, high)]
    outside, clay = smooth(curve, 18), glaze(rng)
    body = turned(*outside, (0.85 * lip, high), (0.8 * neck, 0.8 * high)).painted(clay)
    if rng.random() < 0.4:
        return body
    low, top = (next(p for p in outside if p[1] >= share * high) for share in (at - 0.12, at + 0.1))
    band = turned((1.01 * low[0], low[1]), (1.015 * belly, at * high), (1.01 * top[0], top[1]))
    return join(body, band.painted(glaze(rng)))
