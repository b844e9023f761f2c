"""What on a sheet is not drawn: the rim of a photograph, dust, dots, and small marks far away."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Mask, boxes
from opensearch.domains.paper.sheet import Plane

_Parts: TypeAlias = NDArray[np.integer]

CORE: Final = 0.5
"""Strokes reach this darkness somewhere; what is darker still is black."""
_SPECK: Final = 0.01
# Areas of a clean sheet are this dark at least.
_PALE: Final = 0.1
# Dots within a drawing, such as eyes: their least area, as a share of the square of the strokes'
# breadth, and the most there may be; more of them are grain.
_DOT_AREA, _MOST_DOTS = 0.5, 12
# Crumbs have less than this share of the ink, where large parts have at least the second, and lie
# farther from these than this share of their extent.
_CRUMB, _MOST_LARGE, _FAR = 0.06, 0.75, 0.25
# What runs into the border of a photograph or its page goes if more than this share of the ink is
# left: it is a finger or the edge of a table, and not the drawing.
_LEFT: Final = 0.25
# Depth of a page's rim, on which its binding lies, share of the sheet.
_RIM: Final = 0.05
# What begins in the outer half of a page's rim may reach so many rims deep, and still be its edge.
_RIM_CUT: Final = 2.5
# There are two kinds of lines if one is so many times as dark as the other, and telling them apart
# explains this share of the variance of darkness. No crease is darker than the last number.
_APART, _EXPLAINED, _CREASE = 2.0, 0.9, 0.22
# Fewest points of lines from which kinds can be told.
_FEWEST: Final = 20
# More marks than this are dots or grain, if none of them has this share of the ink, and less than
# the last share of it is in marks that extend over so much of a side.
_DOTS, _DOT, _LONG, _IN_LONG = 60, 0.05, 0.05, 0.25


def least_ink(dark: Plane, floor: float) -> float:
    """The darkness from which lines count as ink.

    If there are two kinds of lines, far apart, the fainter ones are creases of the paper, or show
    through from its other side.

    Args:
        dark: shape (h, w).
        floor: what is no darker is paper.

    Source:
        Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
        Systems, Man, and Cybernetics 9(1), 1979.
    """
    from scipy.ndimage import maximum_filter

    middles = np.sort(dark[(dark > floor) & (dark == maximum_filter(dark, size=5))])
    count = len(middles)
    if count < _FEWEST:
        return floor
    below = np.arange(1, count)
    sums = middles.cumsum(dtype=np.float64)
    faint, ink = sums[:-1] / below, (sums[-1] - sums[:-1]) / (count - below)
    between = below * (count - below) / count**2 * (ink - faint) ** 2
    best = int(between.argmax())
    apart = ink[best] > _APART * faint[best] and between[best] > _EXPLAINED * middles.var()
    return max(floor, min(float(ink[best]) / _APART, _CREASE)) if apart else floor


def without_rim(dark: Plane, least: float, page_found: bool) -> Plane:
    """Without what lies along the rim of a photograph, such as a table's edge or a binding.

    On a page that was cut out, what runs into its border, such as fingers, goes as well if enough
    ink is left.

    Args:
        dark: shape (h, w).
        least: darkness from which marks are looked at.
        page_found: whether the sheet is a page that was cut out.
    """
    from scipy.ndimage import label

    parts, count = label(dark > least)
    height, width = dark.shape
    depth = _RIM * max(dark.shape)
    kept, cut_off = np.ones(count + 1, np.bool_), np.zeros(count + 1, np.bool_)
    for at, (rows, columns) in enumerate(boxes(parts), start=1):
        # From each of the four sides, where it starts and how deep it reaches.
        start = np.array([rows.start, height - rows.stop, columns.start, width - columns.stop])
        reach = np.array([rows.stop, height - rows.start, columns.stop, width - columns.start])
        most = np.where(page_found & (start <= depth / 2), _RIM_CUT * depth, depth)
        kept[at], cut_off[at] = (reach > most).all(), (start == 0).any()
    kept[0] = False
    mass = np.bincount(parts.ravel(), weights=dark.ravel(), minlength=count + 1)
    if page_found and mass[kept & ~cut_off].sum() > _LEFT * mass[kept].sum():
        kept &= ~cut_off
    kept[0] = True
    return np.where(kept[parts], dark, np.float32(0))


def without_specks(ink: Plane) -> Plane:
    """Without dust, and without what runs into the picture's border, such as a table's edge.

    A few dots within the drawing, about as broad as its strokes, count as drawn and stay.
    """
    from scipy.ndimage import label

    # A hair of grey links the dots of a dashed pencil line.
    parts, count = label(ink > CORE / 2, structure=np.ones((3, 3)))
    if count == 0:
        return ink
    mass = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count + 1)
    solid = np.bincount(parts[ink > CORE], minlength=count + 1) > 0
    solid[0] = False
    rim = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inner = solid.copy()
    inner[rim] = False
    if mass[inner].sum() > _LEFT * mass[solid].sum():
        solid = inner
    keep = solid & (mass > _SPECK * mass[solid].max(initial=0))
    keep |= _dots(parts, ink > CORE, keep, solid & ~keep)
    keep &= ~_crumbs(parts, np.asarray(mass), keep)
    return np.where(keep[parts], ink, np.float32(0))


def without_crumbs(ink: Plane) -> Plane:
    """Without small marks far from what was drawn: a signature, a caption, the number of a page.

    Args:
        ink: of a clean sheet, so that all else is drawn, shape (h, w).
    """
    from scipy.ndimage import label

    # Pale areas link the marks within them.
    parts, count = label(ink > _PALE, structure=np.ones((3, 3)))
    if count < 2:
        return ink
    mass = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count + 1)
    drawn = np.arange(count + 1) > 0
    crumbs = _crumbs(parts, np.asarray(mass), drawn)
    # Drops of rain lie far from a cloud, but not from one another.
    while crumbs.any() and (left := _far(parts, crumbs, drawn & ~crumbs)).sum() < crumbs.sum():
        crumbs = left
    return np.where(crumbs[parts], np.float32(0), ink)


def _dots(parts: _Parts, core: Mask, keep: Mask, small: Mask) -> Mask:
    """Which of the small parts are dots that belong to what is kept.

    Args:
        parts: number of the part that each pixel is of, shape (h, w).
        core: what is darker than a stroke's edge, shape (h, w).
        keep, small: parts, by their numbers.
    """
    from scipy.ndimage import distance_transform_edt, maximum_filter

    none = np.zeros_like(small)
    strokes = keep[parts] & core
    if not small.any() or not strokes.any():
        return none
    depth = distance_transform_edt(strokes)
    breadth = 2 * float(np.median(depth[strokes & (depth == maximum_filter(depth, size=3))]))
    area = np.bincount(parts[core], minlength=len(small))
    rows, columns = (np.flatnonzero(strokes.any(axis=axis)) for axis in (1, 0))
    found = none.copy()
    around = boxes(parts)
    for at in np.flatnonzero(small & (area >= _DOT_AREA * breadth**2)):
        box = around[at - 1]
        found[at] = all(
            inside[0] <= side.start and side.stop <= inside[-1] + 1
            for side, inside in zip(box, (rows, columns), strict=True)
        )
    return found if np.count_nonzero(found) <= _MOST_DOTS else none


def _crumbs(parts: _Parts, mass: NDArray[np.floating], keep: Mask) -> Mask:
    """Which parts are small and far from what was drawn: its caption, or left over of a table.

    A drawing is cropped to all its ink, so they would make it small.

    Args:
        parts: number of the part that each pixel is of, shape (h, w).
        mass: ink of each part.
        keep: parts, by their numbers, of which some may be crumbs.
    """
    total = mass[keep].sum()
    large = keep & (mass >= _CRUMB * total)
    if not large.any() or mass[large].sum() < _MOST_LARGE * total:
        return np.zeros_like(keep)
    return _far(parts, keep & ~large, large)


def _far(parts: _Parts, small: Mask, drawn: Mask) -> Mask:
    """Which of the small parts lie far from the box around what is drawn, by their numbers."""
    around = [[(side.start, side.stop - 1) for side in box] for box in boxes(parts)]
    first, last = np.moveaxis(np.array([[(0, 0), (0, 0)], *around]), 2, 0)
    start, end = first[drawn].min(axis=0), last[drawn].max(axis=0)
    away = np.maximum(start - last, first - end).max(axis=1)
    return np.asarray(small & (away > _FAR * (end - start).max()))


def is_dotted(ink: Plane) -> bool:
    """Whether all there is are many small marks, as on dotted paper or a page of writing."""
    from scipy.ndimage import label

    parts, count = label(ink > CORE / 2, structure=np.ones((3, 3)))
    if count <= _DOTS:
        return False
    mass = np.bincount(parts.ravel(), weights=ink.ravel())[1:]
    extents = np.array([max(side.stop - side.start for side in box) for box in boxes(parts)])
    in_long = mass[extents > _LONG * max(ink.shape)].sum()
    return bool(mass.max() < _DOT * mass.sum() and in_long < _IN_LONG * mass.sum())
