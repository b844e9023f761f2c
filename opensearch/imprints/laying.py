"""Laying the points of drawings on the lines of others, many pairs at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from opensearch.imprints.pairs import Places
from opensearch.imprints.strokes import Drawing, Points, off_lines

_CHECKED: Final = 64
"""Places along lines that a copy must pass by."""
_AT_ONCE: Final = 2**17
"""Distances in work at once: what they need stays in the processor's cache."""

_ROUNDS: Final = 8
_FIRST: Final = 16
"""Points that are laid first, in two steps: enough to tell which pairs are hopeless."""
_CLOSE: Final = 0.002
_HOPELESS: Final = 0.05
"""Steps end where points lie as near to the lines as the one, or farther than the other."""
_NEARER: Final = 0.98
"""They end, too, where a step brings points no nearer than that."""
_LOOSE: Final = 0.03
"""Beyond the median distance, how far from the lines a point counts half as much as on them."""
_SMALLEST, _LARGEST = 0.7, 1.4


@dataclass(frozen=True)
class Drawings:
    """Drawings of strokes, n of them, each filled up with its own first point and line.

    Attributes:
        counts: points of each, shape (n,).
        lines: lines of each, shape (n,).
        points: shape (n, most points, 2).
        starts: of the lines, shape (n, most lines, 2).
        stops: shape (n, most lines, 2).
        along: places at even distances along the lines, shape (n, 64, 2).
    """

    counts: Places
    lines: Places
    points: Points
    starts: Points
    stops: Points
    along: Points

    @staticmethod
    def of(drawings: Sequence[Drawing]) -> Drawings:
        """One or more drawings, each of a point or more."""
        return Drawings(
            np.array([len(each.points) for each in drawings]),
            np.array([len(each.starts) for each in drawings]),
            _filled([each.points for each in drawings]),
            _filled([each.starts for each in drawings]),
            _filled([each.stops for each in drawings]),
            np.stack([each.along(_CHECKED) for each in drawings]),
        )

    def at(self, rows: Places) -> Drawings:
        """Some of them, filled up no more than they need."""
        counts, lines = self.counts[rows], self.lines[rows]
        points, most = counts.max(initial=1), lines.max(initial=1)
        return Drawings(
            counts,
            lines,
            self.points[rows, :points],
            self.starts[rows, :most],
            self.stops[rows, :most],
            self.along[rows],
        )

    def dots(self) -> Drawings:
        """Their points without the lines between them."""
        return replace(self, lines=self.counts, starts=self.points, stops=self.points)

    def thinned(self, most: int) -> Drawings:
        """With at most so many of their points; the lines between them stay."""
        counts = np.minimum(self.counts, most)
        places = np.arange(most) * self.counts[:, None] // np.maximum(counts, 1)[:, None]
        places = np.where(np.arange(most) < counts[:, None], places, 0)
        return replace(
            self, counts=counts, points=np.take_along_axis(self.points, places[..., None], axis=1)
        )

    def turned(self, ways: Places) -> Drawings:
        """Each turned one of the ways of `turning.WAYS`, shape (n,), somewhere else."""
        signs = 1 - 2 * np.stack([ways & 1, ways >> 1 & 1], axis=1).astype(np.float32)[:, None]
        swapped = (ways & 4 > 0)[:, None, None]

        def turn(places: Points) -> Points:
            return np.asarray(np.where(swapped, places[..., ::-1], places) * signs, np.float32)

        return replace(
            self,
            points=turn(self.points),
            starts=turn(self.starts),
            stops=turn(self.stops),
            along=turn(self.along),
        )


@dataclass(frozen=True)
class Laid:
    """How n drawings were laid on others, and how well they lie there, in shares of a longer side.

    Attributes:
        scales: shape (n,).
        moves: of the drawings, once scaled, shape (n, 2).
        off: distances of their points from what they were laid on, root mean square, shape (n,).
        missed: distances of the others' lines from theirs, in the mean, shape (n,).
    """

    scales: Points
    moves: Points
    off: Points
    missed: Points

    def at(self, rows: Places) -> Laid:
        """Some of them."""
        return Laid(self.scales[rows], self.moves[rows], self.off[rows], self.missed[rows])

    def put(self, rows: Places, some: Laid) -> None:
        """Put some in the place of those that are there."""
        for name, every in vars(self).items():
            every[rows] = vars(some)[name]


def laid(few: Drawings, many: Drawings, before: Laid | None = None) -> Laid:
    """The points of n drawings moved and scaled, step by step, until they lie on lines of n others.

    Args:
        few: what is laid.
        many: what it is laid on, `Drawings.dots` for points alone.
        before: how it lies to begin with; else by its middle and size.

    Source:
        Besl and McKay, "A Method for Registration of 3-D Shapes", PAMI 1992.
    """
    begun = before or _in_parts(few.thinned(_FIRST), many, None, 2)
    far = np.full((2, len(begun.off)), np.inf, np.float32)
    done = Laid(begun.scales.copy(), begun.moves.copy(), *far)
    rows = np.flatnonzero(begun.off <= _HOPELESS)
    done.put(rows, _in_parts(few.at(rows), many.at(rows), begun.at(rows), _ROUNDS))
    return done


def _in_parts(few: Drawings, many: Drawings, before: Laid | None, rounds: int) -> Laid:
    count = len(few.counts)
    done = Laid(*(np.zeros((count, 2)[:axes], np.float32) for axes in (1, 2, 1, 1)))
    for rows in _of_one_size(few.counts, many.lines):
        start = before.at(rows) if before else None
        done.put(rows, _lay(few.at(rows), many.at(rows), start, rounds))
    return done


def _filled(rows: Sequence[Points]) -> Points:
    """Arrays (length, 2), each filled up with its first row, (n, most, 2)."""
    filled = np.empty((len(rows), max(map(len, rows)), 2), np.float32)
    for place, row in zip(filled, rows, strict=True):
        place[: len(row)], place[len(row) :] = row, row[0]
    return filled


def _of_one_size(points: Places, lines: Places) -> Iterator[Places]:
    """Rows of pairs that have about as many points, and about as many lines, to lay them on."""
    about = np.ceil(np.log2(points)).astype(np.int64)
    order = np.lexsort((-lines, about))
    for same in np.split(order, np.flatnonzero(np.diff(about[order])) + 1):
        start = 0
        while start < len(same):
            distances = int(2 ** about[same[start]] * lines[same[start]])
            stop = start + max(_AT_ONCE // distances, 1)
            yield same[start:stop]
            start = stop


def _lay(few: Drawings, many: Drawings, before: Laid | None, rounds: int) -> Laid:
    """Lay drawings of about one size."""
    weights = (np.arange(few.points.shape[1]) < few.counts[:, None]).astype(np.float32)
    start = (before.scales, before.moves) if before else _first_move(few.along, many.along)
    scale, by = (each.copy() for each in start)
    left, every = np.arange(len(scale)), np.full_like(scale, np.inf)
    done = Laid(scale, by, every, every.copy())
    for turn in range(rounds):
        moved = few.points[left] * scale[left, None, None] + by[left, None]
        away, nearest = off_lines(moved, many.starts[left], many.stops[left])
        off = np.sqrt((weights[left] * away**2).sum(axis=1) / few.counts[left])
        hopeful = (off <= _HOPELESS) & (off <= _NEARER * done.off[left])
        going = (off > _CLOSE) & (hopeful | (turn == 0))
        done.off[left] = off
        if turn == rounds - 1 or not going.any():
            break
        left, away, nearest = left[going], away[going], nearest[going]
        loose = _LOOSE + _median(away, few.counts[left])
        drawn = weights[left] / (1 + (away / loose[:, None]) ** 2)
        scale[left], by[left] = _move(few.points[left], nearest, drawn)
    near = np.flatnonzero(done.off <= _HOPELESS)
    starts, stops = (
        each[near] * scale[near, None, None] + by[near, None] for each in (few.starts, few.stops)
    )
    done.missed[near] = off_lines(many.along[near], starts, stops)[0].mean(axis=1)
    return done


def _median(away: Points, counts: Places) -> Points:
    """Of the first `counts` (n,) of each row (n, p)."""
    away = np.where(np.arange(away.shape[1]) < counts[:, None], away, np.inf)
    away.sort(axis=1)
    rows = np.arange(len(away))
    return np.asarray((away[rows, (counts - 1) // 2] + away[rows, counts // 2]) / 2, np.float32)


def _first_move(places: Points, wanted: Points) -> tuple[Points, Points]:
    """Scales (n,) and then steps (n, 2) that bring places to the middle and the size of others."""
    middle, there = places.mean(axis=1), wanted.mean(axis=1)
    size, wide = (
        np.sqrt(((each - of[:, None]) ** 2).sum(axis=(1, 2)))
        for each, of in ((places, middle), (wanted, there))
    )
    scale = wide / np.maximum(size, np.float32(1e-6))
    return scale, there - scale[:, None] * middle


def _move(points: Points, wanted: Points, weights: Points) -> tuple[Points, Points]:
    """Scales (n,) and then steps (n, 2) that bring points nearest to others, by weights (n, p)."""
    weights = (weights / weights.sum(axis=1, keepdims=True))[..., None]
    middle, there = (weights * points).sum(axis=1), (weights * wanted).sum(axis=1)
    points = points - middle[:, None]
    square = (weights * points**2).sum(axis=(1, 2))
    scale = (weights * points * (wanted - there[:, None])).sum(axis=(1, 2))
    scale = np.clip(scale / np.maximum(square, np.float32(1e-9)), _SMALLEST, _LARGEST)
    return scale, there - scale[:, None] * middle
