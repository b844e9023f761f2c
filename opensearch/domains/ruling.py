"""Printed lines of paper, ruled or squared, taken from under a drawing."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.sheet import Plane

_Rows: TypeAlias = NDArray[np.int_]

_STRIPS: Final = 8
"""Strips of the sheet in which lines are taken to be straight and parallel."""
_STEEPEST: Final = 0.18
"""How far a line may be out of its row, share of its length."""
_TYPICAL: Final = 35
"""Percentile of what lies along a line, which strokes that cross it do not change."""
_FAINTEST: Final = 0.02
"""How much darker a printed line is than the paper beside it at the least."""
_FADED: Final = 0.4
"""Darkness of the faintest line, share of the usual one."""
_NEAR: Final = 1 / 12
"""Length over which the paper beside a line is looked at, share of the sheet."""
_LEAST: Final = 6
"""Lines in one direction, fewer than which are drawn and not printed."""
_EVEN: Final = 0.25
"""How far the distance of two neighbouring lines may be from the usual one, share of it."""
_EVENLY: Final = 0.6
"""Share of the distances that must be so."""
_MOST_STRIPS: Final = 0.5
"""Share of the strips that must show lines: drawings have none over most of the sheet."""
_SOFT: Final = 0.25
"""Darkness of a line's soft edge, share of the usual line's."""
_MORE: Final = 1.6
"""Times the usual darkness of the lines, above which ink lies on them."""
_INKED: Final = 1.05
"""Times what is taken away, above which a point on a line is ink."""
_GRAIN: Final = 0.06
"""And how much darker, at the least."""
_CLEARED: Final = 1.2
"""Times a line's darkness that is taken away, for its grain."""


def without_ruling(dark: Plane) -> Plane:
    """The darkness (h, w) of a sheet without what many even lines across it account for.

    Lines are printed where there are several of them, evenly far apart, over most of the sheet;
    drawings have none such. They may slope, and differently from place to place. Strokes that
    cross them are darker, and stay.
    """
    across, down = _lines(dark), _lines(np.ascontiguousarray(dark.T))
    if across is None and down is None:
        return dark
    nothing = np.zeros_like(dark)
    across, down = nothing if across is None else across, nothing if down is None else down.T
    lines = across + down
    left = np.where(dark > _INKED * lines + _GRAIN, dark, np.maximum(dark - lines, 0))
    joined = np.maximum(_joined(left, across), _joined(left.T, down.T).T)
    # No stroke is darker than what is seen: between strokes that meet there is none.
    return np.asarray(np.maximum(left, np.minimum(joined, dark)), np.float32)


def _joined(left: Plane, lines: Plane) -> Plane:
    """Strokes that lines along the rows were taken from, joined again over them."""
    from scipy.ndimage import grey_closing

    if not lines.any():
        return left
    edges = np.flatnonzero(np.diff(np.pad(lines > 0, ((1, 1), (0, 0))).T.ravel()))
    breadth, gap = (int(np.median(np.diff(edges)[at::2])) for at in (0, 1))
    if breadth > gap:
        return left
    breadth += 2
    ways = (
        np.ones((breadth, 1), bool),
        np.eye(breadth, dtype=bool),
        np.eye(breadth, dtype=bool)[::-1],
    )
    joined = np.maximum.reduce([grey_closing(left, footprint=way) for way in ways])
    return np.where(lines > 0, np.maximum(left, joined), left)


def _lines(dark: Plane) -> Plane | None:
    """How dark printed lines along the rows leave each pixel, `None` where there are none."""
    height, width = dark.shape
    edges = np.linspace(0, width, _STRIPS + 1).round().astype(int)
    if height < 4 * _LEAST or width < 4 * _STRIPS:
        return None
    found: list[tuple[_Rows, Plane]] = []
    shown, usual = 0, []
    for left, right in pairwise(edges):
        rows = _sloped(dark[:, left:right])
        level = _sheared(dark[:, left:right], rows)
        typical = _standing_out(np.percentile(level, _TYPICAL, axis=1))
        peaks = _peaks(typical)
        if _printed(peaks):
            shown += 1
            usual.append(float(np.median(typical[peaks])))
        found.append((rows, typical))
    if shown < _MOST_STRIPS * _STRIPS:
        return None
    most = _MORE * float(np.median(usual))
    least = max(_FAINTEST, _SOFT * float(np.median(usual)))
    lines = np.zeros_like(dark)
    for (left, right), (rows, typical) in zip(pairwise(edges), found, strict=True):
        line = np.where(typical > least, np.minimum(_CLEARED * typical, most), 0)
        lines[:, left:right] = _sheared(np.repeat(line[:, None], right - left, axis=1), -rows)
    return lines


def _sheared(strip: Plane, rows: _Rows) -> Plane:
    """Each column of a strip (h, w) moved up by a number of rows (w,); ends are repeated."""
    at = (np.arange(len(strip))[:, None] + rows).clip(0, len(strip) - 1)
    return np.take_along_axis(strip, at, axis=0)


def _sloped(strip: Plane) -> _Rows:
    """How many rows each column of a strip has to move up for its lines to be level, (w,)."""
    width = strip.shape[1]
    from_middle = np.arange(width) - width / 2
    most = round(_STEEPEST * width)
    slopes = np.arange(-most, most + 1) / width
    clear = [
        float(np.diff(_sheared(strip, np.rint(s * from_middle).astype(int)).mean(axis=1)).var())
        for s in slopes
    ]
    best = int(np.argmax(clear))
    return np.asarray(np.rint(slopes[best] * from_middle), int)


def _standing_out(profile: NDArray[np.floating]) -> Plane:
    """How much darker each row is than the rows around it."""
    from scipy.ndimage import grey_opening, maximum_filter1d

    side = 1 + 2 * max(2, round(_NEAR * len(profile) / 2))
    narrow: Plane = (profile - grey_opening(profile, size=(side // 4 * 2 + 1,))).astype(np.float32)
    return np.asarray(maximum_filter1d(narrow, 3), np.float32)


def _peaks(typical: Plane) -> _Rows:
    """The middle row of each line."""
    lines = typical > _FAINTEST
    if not lines.any():
        return np.zeros(0, int)
    lines = typical > max(_FAINTEST, _FADED * float(np.percentile(typical[lines], 80)))
    edges = np.flatnonzero(np.diff(np.pad(lines, 1).astype(np.int8)))
    return np.asarray((edges[::2] + edges[1::2] - 1) // 2)


def _printed(peaks: _Rows) -> bool:
    if len(peaks) < _LEAST:
        return False
    gaps = np.diff(peaks)
    return bool((np.abs(gaps / np.median(gaps) - 1) <= _EVEN).mean() >= _EVENLY)
