"""Strokes brought to one width; areas, and silhouettes made of them, stay as they are."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.drawings.placing import in_view
from opensearch.domains.drawings.skeleton import middle_lines
from opensearch.domains.drawings.stray import CORE
from opensearch.domains.paper.sheet import Plane

Mask: TypeAlias = NDArray[np.bool_]

_SLACK: Final = 0.4
_MOST_THINNING: Final = 4
_LINES_SHARE: Final = 0.4
# The boldest strokes of line icons are 0.11 of a view wide; what is wider is an area.
_AREA: Final = 0.125
# A drawing with this share of its ink in areas is a silhouette.
_SILHOUETTE: Final = 0.3
# Strokes over this many times the width wanted are drawn anew along their middle.
_BOLD: Final = 2.0
_MEETING: Final = 1.15
# Fine lines between parts so much thicker are what divides a silhouette, not its strokes.
_DIVIDED: Final = 2.5


def stroke_width(ink: Plane) -> float:
    """Mean width of the strokes, pixels: twice their area over the length of their edges."""
    return 2 * float(ink.sum()) / max(edge_length(ink), 1e-6)


def edge_length(ink: Plane) -> float:
    """Length of the edges of ink, pixels.

    It is the total variation, so that faint and soft lines measure like sharp ones.
    """
    down, across = np.diff(ink, axis=0)[:, :-1], np.diff(ink, axis=1)[:-1]
    return float(np.sqrt(down * down + across * across).sum())


def even(ink: Plane, width: float) -> Plane:
    """Strokes widened or thinned to about `width` pixels; thin ones are never lost.

    Silhouettes, which are areas and no strokes, stay as they are. In other drawings areas
    stay, and the strokes around them are evened.
    """
    found = stroke_width(ink)
    if width - found > _SLACK:
        return _widened(ink, width - found)
    if found - width <= _SLACK:
        return ink
    solid = ink > CORE
    if _line_width(ink, width) > _BOLD * width:
        return _bold_evened(ink, solid, width)
    areas = _closed(solid) if found > _DIVIDED * width else solid
    if _is_silhouette(solid, _opened(areas, _AREA * max(ink.shape) / 2)):
        return ink
    for _ in range(_MOST_THINNING):
        found = _line_width(ink, width)
        if found - width <= _SLACK:
            break
        # By half at most: a stroke a little narrower than the mean must not count as thin.
        ink = _thinned(ink, min(found - width, found / 2))
    return ink


def _line_width(ink: Plane, width: float) -> float:
    """Mean width of the strokes without filled areas, which no thinning should follow.

    Areas are what is three times wider than wanted, unless that is most of the drawing.
    """
    from scipy.ndimage import grey_opening

    side = round(3 * width)
    lines: Plane = ink - grey_opening(ink, size=(side, side))
    if edge_length(lines) < _LINES_SHARE * edge_length(ink):
        return stroke_width(ink)
    return stroke_width(lines)


def _closed(solid: Mask) -> Mask:
    """With the fine white lines that divide an area filled."""
    from scipy.ndimage import maximum_filter, minimum_filter

    side = 1 + 2 * round(_AREA / 8 * max(solid.shape))
    closed: Mask = minimum_filter(maximum_filter(solid, size=side), size=side)
    return closed


def _opened(solid: Mask, radius: float) -> Mask:
    """Where a disc of `radius` pixels fits in, shape (h, w)."""
    from scipy.ndimage import distance_transform_edt

    middles = distance_transform_edt(solid) >= radius
    if not middles.any():
        return np.zeros_like(solid)
    opened: Mask = distance_transform_edt(~middles) < radius
    return opened


def _is_silhouette(solid: Mask, areas: Mask) -> bool:
    return bool((areas & solid).sum() > _SILHOUETTE * solid.sum())


def _bold_evened(ink: Plane, solid: Mask, width: float) -> Plane:
    """Bold strokes drawn anew along their middle, areas between them kept; silhouettes as is."""
    radius = _AREA * max(ink.shape) / 2
    areas = _opened(solid, radius)
    if areas.any():
        # Where bold strokes meet, a wider disc fits in than in either.
        strokes = stroke_width(np.where(areas, np.float32(0), ink))
        if _MEETING * strokes > radius:
            radius = _MEETING * strokes
            areas = _opened(solid, radius)
    if _is_silhouette(solid, areas) or _is_silhouette(solid, _opened(_closed(solid), radius)):
        return ink
    return _redrawn(ink, areas, width)


def _redrawn(ink: Plane, areas: Mask, width: float) -> Plane:
    """Lines of `width` pixels along the middle of all strokes; areas stay."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter

    smooth = gaussian_filter(ink, 1) > CORE
    # What is too fine for smoothing needs none.
    solid = smooth | (ink > CORE) & ~maximum_filter(smooth, size=3)
    away = distance_transform_edt(~middle_lines(solid | areas))
    lines = np.clip(width / 2 + 0.5 - away, 0, 1).astype(np.float32)
    if areas.any():
        near = distance_transform_edt(~areas) <= _AREA * max(ink.shape) / 8
        lines = np.where(near, np.maximum(lines, ink), lines)
    # Without their breadth the strokes no longer reach the margin.
    if not (lines > CORE).any():
        return ink
    return in_view(lines, max(ink.shape))


def _widened(ink: Plane, by: float) -> Plane:
    from scipy.ndimage import maximum_filter

    whole, part = int(by), np.float32(by % 1)
    narrow = maximum_filter(ink, size=1 + whole) if whole else ink
    widened: Plane = (1 - part) * narrow + part * maximum_filter(ink, size=2 + whole)
    return widened


def _thinned(ink: Plane, by: float) -> Plane:
    from scipy.ndimage import maximum_filter, minimum_filter

    side = 1 + max(1, round(by))
    core = minimum_filter(ink, size=side)
    # Strokes narrower than the filter vanish from the core; the opening tells which they are.
    opened = maximum_filter(core, size=side, origin=-1 if side % 2 == 0 else 0)
    thinned = np.maximum(core, ink - opened)
    # A soft stroke about as wide as the filter is left half in either part: made dark again.
    sharpened: Plane = np.clip((thinned - np.float32(0.15)) / np.float32(0.35), 0, 1)
    return sharpened
