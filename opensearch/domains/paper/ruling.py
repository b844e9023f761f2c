"""Printed lines of paper, ruled or squared, taken from under a drawing."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.sheet import Plane

_Rows: TypeAlias = NDArray[np.int_]

_STRIPS: Final = 8
"""Strips of the sheet in which lines are taken to be straight and parallel."""
_STEEPEST: Final = 0.3
"""Most that a line may rise or fall, share of its length."""
_MEETING: Final = 0.12
"""How much the slopes of upper and lower lines may differ from that of all together."""
_COARSE: Final = 3
"""Step of the coarse search for the slope, rows; all slopes near the best one follow."""
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
_STEPS, _IN_STEP = 2, 0.2
"""A printed line lies at most so many gaps from another, give or take this share of a gap."""
_MOST_STRIPS: Final = 0.5
"""Share of the strips that must show lines: drawings have none over most of the sheet."""
_SOFT: Final = 0.25
"""Darkness of a line's soft edge, share of the usual line's."""
_MORE: Final = 1.6
"""Multiple of the lines' usual darkness, above which ink lies on them."""
_INKED: Final = 1.05
"""A point on a line is ink if it is darker than so many times what would be taken away, ..."""
_GRAIN: Final = 0.06
"""... plus this."""
_LONE, _LEANING = 4, 0.04
"""Most lone lines, and the most that one may rise or fall, share of its length."""
_FAINT, _BROAD = 0.05, 5
"""How much darker than the paper a lone line is at least, and half its greatest breadth, pixels."""
_END: Final = 0.02
"""How far from the sheet's side it may end, share of the sheet: a page's edge is blanked."""
_EVERY: Final = 6
"""A lone line is looked for in one of so many columns."""
_CLEARED: Final = 1.2
"""Multiple of a line's darkness that is taken away, so that its grain goes, too."""


def without_ruling(dark: Plane) -> Plane:
    """The darkness (h, w) of a sheet without its printed lines.

    Lines are printed if there are several, evenly spaced, over most of the sheet; drawings have no
    such lines. They may slope, and differently from place to place. Straight lines from one side
    of the sheet to the other, such as a margin or a fold, are removed as well. Strokes that cross
    lines are darker, and stay.
    """
    for lines_of in (_lines, _lone_lines):
        dark = _without(dark, lines_of(dark), lines_of(np.ascontiguousarray(dark.T)))
    return dark


def _without(dark: Plane, across: Plane | None, down: Plane | None) -> Plane:
    """The darkness less that of lines along the rows and, turned, along the columns."""
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
    """Strokes that were cut when lines along the rows were taken away, joined again."""
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
    shown, usual, gaps = 0, [], []
    for left, right in pairwise(edges):
        rows = _sloped(dark[:, left:right])
        level = _sheared(dark[:, left:right], rows)
        typical = _standing_out(np.percentile(level, _TYPICAL, axis=1))
        peaks = _peaks(typical)
        if _printed(peaks):
            shown += 1
            usual.append(float(np.median(typical[peaks])))
            gaps.append(float(np.median(np.diff(peaks))))
        found.append((rows, typical))
    if shown < _MOST_STRIPS * _STRIPS:
        return None
    most = _MORE * float(np.median(usual))
    least = max(_FAINTEST, _SOFT * float(np.median(usual)))
    lines = np.zeros_like(dark)
    for (left, right), (rows, typical) in zip(pairwise(edges), found, strict=True):
        printed = _in_step(typical > least, float(np.median(gaps)))
        line = np.where(printed, np.minimum(_CLEARED * typical, most), 0)
        lines[:, left:right] = _sheared(np.repeat(line[:, None], right - left, axis=1), -rows)
    return lines


def _in_step(rows: NDArray[np.bool_], gap: float) -> NDArray[np.bool_]:
    """Those of some rows (h,) that lie one or two gaps from others: a stroke along a line stays."""
    edges = np.flatnonzero(np.diff(np.pad(rows, 1).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    middles = (starts + ends - 1) / 2
    gaps = np.abs(middles[:, None] - middles) / gap
    whole = gaps.round()
    near = (whole >= 1) & (whole <= _STEPS) & (np.abs(gaps - whole) <= _IN_STEP)
    printed = np.count_nonzero(near, axis=1) + (ends - starts > gap / 2) > 0
    kept = rows.copy()
    for start, end, stays in zip(starts, ends, printed.tolist(), strict=True):
        kept[start:end] = stays
    return kept


def _lone_lines(dark: Plane) -> Plane | None:
    """As `_lines`, of a few that go from one side to the other: a margin, a fold."""
    height, width = dark.shape
    if height < 4 * _LEAST or width < 4 * _STRIPS:
        return None
    most = round(_LEANING * width)
    rises = range(-most, most + 1, 2)
    found = np.stack([_from_side_to_side(dark, rise) for rise in rises])
    lines = np.zeros_like(dark)
    for _ in range(_LONE):
        at, row = divmod(int(found.argmax()), height)
        if found[at, row] <= _FAINT:
            break
        near = slice(max(row - _BROAD, 0), row + _BROAD + 1)
        found[:, near] = 0
        lines = np.maximum(lines, _lone_line(dark, rises[at], near))
    return lines if lines.any() else None


def _lone_line(dark: Plane, rise: int, near: slice) -> Plane:
    """How dark a line near some rows, that rises about so much, leaves each pixel."""
    from scipy.ndimage import maximum_filter1d

    def typical(rise: int) -> Plane:
        level = _sheared(dark[:, ::_EVERY], _rows(dark, rise, rise)[:, ::_EVERY])
        return np.asarray(np.percentile(level[near], _TYPICAL, axis=1), np.float32)

    best = max(range(rise - _BROAD, rise + _BROAD + 1), key=lambda rise: float(typical(rise).max()))
    line = np.zeros((len(dark), 1), np.float32)
    line[near, 0] = maximum_filter1d(typical(best), 3)
    line[line < _SOFT * line.max()] = 0
    return _sheared(np.repeat(_CLEARED * line, dark.shape[1], axis=1), -_rows(dark, best, best))


def _from_side_to_side(dark: Plane, rise: int) -> Plane:
    """How dark a line that starts in each row and rises so much is all along it, (h,)."""
    from scipy.ndimage import maximum_filter1d

    rows = _rows(dark, rise, rise)[:, ::_EVERY]
    level = _sheared(maximum_filter1d(dark[:, ::_EVERY], 3, axis=0), rows)
    least = np.partition(level, level.shape[1] // 10, axis=1)[:, level.shape[1] // 10]
    end = 1 + int(_END * level.shape[1])
    ends = np.minimum(level[:, :end].max(axis=1), level[:, -end:].max(axis=1))
    return _standing_out(np.minimum(least, ends))


def _sheared(strip: Plane, rows: _Rows) -> Plane:
    """A strip (h, w), each pixel taken from so many rows below it, (h, w); ends are repeated."""
    at = (np.arange(len(strip))[:, None] + rows).clip(0, len(strip) - 1)
    return np.take_along_axis(strip, at, axis=0)


def _sloped(strip: Plane) -> _Rows:
    """How many rows below each pixel of a strip to read, so that its lines become level, (h, w).

    In perspective lines run together, so upper and lower ones may slope differently.
    """
    width = strip.shape[1]
    whole = _rise(strip, 0, round(_STEEPEST * width))
    upper, lower = (
        _rise(half, whole, round(_MEETING * width)) for half in np.array_split(strip, 2)
    )
    ways = [_rows(strip, whole, whole), _rows(strip, upper, lower)]
    return max(ways, key=lambda rows: _level(strip, rows))


def _rise(strip: Plane, usual: int, most: int) -> int:
    """How many rows lines rise or fall from left to right of a strip, looked for near `usual`."""

    def level(rise: int) -> float:
        return _level(strip, _rows(strip, rise, rise))

    near = max(range(usual - most, usual + most + 1, _COARSE), key=level)
    return max(range(near - _COARSE + 1, near + _COARSE), key=level)


def _rows(strip: Plane, upper: int, lower: int) -> _Rows:
    """As `_sloped`, for lines that rise so much in the upper and in the lower half of a strip."""
    height, width = strip.shape
    down, across = np.arange(height) / height, np.arange(width) / width - 0.5
    rise = upper if upper == lower else upper + (lower - upper) * (2 * down - 0.5)[:, None]
    return np.asarray(np.rint(rise * across[None]), int)


def _level(strip: Plane, rows: _Rows) -> float:
    """How much the rows of a strip differ once it is sheared."""
    return float(np.diff(_sheared(strip, rows).mean(axis=1)).var())


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
