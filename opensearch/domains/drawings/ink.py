"""One look for every drawing: dark even strokes on white, cropped to the ink.

The same steps run in training and at query time, and change a drawing that went through
them hardly at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.drawings.skeleton import middle_lines
from opensearch.domains.drawings.stray import (
    CORE,
    RIM_SHARE,
    is_dotted,
    least_ink,
    without_rim,
    without_specks,
)
from opensearch.domains.paper.lighting import paper_darkness
from opensearch.domains.paper.page import cut_out, find_page
from opensearch.domains.paper.ruling import without_ruling
from opensearch.domains.paper.sheet import Plane, darkness, is_grainy, is_scan
from opensearch.errors import UnreadableFile

Mask: TypeAlias = NDArray[np.bool_]
Finer: TypeAlias = Callable[[float], NDArray[np.uint8]]
"""Gives a picture again with more pixels, for a page that takes up this share of its side."""

MARGIN: Final = 0.06
"""Free border on each side of the ink, share of a view's side."""

_FAINTEST: Final = 0.08
# Pixels of ink at the least.
_FEWEST: Final = 4
# Of photographed paper: from which darkness on there may be ink, and what ink reaches at least.
_FLOOR_PHOTOGRAPHED, _FAINTEST_PHOTOGRAPHED = 0.05, 0.12
_PALEST_DRAWN: Final = 0.01
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


def normalise(
    rgb: NDArray[np.uint8],
    size: int,
    stroke: float,
    drawn: bool = False,
    finer: Finer | None = None,
) -> NDArray[np.uint8]:
    """Bring a drawing to the one look.

    Args:
        rgb: the drawing or a photograph of it, shape (h, w, 3), uint8.
        size: side of the result, pixels.
        stroke: width to which strokes are evened, share of `size`; 0 leaves them.
        drawn: known to come from a drawing program, so never a photograph of a sheet.
        finer: gives the same picture with more pixels, for a photograph; `rgb` is used if None.

    Returns:
        Grey, shape (size, size), uint8, ink dark on 255.

    Raises:
        UnreadableFile: there is no ink on the sheet.
    """
    ink = ink_of(rgb, drawn, finer)
    placed = _placed(ink, _box(ink > CORE), size)
    if stroke:
        placed = even(placed, stroke * size)
    return (255.5 - 255 * placed).astype(np.uint8)


def ink_of(rgb: NDArray[np.uint8], drawn: bool = False, finer: Finer | None = None) -> Plane:
    """How much ink each pixel holds, 0..1, shape (h, w), free of grain and specks.

    Where the sheet is a photograph with a page in it, the pixels are those of the page.

    Raises:
        UnreadableFile: there is no ink on the sheet.
    """
    dark, photographed, page_found = _sheet(rgb, drawn, finer)
    floor = _FAINTEST
    if drawn:
        # Hairlines of a large plan come out pale, and nothing else does: there is no grain.
        floor = max(min(floor, float(dark.max()) / 4), _PALEST_DRAWN)
    if photographed:
        grain = float(np.median(dark))
        floor = max(_FLOOR_PHOTOGRAPHED, grain + 4 * 1.5 * float(np.median(np.abs(dark - grain))))
        floor = least_ink(dark, floor)
        dark = without_rim(dark, max(floor, _FAINTEST_PHOTOGRAPHED), page_found)
    full = _full(dark, floor, photographed, page_found)
    if photographed:
        dark = np.maximum(dark - floor, 0) * np.float32(full / (full - floor))
    ink: Plane = np.minimum(dark / np.float32(full), 1).astype(np.float32)
    if photographed:
        ink = without_specks(ink, 0 if page_found else RIM_SHARE)
        if is_dotted(ink):
            raise UnreadableFile("has no ink: only dots and grain")
    if not (ink > CORE).any():
        raise UnreadableFile("has no ink: the sheet is blank")
    return ink


def _full(dark: Plane, floor: float, photographed: bool, page_found: bool) -> float:
    """The darkness that counts as black.

    Raises:
        UnreadableFile: nothing is darker than `floor`, or only shadows and grain are.
    """
    strong = dark[dark > floor]
    if strong.size < _FEWEST:
        raise UnreadableFile("has no ink: the sheet is blank")
    full = max(float(np.percentile(strong, 80)), 1.5 * floor)
    if photographed and not page_found:
        # Where the texture of a table is most of what is left, ink is the darkest of it.
        full = max(full, float(np.percentile(strong, 98)) / 2)
    if photographed and full < _FAINTEST_PHOTOGRAPHED:
        raise UnreadableFile("has no ink: only shadows and grain")
    return full


def _sheet(rgb: NDArray[np.uint8], drawn: bool, finer: Finer | None) -> tuple[Plane, bool, bool]:
    """Darkness of the sheet or of the page in it, whether photographed, whether a page was found.

    Printed lines of photographed paper are gone.
    """
    dark, photographed = darkness(rgb, drawn)
    if drawn or not (is_grainy(rgb, even=not photographed) or is_scan(rgb, dark)):
        return dark, False, False
    page = find_page(rgb)
    if finer is not None:
        coarse, rgb = rgb, finer(1.0 if page is None else page.share(rgb))
        page = page and page.scaled(rgb.shape[1] / coarse.shape[1])
    sheet = rgb if page is None else cut_out(rgb, page)
    return without_ruling(paper_darkness(sheet)), True, page is not None


def stroke_width(ink: Plane) -> float:
    """Mean width of the strokes, pixels: twice their area over the length of their edges.

    The length is the total variation, so that faint and soft lines measure like sharp ones.
    """
    return 2 * float(ink.sum()) / max(_edge_length(ink), 1e-6)


def _edge_length(ink: Plane) -> float:
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
    if _edge_length(lines) < _LINES_SHARE * _edge_length(ink):
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
    return _placed(lines, _box(lines > CORE), max(ink.shape))


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


def _box(solid: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, upper, right, lower of the ink, the last two exclusive."""
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _placed(ink: Plane, box: tuple[int, int, int, int], size: int) -> Plane:
    """The box scaled to fill the view up to its margin, in the middle of a square of `size`."""
    left, upper, right, lower = box
    side = max(right - left, lower - upper)
    reach = side * 0.5 / (1 - 2 * MARGIN)
    x, y = (left + right) / 2, (upper + lower) / 2
    window = (x - reach, y - reach, x + reach, y + reach)
    return _window(ink, window, size)


def _window(ink: Plane, window: tuple[float, float, float, float], size: int) -> Plane:
    """A square window of the ink, which may reach over its border, as (size, size)."""
    pad = int(max(-min(window), window[2] - ink.shape[1], window[3] - ink.shape[0], 0)) + 1
    sheet = Image.fromarray((np.pad(ink, pad) * 255).astype(np.uint8))
    x0, y0, x1, y1 = (at + pad for at in window)
    cut = sheet.resize((size, size), Image.Resampling.BILINEAR, box=(x0, y0, x1, y1))
    placed = np.asarray(cut, np.float32) / 255
    # Fine lines fade when shrunk; their cores are brought back to black.
    visible = placed[placed > 0.1]
    core = float(np.percentile(visible, 80)) if visible.size else 1.0
    return np.minimum(placed / max(core, 0.2), 1)
