"""Copies among very many pictures: candidates by neighbours, then a second look.

Imprints are fetched block by block, and those of candidates again, so that memory holds a short
vector of each and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.alignment import Looks, is_exact, look
from opensearch.imprints.pairs import (
    BLOCK,
    Fetch,
    Neighbours,
    Pairs,
    Places,
    Vectors,
    blocks,
    unit_rows,
)
from opensearch.imprints.pictures import Pictures, unpacked
from opensearch.imprints.turning import (
    LOW,
    WAYS,
    WINDOWS,
    frequencies,
    opposite,
    turned_frequencies,
)

_NEIGHBOURS, _LEAST = 8, 0.85
"""Nearest by low frequencies that are looked at, and their least cosine."""
_WHOLE_NEIGHBOURS, _WHOLE_LEAST = 24, 0.8
"""The same of whole pictures: copies of one crowd each other out, and light changes them more."""
_FLAT: Final = 12.0
"""Range of greys, of 255, below which a picture shows nothing to know it by."""
_WHOLE: Final = 0.97
"""A copy that shows less of a side than this was cropped."""

Candidate: TypeAlias = tuple[Places, Places, Vectors, int, int]
"""Places of the first and second, cosines, and the window and way of all of them."""


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
    for places in blocks(count):
        vectors[places] = _vectors(unpacked(fetch(places)))
    find = nearest(vectors)
    for places in blocks(count):
        greys = unpacked(fetch(places)).greys
        shown = _shown(vectors[places])
        gathered = [_none()]
        for window in range(len(WINDOWS)):
            low = frequencies(greys, window)[shown]
            asked = np.concatenate([_turned(low, way) for way in range(len(WAYS))])
            least, most = (_LEAST, _NEIGHBOURS) if window else (_WHOLE_LEAST, _WHOLE_NEIGHBOURS)
            rows, found, cosines = find(asked, least, most)
            for way in range(len(WAYS)):
                mine = rows // max(len(low), 1) == way
                first = places[shown][rows[mine] - way * len(low)]
                other = first != found[mine]
                near = found[mine][other], cosines[mine][other]
                gathered.append((first[other], *near, window, way))
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
    parts = [frequencies(own.greys, window) for window in range(len(WINDOWS))]
    asked = [np.concatenate([_turned(part, way) for way in range(len(WAYS))]) for part in parts]
    # A picture turned is the file where the picture is the file turned back.
    turned_back = np.concatenate([_turned(parts[0], opposite(w)) for w in range(len(WAYS))])

    def itself(places: Places) -> list[bytes]:
        return [imprint] * len(places)

    for places in blocks(count):
        others = unpacked(fetch(places))
        whole = _vectors(others)
        shown = _shown(whole)
        gathered, within = [_none()], [_none()]
        for window in range(len(WINDOWS)):
            of_it = _products(whole, asked[window])
            of_them = _products(_unit(frequencies(others.greys, window)), turned_back)
            least = _LEAST if window else _WHOLE_LEAST
            for way in range(len(WAYS)):
                near = np.flatnonzero(of_it[:, way] >= least)
                cosines = of_it[near, way]
                gathered.append((np.zeros_like(near), places[near], cosines, window, way))
                near = np.flatnonzero((of_them[:, way] >= least) & shown)
                cosines = of_them[near, way]
                within.append((places[near], np.zeros_like(near), cosines, window, way))
        yield from _looked_at(_joined(gathered), itself, fetch)
        yield from _looked_at(_joined(within), fetch, itself, swap=True)


def _products(rows: Vectors, with_few: Vectors) -> Vectors:
    """Products (n, m); not by BLAS, whose threads would wait for each other on a busy machine."""
    return np.asarray(np.einsum("nd,md->nm", rows, with_few))


def _none() -> Candidate:
    nothing = np.zeros(0, np.int64)
    return nothing, nothing, nothing.astype(np.float32), 0, 0


def _turned(low: Vectors, way: int) -> Vectors:
    return _unit(turned_frequencies(low, way))


def _unit(low: Vectors) -> Vectors:
    """Frequencies (n, LOW, LOW) without the mean, as unit vectors."""
    return unit_rows(low.reshape(len(low), LOW * LOW)[:, 1:])


def _vectors(pictures: Pictures) -> Vectors:
    """Unit vectors (n, d) of pictures, zero for those that show nothing."""
    rows = _unit(frequencies(pictures.greys))
    rows[np.diff(pictures.ranges, axis=1)[:, 0] < _FLAT] = 0
    return rows


def _shown(vectors: Vectors) -> NDArray[np.bool_]:
    """Which pictures show anything."""
    return np.asarray(np.abs(vectors).max(axis=1) > 0)


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
    candidates: tuple[Places, Places, Places, Places],
    fetch: Fetch,
    fetch_second: Fetch,
    swap: bool = False,
) -> Iterator[Pairs]:
    """Those candidates that are copies; with `swap` told from the side of the second."""
    for start in range(0, len(candidates[0]), BLOCK):
        first, second, windows, ways = (each[start : start + BLOCK] for each in candidates)
        looks = look(unpacked(fetch(first)), unpacked(fetch_second(second)), windows, ways)
        exact = is_exact(looks.scores, looks.parts, ways)
        same = np.flatnonzero(looks.same)
        changes = [_change(looks, ways, place, swap) for place in same.tolist()]
        first, second = (second, first) if swap else (first, second)
        yield Pairs(first[same], second[same], looks.scores[same], changes, exact[same])


def _change(looks: Looks, ways: Places, place: int, swap: bool) -> str:
    """What was done to one to make the other, in words."""
    way = int(ways[place])
    said = [WAYS[opposite(way) if swap else way]]
    if looks.parts[place, 2:].min() < _WHOLE:
        said.append("uncropped" if swap else "cropped")
    return ", ".join(word for word in said if word)
