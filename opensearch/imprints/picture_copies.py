"""Copies among very many pictures: candidates by neighbours, a coarse look, then a close one.

Memory holds what the coarse look needs of each picture; imprints are fetched for the close one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.alignment import Looks, is_exact, look
from opensearch.imprints.coarse import Coarse, coarse_of, fetched, low_vectors, worth_a_look
from opensearch.imprints.pairs import BLOCK, Fetch, Neighbours, Pairs, Places, Vectors, blocks
from opensearch.imprints.pictures import unpacked
from opensearch.imprints.turning import (
    WAYS,
    WINDOWS,
    frequencies,
    opposite,
    turned_frequencies,
    window_frequencies,
)
from opensearch.progress import Progress, quiet

_NEIGHBOURS, _LEAST = 8, 0.85
"""Nearest by low frequencies that are looked at, and their least cosine."""
_WHOLE_NEIGHBOURS, _WHOLE_LEAST = 24, 0.8
"""The same of whole pictures: copies of one crowd each other out, and light changes them more."""
_WHOLE: Final = 0.97
"""A copy that shows less of a side than this was cropped."""


@dataclass(frozen=True)
class _Candidates:
    """Pairs that may be copies, arrays of shape (n,).

    Attributes:
        first: places.
        second: places.
        cosines: of low frequencies.
        windows: the part of the first that the second may be, by its number.
        ways: how the first was turned to become the second.
    """

    first: Places
    second: Places
    cosines: Vectors
    windows: Places
    ways: Places

    def at(self, which: Places | NDArray[np.bool_] | slice) -> _Candidates:
        """Some of them."""
        every = (self.first, self.second, self.cosines, self.windows, self.ways)
        return _Candidates(*(each[which] for each in every))  # type: ignore[arg-type]

    def nearest(self) -> _Candidates:
        """Of each pair the nearest."""
        order = np.lexsort((-self.cosines, self.second, self.first))
        first, second = self.first[order], self.second[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
        return self.at(order[new])


def picture_pairs(
    count: int, fetch: Fetch, nearest: Callable[[Vectors], Neighbours], told: Progress
) -> Iterator[Pairs]:
    """Copies among pictures, each pair at least once; see `pairs.Matcher`."""
    coarse = fetched(count, fetch)
    vectors = low_vectors(frequencies(coarse.greys.astype(np.float32)))
    vectors[~coarse.shown] = 0
    find = nearest(vectors)
    gathered = []
    for places in blocks(count):
        near = _near(places[coarse.shown[places]], coarse, find).nearest()
        gathered.append(_worth(near, coarse, coarse))
        told("pictures in coarse", int(places[-1]) + 1, count)
    candidates = _joined(gathered)
    forth = candidates.first < candidates.second
    found = [np.zeros(0, np.int64)]
    for pairs in _looked_at(candidates.at(forth), fetch, fetch, told=told):
        found.append(pairs.first * count + pairs.second)
        yield pairs
    # What was found from one side need not be looked at from the other.
    back = candidates.at(~forth)
    new = ~np.isin(back.second * count + back.first, np.concatenate(found))
    yield from _looked_at(back.at(new), fetch, fetch, told=told)


def _near(places: Places, coarse: Coarse, find: Neighbours) -> _Candidates:
    """What is near to parts of some pictures, in any of the eight ways."""
    low = window_frequencies(coarse.greys[places].astype(np.float32))
    gathered = []
    for window in range(len(WINDOWS)):
        asked = np.concatenate([_turned(low[window], way) for way in range(len(WAYS))])
        least, most = (_LEAST, _NEIGHBOURS) if window else (_WHOLE_LEAST, _WHOLE_NEIGHBOURS)
        rows, found, cosines = find(asked, least, most)
        ways, rows = np.divmod(rows, max(len(places), 1))
        windows = np.full_like(rows, window)
        near = _Candidates(places[rows], found, cosines, windows, ways)
        gathered.append(near.at(near.first != near.second))
    return _joined(gathered)


def picture_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    """Copies of one picture among others: the first of each pair is place 0, the second theirs.

    Args:
        imprint: of the picture.
        count: the others there are.
        fetch: their imprints, by place.
    """
    own = coarse_of([imprint])
    if not own.shown[0]:
        return
    parts = window_frequencies(own.greys.astype(np.float32))
    asked = np.concatenate([_turned(parts[:, 0], way) for way in range(len(WAYS))])
    # A picture turned is the file where the picture is the file turned back.
    turned_back = np.concatenate([_turned(parts[0], opposite(w)) for w in range(len(WAYS))])

    def itself(places: Places) -> list[bytes]:
        return [imprint] * len(places)

    for places in blocks(count):
        others = coarse_of(fetch(places))
        low = low_vectors(window_frequencies(others.greys.astype(np.float32)))
        low[:, ~others.shown] = 0
        # Not by BLAS, whose threads would wait for each other on a busy machine.
        of_it = np.einsum("nd,md->nm", low[0], asked).reshape(-1, len(WAYS), len(WINDOWS))
        near = _worth(_met(of_it), own, others)
        yield from _looked_at(replace(near, second=places[near.second]), itself, fetch)
        near = _met(np.einsum("wnd,md->nmw", low, turned_back))
        near = _worth(replace(near, first=near.second, second=near.first), others, own)
        near = replace(near, first=places[near.first])
        yield from _looked_at(near, fetch, itself, swap=True)


def _met(products: Vectors) -> _Candidates:
    """Those others (n, ways, windows) that are near to the first, which is place 0."""
    least = np.where(np.arange(len(WINDOWS)), _LEAST, _WHOLE_LEAST)
    at, ways, windows = np.nonzero(products >= least)
    cosines = products[at, ways, windows]
    return _Candidates(np.zeros_like(at), at, cosines, windows, ways).nearest()


def _worth(near: _Candidates, first: Coarse, second: Coarse) -> _Candidates:
    """Those that a coarse look leaves."""
    pictures = first.at(near.first), second.at(near.second)
    return near.at(worth_a_look(*pictures, near.windows, near.ways))


def _joined(gathered: list[_Candidates]) -> _Candidates:
    nothing = np.zeros(0, np.int64)
    empty = _Candidates(nothing, nothing, nothing.astype(np.float32), nothing, nothing)
    parts = [vars(each) for each in (empty, *gathered)]
    return _Candidates(**{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _turned(low: Vectors, way: int) -> Vectors:
    return low_vectors(turned_frequencies(low, way))


def _looked_at(
    candidates: _Candidates,
    fetch: Fetch,
    fetch_second: Fetch,
    swap: bool = False,
    told: Progress = quiet,
) -> Iterator[Pairs]:
    """Those candidates that are copies; with `swap` told from the side of the second."""
    count = len(candidates.first)
    for start in range(0, count, BLOCK):
        some = candidates.at(slice(start, start + BLOCK))
        first, second, ways = some.first, some.second, some.ways
        looks = look(unpacked(fetch(first)), unpacked(fetch_second(second)), some.windows, ways)
        exact = is_exact(looks.scores, looks.parts, ways)
        same = np.flatnonzero(looks.same)
        changes = [_change(looks, ways, place, swap) for place in same.tolist()]
        first, second = (second, first) if swap else (first, second)
        yield Pairs(first[same], second[same], looks.scores[same], changes, exact[same])
        told("pairs of pictures closely", start + len(first), count)


def _change(looks: Looks, ways: Places, place: int, swap: bool) -> str:
    """What was done to one to make the other, in words."""
    way = int(ways[place])
    said = [WAYS[opposite(way) if swap else way]]
    if looks.parts[place, 2:].min() < _WHOLE:
        said.append("uncropped" if swap else "cropped")
    return ", ".join(word for word in said if word)
