"""Where in a picture a page may be, and how well each place is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from opensearch.domains.paper.edges import edge_points, outlines, steepness
from opensearch.domains.paper.outline import FULL, Mask, Points, clockwise, four_sided, polygon
from opensearch.domains.paper.page_edge import STEP, crossing, edge_shown, mild_edges

_LEVELS: Final = 9
"""Levels of brightness that may part a page from its table."""
_STEEP: Final = (2, 4, 8)
"""Steepest change of brightness, per pixel of the small picture, in an area without edges."""
_SMALLEST: Final = 0.12
"""Share of a picture that a page covers at least."""
_CLOSING: Final = 7
"""Side of the square that closes strokes which reach the page's edge, pixels."""
_LINED: Final = 5
"""Side of the square that closes the lines of ruled paper, pixels."""
_EDGE_SHARE: Final = 0.7
"""Share of the edge inside the picture that must show a change of `STEP` or more."""
_LEAST_SEEN: Final = 0.15
"""Least length of the edge inside the picture, share of its height and width together."""
_DOUBT: Final = 0.6
"""Weight of a pixel of the outline that may be the edge of a shadow; certain ones weigh 1."""
_BARE: Final = 0.6
"""Factor on the worth of a page without marks: it may be another page, or what is drawn."""
_SAME: Final = 0.8
"""Intersection over union of areas, above which two places are one."""
_IN_VIEW, _CERTAIN = 0.6, 0.3
"""Share of a page's outline in view, or else share of that which is certainly no shadow's edge."""
_SHARP: Final = 0.6
"""Or else the share that shows as an edge, by weight: one sharp throughout reaches it."""
_ALL_SHARP: Final = 0.97
"""Where this share of the outline in view is sharp, none of it is a shadow's edge."""
_SHADOW: Final = 1.2
"""Greatest length of a shadow's edge across a page, in multiples of the page's side."""
_HIDDEN: Final = 1.0
"""Penalty for a pixel of the outline that shows no edge."""
_ROUGH, _MOSTLY, _MOST_GAIN = 1.5, 80, 2.5
"""Change of brightness per pixel that most of an even picture stays below, how much of it that is,
in percent, and the greatest factor by which its contrast is raised."""
_CHANCE: Final = 0.1
"""Worth per pixel of the outline that the grain of a table may reach by chance."""
_SHADED, _WITHIN = 0.15, 0.6
"""Penalty for a pixel of a shadow's edge or a crease on the page, and of any further edge."""
_CROSSED: Final = 4.0
"""Penalty for a pixel of a mark that crosses the outline, which is a shadow's edge there."""
_INNER: Final = 0.9
"""Part of a page, from its middle, in which edges and marks are looked for."""
_BOARD: Final = 110
"""Grounds on which marks may be brighter are darker than this."""
_MOST_OUTLINES: Final = 40
"""Outlines of straight edges that are looked at more closely."""
_EVERY: Final = 5
"""One in so many pixels is taken for the median shade."""
_LEAST_RIM: Final = 0.06
"""Least share of the picture's border that is not the page."""
_INK: Final = 14
"""How much darker than the page around it a mark is at the least."""
_LEAST_INK, _MOST_INK = 0.0008, 0.8
"""Share of a page that is marks."""


class Place(NamedTuple):
    """Where a page may be.

    `worth` says how well it is one, `marked` whether something may be drawn on it; `corners` are
    of shape (4, 2), clockwise from the upper left, and `area` is the part of it that is paper.
    """

    worth: float
    marked: bool
    corners: Points
    area: Mask


def best_place(small: Image.Image) -> Place | None:
    """Where a page most likely is, if anywhere; `small` is RGB, about 240 pixels wide.

    A page without marks is worth less: it may be another page, or what is drawn. Between places
    that are nearly the same this does not count: marks on one may lie beside the page. If no page
    is found in a mostly even picture, fainter edges count: white paper on a white table.
    """
    # Printed lines go with the closing, chalk with the median.
    closed = small.filter(ImageFilter.MaxFilter(_LINED)).filter(ImageFilter.MinFilter(_LINED))
    shades = (small, closed, closed.filter(ImageFilter.MedianFilter(_CLOSING)))
    pixels, lineless, plain = (np.asarray(one, np.float32) for one in shades)
    places: list[Place] = []
    for gain in sorted({1.0, _gain(plain)}):
        if not places:
            candidates = _candidates(gain * pixels, gain * lineless, gain * plain)
            places = [place for place in candidates if place.worth > 0]
    if not places:
        return None
    best = max(places, key=lambda place: place.worth * (1 if place.marked else _BARE))
    same = [place for place in places if _shared(place.area, best.area) > _SAME]
    return max(same, key=lambda place: place.worth)


def has_four_sided_area(small: Image.Image) -> bool:
    """Whether an area that is bright, or has no edges, has a page's outline; `small` is RGB."""
    pixels = np.asarray(small, np.float32)
    return any(_as_page(pixels, area) for area in _areas(pixels))


def _shared(a: Mask, b: Mask) -> float:
    """Intersection over union of two areas."""
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


def _gain(plain: NDArray[np.float32]) -> float:
    """By how much the contrast of an even picture may be raised."""
    steep = np.percentile(steepness(plain), _MOSTLY)
    return float(np.clip(_ROUGH / max(float(steep), 1e-6), 1, _MOST_GAIN))


def _candidates(
    pixels: NDArray[np.float32], lineless: NDArray[np.float32], plain: NDArray[np.float32]
) -> Iterator[Place]:
    from scipy.ndimage import maximum_filter

    edges, marks = edge_points(plain), _marks(pixels, plain)
    mild = edges & mild_edges(plain)
    broad = maximum_filter(marks, size=3)
    for corners, area in _places(pixels, plain):
        middle = corners.mean(axis=0)
        inner = polygon(middle + _INNER * (corners - middle), marks.shape)
        inked = np.count_nonzero(marks & inner) / max(int(np.count_nonzero(inner)), 1)
        crossed = crossing(pixels, lineless, broad, corners)
        worth = _worth(pixels, edges & inner, mild & inner, crossed, corners)
        yield Place(worth, bool(_LEAST_INK <= inked <= _MOST_INK), corners, area)


def _places(
    pixels: NDArray[np.float32], plain: NDArray[np.float32]
) -> Iterator[tuple[Points, Mask]]:
    """Corners of areas that look like pages, and the part of each that is paper."""
    for area in _areas(pixels):
        for corners in _as_page(pixels, area):
            yield corners, area
    for corners in outlines(plain, _SMALLEST)[:_MOST_OUTLINES]:
        area = polygon(corners, pixels.shape[:2])
        if _stands_out(pixels, area):
            yield clockwise(corners), area


def _worth(
    pixels: NDArray[np.float32], within: Mask, mild: Mask, crossed: int, corners: Points
) -> float:
    """Length of the outline that shows as an edge, less what speaks against a page, pixels.

    Args:
        pixels: shape (h, w, 3).
        within: edges of more than fine marks that lie on it.
        mild: those of them that may be creases.
        crossed: points of its outline that fine marks run over.
        corners: its corners.
    """
    shown, seen = edge_shown(pixels, corners, _DOUBT)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).sum()
    certain, _ = edge_shown(pixels, corners, 0.0)
    doubtful = seen < _IN_VIEW * sides and shown < _SHARP * seen
    if doubtful and certain < _CERTAIN * seen:
        return 0.0  # the edge of a shadow, most likely
    creases = np.count_nonzero(mild)
    edges = np.count_nonzero(within) - creases
    shadow = min(edges, _SHADOW * np.sqrt(np.prod(np.ptp(corners, axis=0))))
    against = _SHADED * (creases + shadow) + _WITHIN * (edges - shadow)
    against += _CROSSED * crossed
    worth = float(shown - _HIDDEN * (seen - shown) - against)
    if worth > _CHANCE * seen:
        return worth
    sharp = certain + (shown - certain) / _DOUBT
    # No shadow is sharp on all sides; yet any other place is taken before such a one.
    return max(_CHANCE * float(sharp - against), 0.0) if sharp >= _ALL_SHARP * seen else 0.0


def _areas(pixels: NDArray[np.float32]) -> Iterator[Mask]:
    """What may be a page: areas brighter than several levels, and areas without any edge."""
    from scipy.ndimage import gaussian_gradient_magnitude, grey_closing

    channels = [pixels[..., channel] for channel in range(3)]
    if all(np.array_equal(channels[0], channel) for channel in channels[1:]):
        del channels[1:]  # they say the same
    closed = np.stack([grey_closing(channel, size=(_CLOSING, _CLOSING)) for channel in channels])
    grey = closed.min(axis=0)
    low, high = np.percentile(grey, (5, 95))
    before = None
    for level in np.linspace(low, high, _LEVELS + 2)[1:-1]:
        bright = grey > level
        if before is None or not np.array_equal(bright, before):  # most sheets have few shades
            yield from _largest(bright)
        before = bright
    slope = np.max([gaussian_gradient_magnitude(channel, 1) for channel in closed], axis=0)
    for steep in _STEEP:
        yield from _largest(slope < steep)


def _largest(mask: Mask) -> Iterator[Mask]:
    """The largest connected part of a mask, its holes filled, if it is large enough."""
    from scipy.ndimage import binary_fill_holes, label

    if np.count_nonzero(mask) < _SMALLEST * mask.size:
        return
    parts, count = label(mask)
    sizes = np.bincount(parts.ravel())[1:]
    if count and sizes.max() >= _SMALLEST * mask.size:
        yield binary_fill_holes(parts == int(sizes.argmax()) + 1)


def _as_page(pixels: NDArray[np.float32], area: Mask) -> list[Points]:
    """The corners of an area that has a page's outline; nothing if it has none."""
    if not _stands_out(pixels, area):
        return []
    corners = four_sided(area)
    if corners is None:
        return []
    inside = polygon(corners, area.shape)
    filled = float((area & inside).sum() / max(int(inside.sum()), 1))
    if filled < FULL:
        return []
    shown, seen = edge_shown(pixels, corners)
    if seen <= _LEAST_SEEN * sum(area.shape) or shown < _EDGE_SHARE * seen:
        return []
    return [corners]


def _stands_out(pixels: NDArray[np.float32], area: Mask) -> bool:
    """Whether something else than the area's shade lies along the picture's border."""
    off = ~_rim(area)
    if off.mean() < _LEAST_RIM:  # all the picture is paper: there is nothing to cut off
        return False
    paper = np.median(pixels[area][::_EVERY], axis=0)
    strange = np.abs(_rim(pixels)[off] - paper).max(axis=1) >= STEP
    return bool(strange.mean() >= 0.5)  # what is framed on paper is drawn


def _rim(plane: NDArray[Any]) -> NDArray[Any]:
    """The outermost values of an array (h, w, ...), shape (n, ...)."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _marks(pixels: NDArray[np.float32], plain: NDArray[np.float32]) -> Mask:
    """Fine marks, darker than what lies around them; on a dark ground brighter, too."""
    from scipy.ndimage import grey_closing, grey_opening

    grey = pixels.min(axis=2)
    dark = grey_closing(grey, size=(15, 15)) - grey >= _INK
    bright = grey - grey_opening(grey, size=(15, 15)) >= _INK
    return np.asarray(dark | bright & (plain.min(axis=2) < _BOARD))
