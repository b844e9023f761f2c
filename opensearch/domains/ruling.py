"""Printed lines of paper, ruled or squared, taken from under a drawing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.sheet import Plane

_RUN: Final = 1 / 10
"""How long a piece of a printed line is without a gap, share of the sheet."""
_ALONG: Final = 5
"""Pixels of a line that are averaged, for the grain."""
_SLOPE: Final = 1 / 300
"""How far a piece of a line may be out of its row, share of the sheet, and a pixel at the least."""
_FAINTEST: Final = 0.02
"""Darkness of a printed line at the least."""
_SPANNED: Final = 0.5
"""Share of the sheet that a printed line spans at the least."""
_LEAST: Final = 6
"""Lines in one direction, fewer than which are drawn and not printed."""
_EVEN: Final = 0.25
"""How far the distance of two neighbouring lines may be from the usual one, share of it."""
_EVENLY: Final = 0.6
"""Share of the distances that must be so."""
_MORE: Final = 1.6
"""Times the usual darkness of the lines, above which ink lies on them."""


def without_ruling(dark: Plane) -> Plane:
    """The darkness (h, w) of a sheet without what many even lines across it account for.

    Lines are printed where there are several of them, evenly far apart, that run over most of the
    sheet; drawings have none such. Strokes that cross them are darker, and stay.
    """
    lines = [_lines(dark), _lines(dark.T)]
    found = [own if axis == 0 else own.T for axis, own in enumerate(lines) if own is not None]
    if not found:
        return dark
    left: Plane = np.maximum(dark - np.maximum.reduce(found), 0).astype(np.float32)
    return left


def _lines(dark: Plane) -> Plane | None:
    """How dark printed lines along the rows leave each pixel, `None` where there are none."""
    from scipy.ndimage import grey_opening, maximum_filter1d, uniform_filter1d

    smooth = uniform_filter1d(dark, _ALONG, axis=1)
    run = max(3 * _ALONG, round(_RUN * dark.shape[1]))
    # A line that slopes a little goes on in the row beside.
    spread = 1 + 2 * max(1, round(_SLOPE * dark.shape[0]))
    wide = grey_opening(maximum_filter1d(smooth, spread, axis=0), size=(1, run))
    ground = grey_opening(wide, size=(2 * spread - 1, 1))
    lines = wide - ground
    spans = (lines > _FAINTEST).mean(axis=1)
    middles = _middles(spans > _SPANNED)
    if len(middles) < _LEAST:
        return None
    gaps = np.diff(middles)
    if (np.abs(gaps / np.median(gaps) - 1) <= _EVEN).mean() < _EVENLY:
        return None
    usual = float(np.median(lines[np.round(middles).astype(int)]))
    clipped: Plane = np.minimum(1.2 * wide, _MORE * usual).astype(np.float32)
    return clipped


def _middles(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The middle of each run of rows that hold a line."""
    edges = np.flatnonzero(np.diff(np.pad(rows, 1).astype(np.int8)))
    return (edges[::2] + edges[1::2] - 1) / 2
