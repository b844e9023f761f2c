"""Copies among drawings of strokes: points of the one that has fewer, on lines of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from opensearch.imprints.kinds import STROKES
from opensearch.imprints.laying import Drawings, laid
from opensearch.imprints.pairs import (
    BLOCK,
    Apart,
    Fetch,
    Neighbours,
    Pairs,
    Places,
    Vectors,
    blocks,
    unit_rows,
)
from opensearch.imprints.strokes import Drawing, Points, drawing_of
from opensearch.imprints.turning import LOW, WAYS, opposite, turned_frequencies
from opensearch.progress import Progress

_NEIGHBOURS, _LEAST = 48, 0.75
"""Nearest by low frequencies that are looked at, many since copies of one crowd each other out,
and their least cosine."""
_REACH, _BLUR = 2.5, 0.15
"""How far frequencies reach from the middle of lines, and how they are blurred, in root mean
square distances of lines from their middle."""
_PLACES: Final = 256
"""Places along lines that frequencies are made of."""

# Distances are shares of the longer side: of points from lines in the root mean square, of lines
# from lines in the mean. A few points may lie on lines by chance: more points may miss more.
_ON, _MISSED, _MISSED_A_POINT, _FREE = 0.005, 0.1, 0.012, 3
# What was shaken lies beside its lines, but misses none of the others.
_BESIDE, _MISSED_BESIDE = 0.0135, 0.0105
# Points that lie on points, of which there are at most so many times as many, agree less by chance.
_NEAR, _TIMES, _MISSED_A_CORNER = 0.02, 4, 0.045
_OPPOSITE: Final = np.array([opposite(way) for way in range(len(WAYS))])


def stroke_pairs(
    count: int,
    fetch: Fetch,
    nearest: Callable[[Vectors], Neighbours],
    told: Progress,
    apart: Apart,
) -> Iterator[Pairs]:
    """Copies among drawings of strokes; see `pairs.Matcher`. Other imprints are passed over."""
    drawn, low = _drawn(count, fetch)
    if len(drawn) < 2:
        return
    find = nearest(_turned(low, 0))
    for block in blocks(len(drawn)):
        asked = np.concatenate([_turned(low[block], way) for way in range(len(WAYS))])
        rows, found, _ = find(asked, _LEAST, _NEIGHBOURS)
        first, ways = block[rows % len(block)], rows // len(block)
        swap = first > found
        ways[swap] = _OPPOSITE[ways[swap]]
        both = np.sort(np.stack([first, found]), axis=0)
        candidates = np.unique(np.vstack([both, ways])[:, first != found], axis=1)
        for start in range(0, candidates.shape[1], BLOCK):
            first, second, ways = candidates[:, start : start + BLOCK]
            first, second = drawn[first], drawn[second]
            new = apart(first, second)
            yield _matched(first[new], second[new], ways[new], fetch, fetch)
        told("strokes", int(block[-1]) + 1, len(drawn))


def stroke_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    """Copies of one drawing among others; see `pairs.Matcher`."""
    if imprint[:1] != STROKES:
        return
    own = _low_frequencies(drawing_of(imprint))[None]
    asked = np.concatenate([_turned(own, way) for way in range(len(WAYS))])
    drawn, low = _drawn(count, fetch)
    # Not by BLAS, whose threads would wait for each other on a busy machine.
    cosines = np.einsum("nd,wd->nw", _turned(low, 0), asked)
    places, ways = np.nonzero(cosines >= _LEAST)
    for start in range(0, len(places), BLOCK):
        second, way = drawn[places[start : start + BLOCK]], ways[start : start + BLOCK]
        yield _matched(np.zeros_like(second), second, way, lambda _: [imprint] * len(_), fetch)


def strokes_between(first: Places, second: Places, fetch: Fetch) -> Iterator[Pairs]:
    """Those pairs of drawings of strokes that are copies; see `pairs.Matcher`."""
    for start in range(0, len(first), BLOCK):
        one, other = first[start : start + BLOCK], second[start : start + BLOCK]
        both = list(zip(fetch(one), fetch(other), strict=True))
        drawn = [at for at, (a, b) in enumerate(both) if a[:1] == b[:1] == STROKES]
        if not drawn:
            continue
        low = [
            np.stack([_low_frequencies(drawing_of(both[at][side])) for at in drawn])
            for side in (0, 1)
        ]
        cosines = [(_turned(low[0], w) * _turned(low[1], 0)).sum(axis=1) for w in range(len(WAYS))]
        ways, rows = np.nonzero(np.stack(cosines) >= _LEAST)
        at = np.array(drawn)[rows]
        yield _matched(one[at], other[at], ways, fetch, fetch)


def _drawn(count: int, fetch: Fetch) -> tuple[Places, Vectors]:
    """Places of the drawings of strokes, and their low frequencies (n, LOW, LOW)."""
    places: list[int] = []
    low = [np.zeros((0, LOW, LOW), np.float32)]
    for block in blocks(count):
        for place, imprint in zip(block.tolist(), fetch(block), strict=True):
            if imprint[:1] == STROKES:
                places.append(place)
                low.append(_low_frequencies(drawing_of(imprint))[None])
    return np.array(places, np.int64), np.concatenate(low)


def _low_frequencies(drawing: Drawing) -> Vectors:
    """Low frequencies of lines, blurred, relative to their root mean square radius, (LOW, LOW)."""
    places = drawing.along(_PLACES)
    places = places - places.mean(axis=0)
    size = np.sqrt((places**2).sum(axis=1).mean())
    places = np.clip(places / (2 * _REACH * max(size, 1e-6)) + 0.5, 0, 1)
    waves = np.cos(np.pi * np.arange(LOW)[:, None, None] * places)
    blur = np.exp(-((np.pi * np.arange(LOW) * _BLUR / (2 * _REACH)) ** 2) / 2)[:, None]
    across, down = waves[..., 0] * blur, waves[..., 1] * blur
    return np.asarray(np.einsum("kn,ln->kl", down, across), np.float32)


def _turned(low: Vectors, way: int) -> Vectors:
    """Unit vectors (n, d) of low frequencies, turned."""
    return unit_rows(turned_frequencies(low, way).reshape(len(low), LOW * LOW)[:, 1:])


def _matched(
    first: Places, second: Places, ways: Places, fetch: Fetch, fetch_second: Fetch
) -> Pairs:
    """Those candidates that are copies; a pair may come in more than one way."""
    missed = _missed([*fetch(first)], [*fetch_second(second)], ways)
    kept = np.flatnonzero(np.isfinite(missed))
    simplified = missed[kept] > _MISSED_BESIDE
    said = [
        [WAYS[way], "simplified" if less else ""]
        for way, less in zip(ways[kept].tolist(), simplified.tolist(), strict=True)
    ]
    changes = [", ".join(word for word in words if word) for words in said]
    exact = (ways[kept] == 0) & ~simplified
    return Pairs(first[kept], second[kept], 1 - missed[kept], changes, exact)


def _missed(ones: list[bytes], others: list[bytes], ways: Places) -> Points:
    """How far lines of the ones are from those of the others, in the mean; infinite if no copies.

    The points of the drawing that has fewer are laid on the lines of the other.
    """
    if not ones:
        return np.zeros(0, np.float32)
    every = {imprint: place for place, imprint in enumerate(dict.fromkeys(ones + others))}
    drawings = Drawings.of([drawing_of(imprint) for imprint in every])
    one, other = (np.array([every[imprint] for imprint in some]) for some in (ones, others))
    counts = drawings.counts
    # Laying the one on the other, or the other, turned back, on the one.
    swap = counts[one] > counts[other]
    few, many = np.where(swap, other, one), np.where(swap, one, other)
    ways = np.where(swap, _OPPOSITE[ways], ways)
    return _laid_on(drawings.at(few).turned(ways), drawings.at(many))


def _laid_on(few: Drawings, many: Drawings) -> Points:
    """What n drawings miss of others of as many points or more; infinite if they are no copies."""
    spare = few.counts - _FREE
    lies = laid(few, many)
    same = (lies.off <= _ON) & (lies.missed <= np.minimum(_MISSED, _MISSED_A_POINT * spare))
    same |= (lies.off <= _BESIDE) & (lies.missed <= _MISSED_BESIDE) & (spare > 0)
    missed = np.where(same, lies.missed, np.float32(np.inf))
    again = ~same & (lies.off <= _NEAR) & (many.counts <= _TIMES * few.counts)
    again = np.flatnonzero(again)
    lies, most = laid(few.at(again), many.at(again).dots(), lies.at(again)), spare[again]
    same = (lies.off <= _ON) & (lies.missed <= np.minimum(_MISSED, _MISSED_A_CORNER * most))
    missed[again[same]] = lies.missed[same]
    return missed
