"""Very many pictures in coarse: little of each, by which most pairs are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.likeness import like_aspects, like_colours, product, unit_planes
from opensearch.imprints.pairs import Fetch, Places, Vectors, blocks, unit_rows
from opensearch.imprints.pictures import SIDE, rows_of
from opensearch.imprints.turning import LOW, WINDOWS, aspects_back, stretched, turned_back

_FLAT: Final = 12
"""Range of greys, of 255, below which a picture shows nothing to know it by."""
_AT_ONCE: Final = 1024

# What a pair must have in common before it is aligned: less than what makes it a copy then. Chosen
# on train files, as all that `likeness` decides by.
_GREYS: Final = 0.68
_COLOURS: Final = 0.65
_ASPECT: Final = 1.27


@dataclass(frozen=True)
class Coarse:
    """What is held of n pictures, 390 bytes each.

    Attributes:
        greys: sums of 4 x 4 greys of an imprint, shape (n, 16, 16), uint8.
        colours: as those of `Pictures`, shape (n, 8, 8, 2), int8.
        aspects: shape (n,).
        shown: whether they show anything, shape (n,).
    """

    greys: NDArray[np.uint8]
    colours: NDArray[np.int8]
    aspects: Vectors
    shown: NDArray[np.bool_]

    def at(self, places: Places | slice) -> Coarse:
        """Some of them."""
        every = (self.greys, self.colours, self.aspects, self.shown)
        return Coarse(*(each[places] for each in every))  # type: ignore[arg-type]


def coarse_of(imprints: Sequence[bytes]) -> Coarse:
    """Imprints in coarse."""
    rows = rows_of(imprints)
    pairs = (rows.greys >> 4) + (rows.greys & 15)
    pairs = pairs.reshape(-1, SIDE, SIDE // 2)
    lines = pairs[:, 0::4] + pairs[:, 1::4] + pairs[:, 2::4] + pairs[:, 3::4]
    shown = rows.ranges[:, 1] - rows.ranges[:, 0].astype(np.int16) >= _FLAT
    return Coarse(lines[..., 0::2] + lines[..., 1::2], rows.colours, rows.aspects, shown)


def fetched(count: int, fetch: Fetch) -> Coarse:
    """All of the imprints that are fetched, in coarse."""
    parts = [coarse_of(fetch(places)) for places in blocks(count)] or [coarse_of([])]
    names = ("greys", "colours", "aspects", "shown")
    return Coarse(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def low_vectors(low: Vectors) -> Vectors:
    """Low frequencies (..., LOW, LOW) without the mean, as unit vectors (..., d)."""
    return unit_rows(low.reshape(*low.shape[:-2], LOW * LOW)[..., 1:])


def worth_a_look(
    first: Coarse, second: Coarse, windows: NDArray[np.int64], ways: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of n pairs may be copies: proportions, colours and greys are somewhat alike.

    Args:
        first: n pictures.
        second: n pictures, each perhaps a copy of the first.
        windows: the part of the first that the second may be, by its number, shape (n,).
        ways: how the first was turned to become the second, shape (n,).
    """
    kept = np.zeros(len(ways), np.bool_)
    for start in range(0, len(ways), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        kept[some] = _worth(first.at(some), second.at(some), WINDOWS[windows[some]], ways[some])
    return kept


def _worth(
    first: Coarse, second: Coarse, parts: Vectors, ways: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Likewise of parts (n, 4), each test of those that the one before left."""
    left = np.flatnonzero(
        like_aspects(first.aspects, aspects_back(second.aspects, ways), parts, _ASPECT)
    )
    colours, others = (each.colours[left].astype(np.float32) for each in (first, second))
    others = turned_back(others, ways[left])
    left = left[like_colours(colours, others, parts[left], _COLOURS)]
    shown = stretched(first.greys[left].astype(np.float32), parts[left])
    target = turned_back(second.greys[left].astype(np.float32), ways[left])
    kept = np.zeros(len(ways), np.bool_)
    kept[left] = product(unit_planes(shown), unit_planes(target)) >= _GREYS
    return kept
