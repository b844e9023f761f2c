"""Copies among drawings of strokes: points of the one that has fewer, on lines of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from opensearch.imprints.kinds import STROKES
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
from opensearch.imprints.strokes import Drawing, Points, drawing_of, off_lines
from opensearch.imprints.turning import LOW, WAYS, opposite, turned_frequencies
from opensearch.progress import Progress

_NEIGHBOURS, _LEAST = 24, 0.75
"""Nearest by low frequencies that are looked at, many since copies of one crowd each other out,
and their least cosine."""
_REACH, _BLUR = 2.5, 0.15
"""How far frequencies reach from the middle of lines, and how they are blurred, in root mean
square distances of lines from their middle."""
_PLACES: Final = 256
_CHECKED: Final = 64
"""Places along lines that frequencies are made of, and that a copy must pass by."""

_ROUNDS: Final = 8
_CLOSE: Final = 0.002
_HOPELESS: Final = 0.05
"""Steps end where points lie as near to the lines as the one, or farther than the other."""
_LOOSE: Final = 0.03
"""Beyond the median distance, how far from the lines a point counts half as much as on them."""
_SMALLEST, _LARGEST = 0.7, 1.4

# Distances are shares of the longer side: of points from lines in the root mean square, of lines
# from lines in the mean. A few points may lie on lines by chance: more points may miss more.
_ON, _MISSED, _MISSED_A_POINT, _FREE = 0.005, 0.1, 0.012, 3
# What was shaken lies beside its lines, but misses none of the others.
_BESIDE, _MISSED_BESIDE = 0.0135, 0.0105
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
    kept, scores, changes, exact = [], [], [], []
    imprints = zip(fetch(first), fetch_second(second), ways.tolist(), strict=True)
    for at, (one, other, way) in enumerate(imprints):
        missed = _missed(drawing_of(one).turned(way), drawing_of(other))
        if missed is None:
            continue
        simplified = missed > _MISSED_BESIDE
        said = [WAYS[way], "simplified" if simplified else ""]
        kept.append(at)
        scores.append(1 - missed)
        changes.append(", ".join(word for word in said if word))
        exact.append(not way and not simplified)
    return Pairs(
        first[kept], second[kept], np.array(scores, np.float32), changes, np.array(exact, np.bool_)
    )


def _missed(one: Drawing, other: Drawing) -> float | None:
    """How far lines of the one are from those of the other, in the mean; None if it is no copy.

    The points of the drawing that has fewer are laid on the lines of the other, step by step.

    Source:
        Besl and McKay, "A Method for Registration of 3-D Shapes", PAMI 1992.
    """
    few, many = sorted((one, other), key=lambda drawing: len(drawing.points))
    if len(few.points) <= _FREE:
        return None
    scale, by = _first_move(few.along(_CHECKED), many.along(_CHECKED))
    for turn in range(_ROUNDS):
        moved = few.moved(scale, by)
        away, nearest = off_lines(moved.points, many.starts, many.stops)
        off = float(np.sqrt((away**2).mean()))
        if off <= _CLOSE or (off > _HOPELESS and turn):
            break
        loose = np.float32(_LOOSE) + np.median(away)
        scale, by = _move(
            few.points, nearest, np.asarray(1 / (1 + (away / loose) ** 2), np.float32)
        )
    if off > _BESIDE:
        return None
    missed = float(off_lines(many.along(_CHECKED), moved.starts, moved.stops)[0].mean())
    most = min(_MISSED, _MISSED_A_POINT * (len(few.points) - _FREE)) if off <= _ON else 0
    return missed if missed <= max(most, _MISSED_BESIDE) else None


def _first_move(places: Points, wanted: Points) -> tuple[float, Points]:
    """Scale and then step that bring places (n, 2) to the middle and the size of others."""
    middle, there = places.mean(axis=0), wanted.mean(axis=0)
    size = float(np.linalg.norm(places - middle))
    scale = float(np.linalg.norm(wanted - there)) / max(size, 1e-6)
    return scale, there - scale * middle


def _move(points: Points, wanted: Points, weights: Points) -> tuple[float, Points]:
    """Scale and then step that bring points (n, 2) nearest to others, squares weighted (n,)."""
    weights = weights[:, None] / weights.sum()
    middle, there = (weights * points).sum(axis=0), (weights * wanted).sum(axis=0)
    points = points - middle
    square = float((weights * points**2).sum())
    scale = float((weights * points * (wanted - there)).sum()) / max(square, 1e-9)
    scale = min(max(scale, _SMALLEST), _LARGEST)
    return scale, there - scale * middle
