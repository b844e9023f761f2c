"""The pale panel behind a plot: paper to whoever looks at the curve on it, not a part of it."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import brightest, darkest

_PALE: Final = 216
"""Every channel of a panel is at least so bright."""
_STRIP: Final = 200
"""The same for what else lies behind writing, once there is a panel: headings of its parts."""
_APART, _SAME = 6, 5
"""How far paper is brighter than a panel at least, and how far the shades of one lie apart."""
_SHARE: Final = 0.2
"""Share of a picture that its panels take up at least."""
_PART: Final = 0.02
"""Share of it from which an area may be a panel."""
_STRAIGHT, _SHADED = 0.75, 0.6
"""Share of each edge of a panel that nothing darker crosses, and that has its shade: the rest are
ends of a grid."""
_CORNER: Final = 3
"""Side of a corner of a panel, pixels: rounded ones are those of things."""
_FILLED: Final = 10
"""A row of a panel has its shade at least in one pixel for so many in the fullest row: bars and
areas of a plot may hide the rest."""
_ODD: Final = 0.1
"""Share of what has a panel's shade that may lie elsewhere."""
_DARKER, _INK = 3, 6
"""How many times as dark as a panel ink is, and its pixels at the least, on panels and beside."""
_EDGES: Final[tuple[Any, ...]] = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])
_GRID: Final = 7
"""Lines of a grid are narrower than this, pixels."""


def without_panel(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing on bare paper, without the pale panels that lie behind it and their grid.

    Plots have them by default (ggplot2, plotnine, seaborn, plotly). A panel is of one shade,
    rectangular, and drawn on; filled shapes of a drawing are not all of this.

    Args:
        rgb: shape (h, w, 3). Where there is no panel, it comes back as it is.
    """
    from scipy.ndimage import maximum_filter

    grey = darkest(rgb)
    paper = int(np.median(np.concatenate([grey[edge] for edge in _EDGES])))
    pale = (grey >= _PALE) & (grey <= paper - _APART)
    if pale.mean() < _SHARE / 2:
        return rgb
    shade = _commonest(rgb, pale)
    panels = _behind(shade, rgb, paper)
    if panels.mean() < _SHARE:
        return rgb
    bare = _painted(rgb, shade, paper)
    strips = (grey >= _STRIP) & (grey < shade.min() - _APART)
    if strips.any():
        shade = _commonest(rgb, strips)
        headings = _behind(shade, rgb, paper)
        if headings.any() and not (headings & panels).any():  # as bars of a plot are
            near = maximum_filter(headings, size=_GRID)
            bare = np.where(near[..., None], _painted(bare, shade, paper), bare)
    return bare


def _behind(shade: NDArray[np.int16], rgb: NDArray[np.uint8], paper: int) -> Mask:
    """The rectangles of a shade, if they are drawn on and there is ink beside them; else nothing.

    Plots have numbers beside their panels; what is pale with something dark on it may be a thing.
    """
    found = _rectangles(rgb, shade)
    ink = darkest(rgb) < paper - _DARKER * (paper - int(shade.min()))
    drawn_on = min(ink[found].sum(), ink[~found].sum()) >= _INK
    return found if drawn_on else np.zeros_like(found)


def _commonest(rgb: NDArray[np.uint8], among: Mask) -> NDArray[np.int16]:
    """The colour (3,) that most pixels of a mask have."""
    red, green, blue = rgb[among].T.astype(np.int32)
    found, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    commonest = int(found[counts.argmax()])
    return np.array([commonest >> 16, commonest >> 8 & 255, commonest & 255], np.int16)


def _rectangles(rgb: NDArray[np.uint8], shade: NDArray[np.int16]) -> Mask:
    """The rectangles (h, w) of a shade that are large; none if much of it lies elsewhere."""
    from scipy.ndimage import binary_opening, find_objects, label, maximum_filter

    close = brightest(np.abs(rgb - shade)) <= _SAME
    same: Mask = binary_opening(close, np.ones((3, 3), np.bool_))
    bright = darkest(rgb - shade) >= -_SAME  # and the lines of a grid
    parts, _ = label(maximum_filter(same, size=_GRID))  # which those lines part
    found = np.zeros(same.shape, np.bool_)
    for at, place in enumerate(find_objects(parts), start=1):
        area = _within(place, same[place] & (parts[place] == at))
        if found[area].size >= _PART * found.size and _is_straight(same[area], bright[area]):
            found[area] = True
    return found if same[~found].sum() <= _ODD * same.sum() else np.zeros_like(found)


def _within(place: tuple[slice, ...], mask: Mask) -> tuple[slice, ...]:
    """The rows and columns of a picture that a mask, which lies at a place in it, fills.

    JPEG leaves some pixels of its shade beside it.
    """
    counts = [mask.sum(axis=axis) for axis in (1, 0)]
    ends = [np.flatnonzero(_FILLED * count >= count.max())[[0, -1]] for count in counts]
    return tuple(
        slice(at.start + int(first), at.start + int(last) + 1)
        for at, (first, last) in zip(place, ends, strict=True)
    )


def _is_straight(same: Mask, bright: Mask) -> bool:
    """Whether an area (h, w) has a panel's shade in its corners and along its edges.

    Bars of a plot may stand on one of them.
    """
    ends = (slice(_CORNER), slice(-_CORNER, None))
    straight = [
        same[edge].mean() >= _SHADED and bright[edge].mean() >= _STRAIGHT for edge in _EDGES
    ]
    return sum(straight) >= 3 and all(same[corner].any() for corner in product(ends, repeat=2))


def _painted(rgb: NDArray[np.uint8], shade: NDArray[np.int16], paper: int) -> NDArray[np.uint8]:
    """What is as bright as a shade, or brighter, made paper."""
    bright = darkest(rgb - shade) >= -_SAME
    return np.where(bright[..., None], np.uint8(paper), rgb)
