"""QuickDraw drawings: strokes in an .ndjson file, one drawing a line.

Source:
    https://github.com/googlecreativelab/quickdraw-dataset: `word`, and `drawing` as strokes
    [[x, ...], [y, ...]] (simplified) or [[x, ...], [y, ...], [t, ...]] (raw). Strokes as points,
    [[x, y], ...], are read, too, where one of them has more than four, or three whose third cannot
    be times; and so is what other programs write: `strokes` in place of `drawing`, {"x": [...],
    "y": [...]}, points as {"x": x, "y": y}, alone or as `points` of a stroke, and the whole
    drawing as a text of JSON.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from opensearch.domains.limits import check_bytes
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

Strokes: TypeAlias = list[NDArray[np.float64]]
"""Each of shape (points, 2), x and y down."""

_MOST_POINTS = 200_000
# Rows of a stroke: x, y, time, and the pressure of a pen.
_MOST_ROWS = 4
_CHUNK = 2**22
# A drawing takes a hundred bytes: a file of more lines is none of drawings.
_MOST_LINES = 20_000_000
# So many are looked through for a drawing where none is asked for.
_BLANK_LINES = 100
# Ink width and the free border, as shares of the drawing's longer side.
_PEN, _BORDER = 0.02, 0.06
_OVERSAMPLING = 2
# Tools whose strokes take ink away.
_ERASERS = frozenset({"eraser", "erase", "rubber"})
# A point further off than so many times the longer side of all lines is a speck.
_FAR = 1.0


def read_strokes(path: Path, part: int | None, limits: Limits) -> Strokes:
    """The strokes of one line, one or more.

    Args:
        path: the .ndjson file.
        part: line number from 1; None takes the first that holds something.
        limits: a line may hold `limits.bytes`.

    Raises:
        UnreadableFile: no such line, or a line that is no drawing.
        OverLimit: a line or a drawing too large.
    """
    text = read_line(path, _first(path, limits) if part is None else part, limits)
    try:
        record = json.loads(text)
    except ValueError as error:
        raise UnreadableFile(f"is not JSON: {error}; each line must be a drawing") from error
    return _strokes(record)


def _first(path: Path, limits: Limits) -> int:
    """The first line that holds something, or the first."""
    for part in range(1, min(len(line_spans(path)), _BLANK_LINES) + 1):
        if read_line(path, part, limits).strip():
            return part
    return 1


def read_line(path: Path, part: int, limits: Limits) -> bytes:
    """The bytes of line `part` (from 1) of a file, without its newline.

    Raises:
        UnreadableFile: the file cannot be opened or has no such line.
        OverLimit: the line is over `limits.bytes`.
    """
    try:
        spans = line_spans(path)
        if not 1 <= part <= len(spans):
            raise UnreadableFile(f"has {len(spans)} lines; there is no line {part}")
        start, stop = (int(at) for at in spans[part - 1])
        check_bytes(stop - start, limits)
        with path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened: {error.strerror or error}") from error


def line_spans(path: Path) -> NDArray[np.int64]:
    """Where each line of a file starts and stops, shape (lines, 2), newlines left out.

    Kept for a few files at a time, so that reading the lines one by one costs one scan.

    Raises:
        OSError: the file cannot be read, or is none: a pipe would be waited for.
        OverLimit: it has too many lines.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    return _spans(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _spans(path: Path, size: int, mtime_ns: int) -> NDArray[np.int64]:
    offset = size
    ends = _found(path, b"\n")
    if not len(ends):
        ends = _found(path, b"\r")  # which no JSON has within a line
    stops = np.concatenate([ends, [offset]]) if offset else np.zeros(0, np.int64)
    starts = np.concatenate([[0], stops[:-1] + 1]) if offset else stops
    spans = np.stack([starts, stops], axis=1)
    return spans[:-1] if offset and spans[-1, 0] == spans[-1, 1] else spans


def _found(path: Path, mark: bytes) -> NDArray[np.int64]:
    """The positions of a byte in a file."""
    found, offset, count = [np.empty(0, np.int64)], 0, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            places = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord(mark))
            found.append(places.astype(np.int64) + offset)
            offset += len(chunk)
            count += len(places)
            if count > _MOST_LINES:
                raise OverLimit(f"has over {_MOST_LINES:,} lines")
    return np.concatenate(found)


def _strokes(record: Any) -> Strokes:
    """The strokes of a record."""
    drawing = _drawing(record)
    _check_rows(drawing)
    if sum(_length(stroke) for stroke in drawing) > _MOST_POINTS:
        raise OverLimit(f"has over {_MOST_POINTS:,} points")
    as_points = _are_points(drawing)
    try:
        rows = [np.array(s if as_points else list(zip(*s[:2], strict=True))) for s in drawing]
        strokes = [row.astype(np.float64)[:, :2] for row in rows if len(row)]
    except (ValueError, TypeError, IndexError) as error:
        raise UnreadableFile(
            "has a stroke that is neither [[x, ...], [y, ...]] nor [[x, y], ...] in numbers"
        ) from error
    if not strokes:
        raise UnreadableFile("has no ink")
    if not all(np.isfinite(stroke).all() for stroke in strokes):
        raise UnreadableFile("has points that are not finite numbers")
    return _without_specks(strokes)


def _without_specks(strokes: Strokes) -> Strokes:
    """Strokes without single points so far off that they alone would make the drawing small."""
    lines = [stroke for stroke in strokes if len(stroke) > 1]
    if not lines or len(lines) == len(strokes):
        return strokes
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    with np.errstate(over="ignore"):
        reach = _FAR * float((high - low).max())
        if not reach:
            return strokes
        inside = [((low - reach <= s) & (s <= high + reach)).all() for s in strokes]
    near = [s for s, here in zip(strokes, inside, strict=True) if here or len(s) > 1]
    # Many points are stars in the sky or snow, not slips of the pen.
    return near if len(strokes) - len(near) <= max(1, len(lines) // 4) else strokes


def _check_rows(drawing: list[Any]) -> None:
    """Refuse steps of a pen, one a row, by the name of their format."""
    sides = {len(row) if isinstance(row, list) else 0 for row in drawing}
    if sides not in ({3}, {5}) or not all(isinstance(x, int | float) for r in drawing for x in r):
        return
    if all(set(row[2:]) <= {0, 1} for row in drawing):
        raise UnreadableFile(
            f"looks like stroke-{sides.pop()}, steps [dx, dy, pen, ...] of a pen; add them up to"
            " strokes [[x, ...], [y, ...]]"
        )


def _drawing(record: Any) -> list[Any]:
    """The list of strokes in a record, each as lists of numbers."""
    found = record.get("drawing", record.get("strokes")) if isinstance(record, dict) else record
    if isinstance(found, str):
        with suppress(ValueError):
            found = json.loads(found)
    if not isinstance(found, list):
        raise UnreadableFile("has no list named 'drawing'")
    if any(isinstance(each, dict) and {"drawing", "strokes"} & each.keys() for each in found):
        raise UnreadableFile("holds several drawings; write each on a line of its own")
    drawn = [stroke for stroke in found if not _erases(stroke)]
    if found and not drawn:
        raise UnreadableFile("has no ink: an eraser made all of its strokes")
    return [_as_lists(stroke) for stroke in drawn]


def _erases(stroke: Any) -> bool:
    said = (stroke.get("tool"), stroke.get("type")) if isinstance(stroke, dict) else ()
    return any(isinstance(name, str) and name.strip().lower() in _ERASERS for name in said)


def _as_lists(stroke: Any) -> Any:
    """A stroke of objects as its rows of x and y; any other as it is."""
    points = stroke.get("points", stroke) if isinstance(stroke, dict) else stroke
    if isinstance(points, dict) and {"x", "y"} <= points.keys():
        return [points["x"], points["y"]]
    if isinstance(points, list) and points and all(isinstance(point, dict) for point in points):
        return [[point.get(axis) for point in points] for axis in "xy"]
    return points


def _length(stroke: Any) -> int:
    """Numbers or points in a stroke, in either order."""
    if not isinstance(stroke, list) or not all(isinstance(part, list) for part in stroke):
        raise UnreadableFile("has a stroke that is not a list of lists")
    return max((len(stroke), *map(len, stroke)))


def _are_points(drawing: list[list[list[Any]]]) -> bool:
    """Whether strokes are [[x, y], ...], as other programs write them.

    Then one has more parts than a stroke has rows, or its third part cannot be times.
    """
    if any(len(part) > _MOST_ROWS for stroke in drawing for part in stroke):
        return False
    return any(_is_points(stroke) for stroke in drawing)


def _is_points(stroke: list[list[Any]]) -> bool:
    if not all(2 <= len(part) <= _MOST_ROWS for part in stroke):
        return False
    return len(stroke) > _MOST_ROWS or (len(stroke) > 2 and not _goes_on(stroke[2]))


def _goes_on(times: list[Any]) -> bool:
    """Whether these may be times of points, which never decrease; two of them must increase."""
    if not any(times) or not all(isinstance(time, int | float) for time in times):
        return True
    return times == sorted(times) and (len(times) > 2 or times[0] < times[1])


def draw_strokes(strokes: Strokes, longest: int) -> Image.Image:
    """Strokes scaled to fit and drawn black on a white square."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    side = longest * _OVERSAMPLING
    scale = side * (1 - 2 * _BORDER) / max(float((high - low).max()), 1e-9)
    width = max(1, round(_PEN * side))
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        line = (stroke - (low + high) / 2) * scale + side / 2
        _draw_line(pen, [(float(x), float(y)) for x, y in line], width)
    return image.resize((longest, longest), Image.Resampling.BOX).convert("RGB")


def _draw_line(pen: ImageDraw.ImageDraw, line: list[tuple[float, float]], width: int) -> None:
    pen.line(line, fill=0, width=width, joint="curve")
    reach = width / 2
    for x, y in (line[0], line[-1]):
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=0)
