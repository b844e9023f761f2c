"""Coarse copies of very many pictures: small, but enough to rule out most pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.fitting import aligned
from opensearch.imprints.likeness import (
    edged,
    like_aspects,
    like_colours,
    product,
    unit_planes,
)
from opensearch.imprints.pairs import Fetch, Places, Vectors, blocks, unit_rows
from opensearch.imprints.pictures import SIDE, rows_of
from opensearch.imprints.turning import LOW, aspects_back, stretched, turned_back

_PIXELS: Final = np.float32(16)
"""Pixels of an imprint that a grey is the sum of."""

_FLAT: Final = 12
"""Range of greys, of 255, below which a picture shows nothing to know it by."""
_WHITE, _WHITE_SHARE = 232, 0.4
"""Sum of greys from which a place is white, and how many of a drawing's are."""
_AT_ONCE: Final = 1024

# How much a pair must agree as it is, and then aligned in a few steps: less than a copy must in the
# end. Chosen on train files, like all thresholds of `likeness`.
_GREYS: Final = 0.6
_COLOURS: Final = 0.65
_ASPECT: Final = 1.27
_STEPS: Final = 4
_FITTED_ASPECT: Final = 1.2
_WIDTH, _EDGES = 0.7, 0.45
"""Pixels that edges are wide, and their least correlation."""
_IN_PLACE: Final = 0.02
_APART: Final = 0.8
"""Greys, of 15, that smooth pictures may be apart in the mean: their edges say nothing."""


@dataclass(frozen=True)
class Coarse:
    """What is held of n pictures, 390 bytes each.

    Attributes:
        greys: sums of 4 x 4 greys of an imprint, shape (n, 16, 16), uint8.
        colours: as those of `Pictures`, shape (n, 8, 8, 2), int8.
        aspects: shape (n,).
        shown: whether they show anything, shape (n,).
        drawn: whether most of them is one white, as of drawings, shape (n,).
    """

    greys: NDArray[np.uint8]
    colours: NDArray[np.int8]
    aspects: Vectors
    shown: NDArray[np.bool_]
    drawn: NDArray[np.bool_]

    def at(self, places: Places | slice) -> Coarse:
        """Some of them."""
        every = (self.greys, self.colours, self.aspects, self.shown, self.drawn)
        return Coarse(*(each[places] for each in every))  # type: ignore[arg-type]


def coarse_of(imprints: Sequence[bytes]) -> Coarse:
    """Imprints in coarse."""
    rows = rows_of(imprints)
    pairs = (rows.greys >> 4) + (rows.greys & 15)
    pairs = pairs.reshape(-1, SIDE, SIDE // 2)
    lines = pairs[:, 0::4] + pairs[:, 1::4] + pairs[:, 2::4] + pairs[:, 3::4]
    shown = rows.ranges[:, 1] - rows.ranges[:, 0].astype(np.int16) >= _FLAT
    greys = lines[..., 0::2] + lines[..., 1::2]
    drawn = (greys >= _WHITE).mean(axis=(1, 2)) >= _WHITE_SHARE
    return Coarse(greys, rows.colours, rows.aspects, shown, drawn)


def fetched(count: int, fetch: Fetch) -> Coarse:
    """All of the imprints that are fetched, in coarse."""
    parts = [coarse_of(fetch(places)) for places in blocks(count)] or [coarse_of([])]
    names = ("greys", "colours", "aspects", "shown", "drawn")
    return Coarse(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def low_vectors(low: Vectors) -> Vectors:
    """Low frequencies (..., LOW, LOW) without the mean, as unit vectors (..., d)."""
    return unit_rows(low.reshape(*low.shape[:-2], LOW * LOW)[..., 1:])


def worth_a_look(
    first: Coarse, second: Coarse, parts: Vectors, ways: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], Vectors]:
    """Which of n pairs may be copies: proportions, colours, greys and edges are somewhat alike.

    Args:
        first: n pictures.
        second: n pictures, each perhaps a copy of the first.
        parts: what the second may show of the first: left, top, width, height, shape (n, 4).
        ways: how the first was turned to become the second, shape (n,).

    Returns:
        Whether each may be one, shape (n,), and its part as it fits best, shape (n, 4).
    """
    kept, parts = np.zeros(len(ways), np.bool_), parts.copy()
    for start in range(0, len(ways), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        at, fitted = _worth(first.at(some), second.at(some), parts[some], ways[some])
        kept[start + at], parts[start + at] = True, fitted
    return kept, parts


def _worth(
    first: Coarse, second: Coarse, parts: Vectors, ways: NDArray[np.int64]
) -> tuple[NDArray[np.intp], Vectors]:
    """Which may be copies, and their parts, each test of those that the one before left."""
    aspects = aspects_back(second.aspects, ways)
    left = np.flatnonzero(like_aspects(first.aspects, aspects, parts, _ASPECT))
    colours, others = (each.colours[left].astype(np.float32) for each in (first, second))
    others = turned_back(others, ways[left])
    left = left[like_colours(colours, others, parts[left], _COLOURS)]
    greys, target = (each.greys[left].astype(np.float32) / _PIXELS for each in (first, second))
    target = turned_back(target, ways[left])
    unit = unit_planes(target)
    alike = product(unit_planes(stretched(greys, parts[left])), unit) >= _GREYS
    left, greys, target, unit = left[alike], greys[alike], target[alike], unit[alike]
    start = parts[left]
    fitted, found = aligned(greys, unit, start, _STEPS)
    # Of drawings in coarse a wrong part may agree better than the right one does: then edges tell.
    edges = unit_planes(edged(target, _WIDTH))
    before, after = (
        product(unit_planes(edged(stretched(greys, each), _WIDTH)), edges)
        for each in (start, fitted)
    )
    fits = like_aspects(first.aspects[left], aspects[left], fitted, _FITTED_ASPECT)
    moved = fits & (after >= before)
    parts = np.where(moved[:, None], fitted, start)
    alike = np.where(moved, after, before) >= _EDGES
    spread = target.std(axis=(1, 2)) * np.sqrt(np.maximum(1 - found**2, 0))
    alike |= fits & (spread <= _APART)
    # What hardly moved was in place: of few pixels a part is not known to better than this.
    parts = np.where(np.abs(parts - start).max(axis=1, keepdims=True) <= _IN_PLACE, start, parts)
    return left[alike], parts[alike]
