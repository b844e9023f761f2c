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
from opensearch.imprints.askew import look_askew
from opensearch.imprints.coarse import Coarse, coarse_of, fetched, low_vectors, worth_a_look
from opensearch.imprints.pairs import (
    BLOCK,
    Apart,
    Fetch,
    Neighbours,
    Pairs,
    Places,
    Vectors,
    all_apart,
    blocks,
)
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

_NEIGHBOURS, _LEAST, _LEAST_DRAWN = 8, 0.85, 0.75
"""Nearest by low frequencies that are looked at, and their least cosine; where both are drawings it
is the last, since thin lines change more where a part of them is cut out."""
_WHOLE_NEIGHBOURS, _WHOLE_LEAST = 24, 0.8
"""The same of whole pictures: copies of one crowd each other out, and light changes them more."""
_AS_NEAR: Final = 0.008
"""Difference of cosines within which one way is as near as another."""
_AT_ONCE: Final = 512
"""Pairs looked at closely at once: what they join need not be looked at any more."""
_WHOLE: Final = 0.97
"""A copy that shows less of a side than this was cropped."""


@dataclass(frozen=True)
class _Candidates:
    """Pairs that may be copies, arrays of shape (n,).

    Attributes:
        first: places.
        second: places.
        cosines: of low frequencies.
        windows: what the second may show of the first: left, top, width, height, shape (n, 4).
        parts: the same, fitted in coarse.
        ways: how the first was turned to become the second.
    """

    first: Places
    second: Places
    cosines: Vectors
    windows: Vectors
    parts: Vectors
    ways: Places

    def at(self, which: Places | NDArray[np.bool_] | slice) -> _Candidates:
        """Some of them."""
        every = (self.first, self.second, self.cosines, self.windows, self.parts, self.ways)
        return _Candidates(*(each[which] for each in every))  # type: ignore[arg-type]

    def nearest(self) -> _Candidates:
        """Of each pair the nearest, in every way that is about as near: things are symmetric."""
        order = np.lexsort((-self.cosines, self.second, self.first))
        every = self.at(order)
        new = _changes(every.first, every.second)
        best = every.cosines[new][np.cumsum(new) - 1]
        near = every.at(every.cosines >= best - _AS_NEAR)
        near = near.at(np.lexsort((-near.cosines, near.ways, near.second, near.first)))
        return near.at(_changes(near.first, near.second, near.ways))


def _changes(*columns: Places) -> NDArray[np.bool_]:
    """Which rows of sorted columns (n,) are not those before them, shape (n,)."""
    new = np.ones(len(columns[0]), np.bool_)
    new[1:] = np.any([np.diff(column) != 0 for column in columns], axis=0)
    return new


def picture_pairs(
    count: int,
    fetch: Fetch,
    nearest: Callable[[Vectors], Neighbours],
    told: Progress,
    apart: Apart,
) -> Iterator[Pairs]:
    """Copies among pictures, the nearest pairs first; see `pairs.Matcher`."""
    coarse = fetched(count, fetch)
    vectors = low_vectors(frequencies(coarse.greys.astype(np.float32)))
    vectors[~coarse.shown] = 0
    find = nearest(vectors)
    gathered = []
    for places in blocks(count):
        near = _near(places[coarse.shown[places]], coarse, find).nearest()
        kept, parts = worth_a_look(
            coarse.at(near.first), coarse.at(near.second), near.parts, near.ways
        )
        gathered.append(replace(near, parts=parts).at(kept))
        told("comparing pictures coarsely", int(places[-1]) + 1, count)
    candidates = _joined(gathered)
    candidates = candidates.at(np.argsort(-candidates.cosines, kind="stable"))
    forth = candidates.first < candidates.second
    found = [np.zeros(0, np.int64)]
    for pairs in _looked_at(candidates.at(forth), fetch, fetch, told=told, apart=apart):
        found.append(pairs.first * count + pairs.second)
        yield pairs
    # What was found from one side need not be looked at from the other.
    back = candidates.at(~forth)
    new = ~np.isin(back.second * count + back.first, np.concatenate(found))
    yield from _looked_at(back.at(new), fetch, fetch, told=told, apart=apart)


def _near(places: Places, coarse: Coarse, find: Neighbours) -> _Candidates:
    """What is near to parts of some pictures, in any of the eight ways."""
    low = window_frequencies(coarse.greys[places].astype(np.float32))
    gathered = []
    for window in range(len(WINDOWS)):
        asked = np.concatenate([_turned(low[window], way) for way in range(len(WAYS))])
        most = _NEIGHBOURS if window else _WHOLE_NEIGHBOURS
        least = _least(coarse.drawn[places])[:, window].min(initial=1)
        rows, found, cosines = find(asked, least, most)
        ways, rows = np.divmod(rows, max(len(places), 1))
        parts = WINDOWS[np.full_like(rows, window)]
        near = _Candidates(places[rows], found, cosines, parts, parts, ways)
        enough = cosines >= _least(coarse.drawn[near.first] & coarse.drawn[found])[:, window]
        gathered.append(near.at(enough & (near.first != near.second)))
    return _joined(gathered)


def _least(drawn: NDArray[np.bool_]) -> Vectors:
    """Least cosines of pairs, of which both are drawings or not, by window, (n, windows)."""
    least = np.where(drawn[:, None], _LEAST_DRAWN, np.full(len(WINDOWS), _LEAST))
    least[:, 0] = _WHOLE_LEAST
    return np.asarray(least, np.float32)


def picture_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    """Copies of one picture among others: the first of each pair is place 0, the second theirs.

    Args:
        imprint: of the picture.
        count: the others there are.
        fetch: their imprints, by place.
    """
    own = coarse_of([imprint])

    def itself(places: Places) -> list[bytes]:
        return [imprint] * len(places)

    for places in blocks(count if own.shown[0] else 0):
        others, here = coarse_of(fetch(places)), np.zeros_like(places)
        forth, back = _between(own, others), _between(others, own)
        forth = replace(forth, first=here[forth.first], second=places[forth.second])
        yield from _looked_at(forth, itself, fetch)
        back = replace(back, first=places[back.first], second=here[back.second])
        yield from _looked_at(back, fetch, itself, swap=True)


def pictures_between(first: Places, second: Places, fetch: Fetch) -> Iterator[Pairs]:
    """Those pairs of pictures that are copies; see `pairs.Matcher`."""
    for start in range(0, len(first), BLOCK):
        one, other = first[start : start + BLOCK], second[start : start + BLOCK]
        ones, others = coarse_of(fetch(one)), coarse_of(fetch(other))
        forth = _between(ones, others)
        new = np.ones(len(one), np.bool_)
        for pairs in _looked_at(forth, _at(one, fetch), _at(other, fetch)):
            new[pairs.first] = False
            yield replace(pairs, first=one[pairs.first], second=other[pairs.second])
        back = _between(others, ones)
        back = back.at(new[back.first])
        back = replace(back, first=other[back.first], second=one[back.second])
        yield from _looked_at(back, fetch, fetch, swap=True)


def _at(places: Places, fetch: Fetch) -> Fetch:
    """Imprints by the rows of their places."""
    return lambda rows: fetch(places[rows])


def _between(first: Coarse, second: Coarse) -> _Candidates:
    """What a coarse look leaves of pairs, row by row; a single picture is paired with every row."""
    windows = low_vectors(window_frequencies(first.greys.astype(np.float32)))
    windows[:, ~first.shown] = 0
    # A picture turned is the second where the picture is the second turned back.
    whole = frequencies(second.greys.astype(np.float32))
    whole[~second.shown] = 0
    back = np.stack([_turned(whole, opposite(way)) for way in range(len(WAYS))])
    # Not by BLAS, whose threads would wait for each other on a busy machine.
    cosines = np.einsum("knd,wnd->nwk", windows, back)
    rows, ways, of = np.nonzero(cosines >= _least(first.drawn & second.drawn)[:, None])
    parts = WINDOWS[of]
    near = _Candidates(rows, rows, cosines[rows, ways, of], parts, parts, ways).nearest()
    pictures = [
        each.at(near.first if len(each.aspects) > 1 else np.zeros_like(near.first))
        for each in (first, second)
    ]
    kept, parts = worth_a_look(pictures[0], pictures[1], near.parts, near.ways)
    return replace(near, parts=parts).at(kept)


def _joined(gathered: list[_Candidates]) -> _Candidates:
    nothing = np.zeros(0, np.int64)
    parts = np.zeros((0, 4), np.float32)
    empty = _Candidates(nothing, nothing, nothing.astype(np.float32), parts, parts, nothing)
    every = [vars(each) for each in (empty, *gathered)]
    return _Candidates(**{name: np.concatenate([e[name] for e in every]) for name in every[0]})


def _turned(low: Vectors, way: int) -> Vectors:
    return low_vectors(turned_frequencies(low, way))


def _looked_at(
    candidates: _Candidates,
    fetch: Fetch,
    fetch_second: Fetch,
    swap: bool = False,
    told: Progress = quiet,
    apart: Apart = all_apart,
) -> Iterator[Pairs]:
    """Those candidates that are copies; with `swap`, their first and second change places."""
    count = len(candidates.first)
    for start in range(0, count, _AT_ONCE):
        some = candidates.at(slice(start, start + _AT_ONCE))
        some = some.at(apart(some.first, some.second))
        first, second, ways = some.first, some.second, some.ways
        pictures = unpacked(fetch(first)), unpacked(fetch_second(second))
        looks = look(*pictures, some.parts, ways, some.windows)
        look_askew(*pictures, ways, looks)
        exact = is_exact(looks.scores, looks.parts, ways)
        same = np.flatnonzero(looks.same)
        changes = [_change(looks, ways, place, swap) for place in same.tolist()]
        first, second = (second, first) if swap else (first, second)
        yield Pairs(first[same], second[same], looks.scores[same], changes, exact[same])
        told("comparing pairs closely", min(start + _AT_ONCE, count), count)


def _change(looks: Looks, ways: Places, place: int, swap: bool) -> str:
    """What was done to one to make the other, in words."""
    way = int(ways[place])
    said = [WAYS[opposite(way) if swap else way]]
    if looks.askew[place]:
        said.append("askew")
    elif looks.parts[place, 2:].min() < _WHOLE:
        said.append("uncropped" if swap else "cropped")
    return ", ".join(word for word in said if word)
