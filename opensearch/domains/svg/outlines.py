"""Where the outline of a path lies.

Source:
    W3C, SVG 1.1, chapter 8.3 (path data) and appendix F.6 (elliptical arcs).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.svg.size import NUMBER, NUMERAL

Points = NDArray[np.float64]
"""Of shape (n, 2), x and y."""

_COMMAND: Final = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_ARC: Final = re.compile(
    # A number begins where none goes on.
    rf"(?:(?<![\d.])|(?=[-+.]))({NUMERAL})[\s,]*+({NUMERAL})[\s,]*+"
    rf"({NUMERAL})[\s,]*+([01])[\s,]*+([01])"
    rf"[\s,]*+({NUMERAL})[\s,]*+({NUMERAL})"
)
_TAKES: Final = {"M": 2, "L": 2, "T": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "Z": 0}
# A curve is looked at in so many places: its box is right to a hundredth of its size.
_PLACES: Final = np.linspace(0, 1, 17)[:, None]


def path_points(data: str) -> Points:
    """Points of a path's outline, near enough to each other to tell the box around it."""
    return np.concatenate([np.empty((0, 2)), *_pieces(data)])


def path_length(data: str) -> float:
    """How long the lines of a path are together, to a thousandth."""
    return sum(line_length(piece) for piece in _pieces(data))


def line_length(points: Points) -> float:
    """How long a line from point to point is."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _pieces(data: str) -> Iterator[Points]:
    """The points of each piece; what cannot be understood ends the path, as it does on a page."""
    at, start = np.zeros(2), np.zeros(2)
    handle, before = at, ""
    for command, text in _COMMAND.findall(data):
        kind = command.upper()
        for numbers in _groups(kind, text):
            base = at if command.islower() else np.zeros(2)
            if kind == "Z":
                yield np.array([at, start])
                at, handle = start, start
                continue
            if kind == "A":
                piece = _arc(at, numbers, base)
            else:
                control = [at, *_controls(kind, numbers, base, at)]
                if kind in "ST":
                    mirrored = 2 * at - handle if before in ("CS" if kind == "S" else "QT") else at
                    control.insert(1, mirrored)
                handle = control[-2]
                piece = _bezier(control)
            at, before = piece[-1], kind
            if kind == "M":
                start, kind, piece = at, "L", piece[-1:]
            yield piece
        before = kind


def _groups(kind: str, text: str) -> Iterator[list[float]]:
    """The numbers of one command after the other."""
    if kind == "A":
        yield from ([float(word) for word in found] for found in _ARC.findall(text))
        return
    numbers, size = [float(word) for word in NUMBER.findall(text)], _TAKES[kind]
    if size == 0:
        yield []
    for start in range(0, len(numbers) - size + 1, size or 1) if size else ():
        yield numbers[start : start + size]


def _controls(kind: str, numbers: list[float], base: Points, at: Points) -> list[Points]:
    if kind == "H":
        return [np.array([base[0] + numbers[0], at[1]])]
    if kind == "V":
        return [np.array([at[0], base[1] + numbers[0]])]
    return [base + np.array(numbers[start : start + 2]) for start in range(0, len(numbers), 2)]


def _bezier(control: list[Points]) -> Points:
    """Points of a curve of any degree."""
    if len(control) == 2:
        return np.array(control)
    points: list[Points] = [np.broadcast_to(each, (len(_PLACES), 2)) for each in control]
    while len(points) > 1:  # de Casteljau's construction
        points = [one + (other - one) * _PLACES for one, other in itertools.pairwise(points)]
    return points[0]


def _arc(start: Points, numbers: list[float], base: Points) -> Points:
    rx, ry, tilt, large, sweep = abs(numbers[0]), abs(numbers[1]), *numbers[2:5]
    end = base + np.array(numbers[5:])
    if rx == 0 or ry == 0 or bool((start == end).all()):
        return np.array([start, end])
    angle = math.radians(tilt)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    half = turn @ (start - end) / 2 / [rx, ry]
    size = float(half @ half)
    if size > 1:  # the radii are too short to reach
        rx, ry, half = rx * math.sqrt(size), ry * math.sqrt(size), half / math.sqrt(size)
        size = 1.0
    aside = math.sqrt(max(1 / size - 1, 0)) * (-1 if large == sweep else 1)
    middle = aside * np.array([half[1], -half[0]])
    first, last = (math.atan2(*(ends - middle)[::-1]) for ends in (half, -half))
    if sweep and last < first:
        last += 2 * math.pi
    elif not sweep and last > first:
        last -= 2 * math.pi
    angles = first + (last - first) * np.linspace(0, 1, 4 * len(_PLACES))
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points: Points = (unit + middle) * [rx, ry] @ turn + (start + end) / 2
    points[-1] = end
    return points
