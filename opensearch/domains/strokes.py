"""QuickDraw drawings: strokes in an .ndjson file, one drawing a line.

Source:
    https://github.com/googlecreativelab/quickdraw-dataset: `word`, and `drawing` as strokes
    [[x, ...], [y, ...]] (simplified) or [[x, ...], [y, ...], [t, ...]] (raw).
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from opensearch.config import Limits
from opensearch.domains.limits import check_bytes
from opensearch.errors import OverLimit, UnreadableFile

_MOST_POINTS = 200_000
_CHUNK = 2**22
# Ink width and the free border, as shares of the drawing's longer side.
_PEN, _BORDER = 0.02, 0.06
_OVERSAMPLING = 2


def draw_ndjson(path: Path, part: int | None, limits: Limits, longest: int) -> Image.Image:
    """Draw one line of strokes on white, RGB, longer side `longest` pixels.

    Args:
        path: the .ndjson file.
        part: line number from 1; None takes the first line.
        limits: a line may hold `limits.bytes`.
        longest: pixels.

    Raises:
        UnreadableFile: no such line, or a line that is no drawing.
        OverLimit: a line or a drawing too large.
    """
    text = read_line(path, 1 if part is None else part, limits)
    return draw_strokes(_strokes(json.loads(text)), longest)


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
        OSError: the file cannot be read.
    """
    status = os.stat(path)
    return _spans(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _spans(path: Path, size: int, mtime_ns: int) -> NDArray[np.int64]:
    ends, offset = [], 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
            ends.append(found.astype(np.int64) + offset)
            offset += len(chunk)
    stops = np.concatenate([*ends, [offset]]) if offset else np.zeros(0, np.int64)
    starts = np.concatenate([[0], stops[:-1] + 1]) if offset else stops
    spans = np.stack([starts, stops], axis=1)
    return spans[:-1] if offset and spans[-1, 0] == spans[-1, 1] else spans


def _strokes(record: Any) -> list[NDArray[np.float64]]:
    """The strokes of a record, each of shape (points, 2)."""
    drawing = record.get("drawing") if isinstance(record, dict) else record
    if not isinstance(drawing, list):
        raise UnreadableFile("has no list named 'drawing'")
    if sum(len(stroke[0]) for stroke in drawing) > _MOST_POINTS:
        raise OverLimit(f"has over {_MOST_POINTS:,} points")
    strokes = [np.array([stroke[0], stroke[1]], np.float64).T for stroke in drawing if stroke[0]]
    if not strokes:
        raise UnreadableFile("has no ink")
    if not all(np.isfinite(stroke).all() for stroke in strokes):
        raise UnreadableFile("has points that are not finite numbers")
    return strokes


def draw_strokes(strokes: list[NDArray[np.float64]], longest: int) -> Image.Image:
    """Strokes, each (points, 2), scaled to fit and drawn black on a white square."""
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
