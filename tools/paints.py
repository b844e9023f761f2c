"""Colours that things have: a few plausible ones a material, drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.random import Generator

Paint = tuple[float, float, float]

WHITE: Final[Paint] = (0.93, 0.92, 0.9)
BLACK: Final[Paint] = (0.1, 0.1, 0.11)
GLASS: Final[Paint] = (0.2, 0.26, 0.32)
STEEL: Final[Paint] = (0.72, 0.73, 0.76)
GOLD: Final[Paint] = (0.78, 0.62, 0.26)

_WOODS: Final = ((0.36, 0.22, 0.13), (0.55, 0.36, 0.2), (0.72, 0.52, 0.32), (0.82, 0.68, 0.48))
_CLOTHS: Final = (
    (0.25, 0.33, 0.5),
    (0.55, 0.2, 0.22),
    (0.4, 0.46, 0.4),
    (0.75, 0.7, 0.62),
    (0.5, 0.45, 0.55),
)
_LACQUERS: Final = (
    (0.75, 0.12, 0.1),
    (0.12, 0.28, 0.6),
    (0.9, 0.72, 0.1),
    (0.85, 0.86, 0.88),
    (0.15, 0.42, 0.25),
    (0.55, 0.58, 0.62),
    (0.88, 0.45, 0.1),
)
_GLAZES: Final = (
    (0.9, 0.89, 0.85),
    (0.2, 0.4, 0.62),
    (0.65, 0.3, 0.2),
    (0.25, 0.5, 0.45),
    (0.8, 0.62, 0.3),
    (0.7, 0.25, 0.3),
)
_LEAVES: Final = ((0.2, 0.36, 0.12), (0.28, 0.45, 0.14), (0.16, 0.3, 0.14), (0.42, 0.48, 0.14))
_WALLS: Final = ((0.9, 0.87, 0.8), (0.85, 0.75, 0.55), (0.66, 0.4, 0.3), (0.7, 0.76, 0.8))
_TILES: Final = ((0.5, 0.22, 0.15), (0.3, 0.28, 0.3), (0.42, 0.3, 0.24))
_BOTTLES: Final = ((0.12, 0.3, 0.15), (0.35, 0.18, 0.06), (0.25, 0.5, 0.6), (0.75, 0.82, 0.8))


def wood(rng: Generator) -> Paint:
    """From walnut to birch."""
    return _drawn(rng, _WOODS)


def cloth(rng: Generator) -> Paint:
    """Covers and cushions."""
    return _drawn(rng, _CLOTHS)


def lacquer(rng: Generator) -> Paint:
    """Vehicles."""
    return _drawn(rng, _LACQUERS)


def glaze(rng: Generator) -> Paint:
    """Pottery."""
    return _drawn(rng, _GLAZES)


def leaf(rng: Generator) -> Paint:
    """Foliage."""
    return _drawn(rng, _LEAVES)


def wall(rng: Generator) -> Paint:
    """Plaster and brick."""
    return _drawn(rng, _WALLS)


def tile(rng: Generator) -> Paint:
    """Roofs."""
    return _drawn(rng, _TILES)


def bottle_glass(rng: Generator) -> Paint:
    """Bottles."""
    return _drawn(rng, _BOTTLES)


def dim(paint: Paint, by: float) -> Paint:
    """A darker shade, or with `by` over 1 a lighter one."""
    r, g, b = (min(1.0, part * by) for part in paint)
    return r, g, b


def _drawn(rng: Generator, paints: Sequence[Paint]) -> Paint:
    """One of the paints, a little off."""
    r, g, b = np.clip(paints[int(rng.integers(len(paints)))] + rng.normal(0, 0.03, 3), 0.03, 0.97)
    return float(r), float(g), float(b)
