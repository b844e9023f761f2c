"""The imprint of a drawing of strokes: that of its picture, and behind it the points of its lines.

A drawing without every other of its points looks different, but the points that are left lie on
its lines. So points are compared with lines, however many they are and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.kinds import STROKES
from opensearch.imprints.pictures import SIZE

Points = NDArray[np.float32]

_STEPS: Final = 255
"""Steps of a drawing's longer side, in which its points are kept."""
_MOST: Final = 512
"""Points kept of a drawing."""
_OFF: Final = 0.7
"""How far off the line between its neighbours a point is kept, steps; more where there are many."""


@dataclass(frozen=True)
class Drawing:
    """Lines of a drawing whose longer side is 1.

    Attributes:
        points: shape (n, 2), x and y down.
        starts: of the lines between points, shape (m, 2).
        stops: shape (m, 2).
    """

    points: Points
    starts: Points
    stops: Points

    def along(self, count: int) -> Points:
        """Places (count, 2) at even distances along the lines."""
        lengths = np.linalg.norm(self.stops - self.starts, axis=1) + 1e-9
        ends = np.cumsum(lengths)
        at = (np.arange(count) + 0.5) / count * ends[-1]
        line = np.minimum(np.searchsorted(ends, at), len(ends) - 1)
        share = 1 - (ends[line] - at) / lengths[line]
        places = self.starts[line] + share[:, None] * (self.stops - self.starts)[line]
        return np.asarray(places, np.float32)


def stroke_imprint(picture: bytes, strokes: Sequence[NDArray[np.floating]]) -> bytes:
    """The imprint of a drawing.

    Args:
        picture: its imprint as a picture.
        strokes: one or more, each of shape (points, 2), finite.
    """
    every = np.concatenate(strokes).astype(np.float64)
    low = every.min(axis=0)
    scale = _STEPS / max(float((every.max(axis=0) - low).max()), 1e-9)
    lines = [np.rint((stroke - low) * scale).astype(np.float32) for stroke in strokes[:_MOST]]
    off = _OFF
    lines = [_simplified(line, off) for line in lines]
    while sum(map(len, lines)) > _MOST and off < _STEPS:
        off *= 2
        lines = [_simplified(line, off) for line in lines]
    # The last of the three bytes of a point is 1 where a new stroke begins.
    firsts = np.concatenate([np.arange(len(line)) == 0 for line in lines])
    rows = np.column_stack([np.concatenate(lines), firsts])[:_MOST].astype(np.uint8)
    return STROKES + picture[1:] + rows.tobytes()


def drawing_of(imprint: bytes) -> Drawing:
    """The lines kept in an imprint of strokes."""
    rows = np.frombuffer(imprint[SIZE:], np.uint8).reshape(-1, 3)
    points = rows[:, :2].astype(np.float32) / np.float32(_STEPS)
    last = np.append(rows[1:, 2] == 1, True)
    dots = last & (rows[:, 2] == 1)  # lines of no length
    starts = np.flatnonzero(~last | dots)
    return Drawing(points, points[starts], points[np.where(dots[starts], starts, starts + 1)])


def off_lines(points: Points, starts: Points, stops: Points) -> tuple[Points, Points]:
    """How far points (n, p, 2) are from the nearest of lines (n, l, 2), and where it is nearest."""
    along = stops - starts
    square = np.maximum((along * along).sum(axis=2), 1e-12)[:, None]
    (over, down), (right, below) = (np.moveaxis(each, 2, 0)[:, :, None] for each in (along, starts))
    across = points[..., 0, None] - right
    under = points[..., 1, None] - below
    share = np.clip((across * over + under * down) / square, 0, 1)
    across -= share * over
    under -= share * down
    squares = across * across + under * under
    nearest = squares.argmin(axis=2)[..., None]
    away = np.concatenate(
        [np.take_along_axis(each, nearest, axis=2) for each in (across, under)], axis=2
    )
    return np.sqrt(np.take_along_axis(squares, nearest, axis=2)[..., 0]), points - away


def _simplified(line: Points, off: float) -> Points:
    """A line (n, 2) without the points that it hardly needs.

    Source:
        Ramer, CGIP 1972; Douglas and Peucker, Cartographica 1973.
    """
    new = np.ones(len(line), np.bool_)
    new[1:] = (np.diff(line, axis=0) != 0).any(axis=1)
    line = line[new]
    kept = np.zeros(len(line), np.bool_)
    kept[[0, -1]] = True
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        away = _off_line(line[first + 1 : last], line[first], line[last])
        furthest = first + 1 + int(away.argmax())
        if away.max() > off:
            kept[furthest] = True
            todo += [(first, furthest), (furthest, last)]
    return line[kept]


def _off_line(points: Points, start: Points, stop: Points) -> Points:
    """How far points (n, 2) are from the line between two, shape (n,); `off_lines` of one line."""
    along, apart = stop - start, points - start
    share = np.clip((apart * along).sum(axis=1) / max(float((along * along).sum()), 1e-12), 0, 1)
    apart -= share[:, None] * along
    return np.asarray(np.sqrt((apart * apart).sum(axis=1)), np.float32)
