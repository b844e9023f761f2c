"""How dark a drawing's strokes are, whatever pale areas lie beside them."""

from __future__ import annotations

from typing import Final

import numpy as np

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import Plane

_FULL: Final = 80
"""Percentile of what is drawn that counts as black: the edges of strokes are paler."""
_DARKEST: Final = 99
"""Percentile of what is drawn that is a stroke for certain, where areas are most of it."""
_AREA, _ONE_SHADE = 5, 0.02
"""Side of the smallest area of one shade, pixels, and what differs within it."""
_FAR_DARKER: Final = 2.0
"""How far darker strokes are than areas that count as pale."""
_DARKER: Final = 1.25
"""The same for any pixel of a stroke: fine ones fade in small views."""
_REACH: Final = 0.8
"""Share of the height and width of a drawing over which its outline extends."""
_FEWEST: Final = 4
"""Pixels of strokes at the least."""


def full_darkness(dark: Plane, least: float) -> float:
    """The darkness that counts as black.

    Args:
        dark: darkness, shape (h, w), 0..1.
        least: that above which a pixel is drawn, or a stroke (see `least_of_strokes`).

    Returns:
        1 where nothing is darker than `least`.
    """
    drawn = dark[dark > least]
    return float(np.percentile(drawn, _FULL)) if drawn.size else 1.0


def least_of_strokes(dark: Plane, floor: float) -> float:
    """The darkness above which a pixel belongs to a stroke: more than `floor` beside pale fills.

    Pale fills, as diagrams have, may be most of what is drawn: they must not count as black beside
    strokes far darker that run around or over them.

    Args:
        dark: darkness, shape (h, w), 0..1.
        floor: that above which a pixel is drawn.
    """
    drawn = dark[dark > floor]
    if not drawn.size:
        return floor
    full, darkest = (float(each) for each in np.percentile(drawn, (_FULL, _DARKEST)))
    if darkest <= _FAR_DARKER * full:
        return floor
    strokes = (dark > floor) & ~_filled(dark)
    if not _FEWEST <= strokes.sum() < drawn.size / 2:
        return floor
    black = float(np.percentile(dark[strokes], _FULL))
    if black <= _FAR_DARKER * full or not _reach(dark > black / 2, dark > floor):
        return floor
    return _DARKER * full


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
