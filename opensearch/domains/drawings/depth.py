"""How dark a drawing's strokes are, whatever pale areas lie beside them."""

from __future__ import annotations

from typing import Final

import numpy as np

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import Plane

_FULL: Final = 80
"""Per cent of what is drawn that is paler than black, above all the edges of strokes."""
_FEW: Final = 99
"""Per cent that is paler than black where areas are most of what is drawn."""
_AREA, _ONE_SHADE = 5, 0.02
"""Side of the smallest area of one shade, pixels, and what differs within it."""
_FAR_DARKER: Final = 2.0
"""How far darker strokes are than areas that count as pale."""
_REACH: Final = 0.8
"""Share of the height and width of a drawing over which its outline extends."""
_FEWEST: Final = 4
"""Pixels of strokes at the least."""


def full_darkness(dark: Plane, floor: float) -> float:
    """The darkness that counts as black, of what is darker than `floor`; 1 where nothing is.

    Pale fills, as diagrams have, may be most of that: they stay pale beside strokes far darker.
    """
    drawn = dark[dark > floor]
    if not drawn.size:
        return 1.0
    full = float(np.percentile(drawn, _FULL))
    if np.percentile(drawn, _FEW) <= _FAR_DARKER * full:
        return full
    strokes = (dark > floor) & ~_filled(dark)
    if not _FEWEST <= strokes.sum() < drawn.size / 2:
        return full
    of_strokes = float(np.percentile(dark[strokes], _FULL))
    if of_strokes <= _FAR_DARKER * full or not _reach(dark > of_strokes / 2, dark > floor):
        return full
    return of_strokes


def _reach(strokes: Mask, drawn: Mask) -> bool:
    """Whether strokes reach as far as all that is drawn, so that they may be its outline."""
    extents = (
        [np.ptp(np.flatnonzero(each.any(axis=a))) for a in (0, 1)] for each in (strokes, drawn)
    )
    return all(one >= _REACH * all_ for one, all_ in zip(*extents, strict=True))


def _filled(dark: Plane) -> Mask:
    """Which pixels lie within an area of one shade."""
    from scipy.ndimage import maximum_filter, minimum_filter

    filled: Mask = maximum_filter(dark, size=_AREA) - minimum_filter(dark, size=_AREA) < _ONE_SHADE
    return filled
