"""Pairs of copies among very many imprints: candidates by neighbours, then a second look.

Imprints are fetched block by block, and those of candidates again, so that memory holds a short
vector of each and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.alignment import is_exact, look
from opensearch.imprints.pictures import Pictures, unpacked
from opensearch.imprints.turning import (
    LOW,
    WAYS,
    WINDOWS,
    frequencies,
    opposite,
    turned_frequencies,
)

Places = NDArray[np.int64]
Vectors = NDArray[np.float32]

_BLOCK: Final = 2048
_NEIGHBOURS: Final = 8
_LEAST: Final = 0.85
"""Least cosine of the low frequencies of a candidate pair."""
_FLAT: Final = 12.0
"""Range of greys, of 255, below which a picture shows nothing to know it by."""


class Neighbours(Protocol):
    """What finds the nearest of many unit vectors, see `search.neighbours`."""

    def __call__(
        self, vectors: Vectors, least: float, k: int, /
    ) -> tuple[Places, Places, Vectors]:
        """Rows, places and cosines of the k nearest of each row, those above `least` alone."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of copies: places of the first and second (n,), scores -1..1, and what was done.

    `ways` says how the first is turned to become the second, `parts` (n, 4) which part of the
    first it shows, `exact` whether it was saved anew and nothing else.
    """

    first: Places
    second: Places
    scores: Vectors
    ways: Places
    parts: Vectors
    exact: NDArray[np.bool_]

    def __getitem__(self, chosen: NDArray[np.bool_] | Places) -> Self:
        return type(self)(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def swapped(self) -> Pairs:
        """The pairs told from the other side; `parts` stay those of what is the second now."""
        ways = np.array([opposite(way) for way in self.ways.tolist()], np.int64)
        return Pairs(self.second, self.first, self.scores, ways, self.parts, self.exact)


Fetch = Callable[[Places], Sequence[bytes]]


def picture_pairs(
    count: int, fetch: Fetch, nearest: Callable[[Vectors], Neighbours]
) -> Iterator[Pairs]:
    """Copies among pictures, each pair at least once.

    Args:
        count: pictures there are.
        fetch: their imprints, by place.
        nearest: makes what finds neighbours among the vectors (count, d) it is given.
    """
    vectors = np.empty((count, LOW * LOW - 1), np.float32)
    for places in _blocks(count):
        vectors[places] = _vectors(unpacked(fetch(places)))
    find = nearest(vectors)
    for places in _blocks(count):
        greys = unpacked(fetch(places)).greys
        shown = vectors[places].any(axis=1)
        gathered = [_none()]
        for window in range(len(WINDOWS)):
            low = frequencies(greys, window)
            for way in range(len(WAYS)):
                rows, found, cosines = find(_turned(low, way), _LEAST, _NEIGHBOURS)
                other = (places[rows] != found) & shown[rows]
                rows, found, cosines = rows[other], found[other], cosines[other]
                gathered.append((places[rows], found, cosines, window, way))
        yield from _looked_at(_joined(gathered), fetch, fetch)


def picture_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    """Copies of one picture among others: the first of each pair is place 0, the second theirs.

    Args:
        imprint: of the picture.
        count: the others there are.
        fetch: their imprints, by place.
    """
    own = unpacked([imprint])
    base = _vectors(own)
    if not base.any():
        return
    asked = [[_turned(frequencies(own.greys, window), way) for way in range(len(WAYS))]
             for window in range(len(WINDOWS))]
    for places in _blocks(count):
        others = unpacked(fetch(places))
        whole = _vectors(others)
        gathered, within = [_none()], [_none()]
        for window in range(len(WINDOWS)):
            low = frequencies(others.greys, window)
            for way in range(len(WAYS)):
                cosines = whole @ asked[window][way][0]
                near = np.flatnonzero(cosines >= _LEAST)
                gathered.append((np.zeros_like(near), places[near], cosines[near], window, way))
                cosines = _turned(low, way) @ base[0]
                near = np.flatnonzero((cosines >= _LEAST) & whole.any(axis=1))
                within.append((places[near], np.zeros_like(near), cosines[near], window, way))
        for pairs in _looked_at(_joined(gathered), lambda _: [imprint] * len(_), fetch):
            yield pairs
        for pairs in _looked_at(_joined(within), fetch, lambda _: [imprint] * len(_)):
            yield pairs.swapped()


Candidate = tuple[Places, Places, Vectors, int, int]


def _none() -> Candidate:
    nothing = np.zeros(0, np.int64)
    return nothing, nothing, nothing.astype(np.float32), 0, 0


def _turned(low: Vectors, way: int) -> Vectors:
    return unit_frequencies(turned_frequencies(low, way))


def _vectors(pictures: Pictures) -> Vectors:
    """Unit vectors (n, d) of pictures, zero for those that show nothing."""
    rows = unit_frequencies(frequencies(pictures.greys))
    rows[np.diff(pictures.ranges, axis=1)[:, 0] < _FLAT] = 0
    return rows


def _joined(gathered: list[Candidate]) -> tuple[Places, Places, Places, Places]:
    """First, second, window and way of candidates: of each pair the nearest."""
    first, second, cosines = (np.concatenate([each[at] for each in gathered]) for at in range(3))
    sizes = [len(each[0]) for each in gathered]
    windows = np.repeat([each[3] for each in gathered], sizes)
    ways = np.repeat([each[4] for each in gathered], sizes)
    order = np.lexsort((-cosines, second, first))
    first, second = first[order], second[order]
    new = np.ones(len(first), np.bool_)
    new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    kept = order[new]
    return first[new], second[new], windows[kept], ways[kept]


def _looked_at(
    candidates: tuple[Places, Places, Places, Places], fetch: Fetch, fetch_second: Fetch
) -> Iterator[Pairs]:
    """Those candidates that are copies."""
    for start in range(0, len(candidates[0]), _BLOCK):
        first, second, windows, ways = (each[start : start + _BLOCK] for each in candidates)
        looks = look(unpacked(fetch(first)), unpacked(fetch_second(second)), windows, ways)
        exact = is_exact(looks.scores, looks.parts, ways)
        yield Pairs(first, second, looks.scores, ways, looks.parts, exact)[looks.same]


def unit_frequencies(frequencies: Vectors) -> Vectors:
    """Frequencies (n, LOW, LOW) without the mean, as unit vectors (n, LOW * LOW - 1)."""
    rows = frequencies.reshape(len(frequencies), -1)[:, 1:]
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(length, 1e-6), np.float32)


def _blocks(count: int) -> Iterator[Places]:
    for start in range(0, count, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, count))


def describe(way: int, part: NDArray[np.float32], exact: bool) -> str:
    """What was done to a picture to make a copy of it, in words; "" where nothing shows."""
    said = [WAYS[way]] if way else []
    if min(part[2], part[3]) < 0.97:
        said.append("cropped")
    return ", ".join(said)
