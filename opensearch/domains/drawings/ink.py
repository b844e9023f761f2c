"""One look for every drawing: dark even strokes on white, cropped to the ink.

The same steps run in training and at query time; a drawing that has been through them hardly
changes when they are repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.drawings.depth import full_darkness, least_of_strokes
from opensearch.domains.drawings.evening import even
from opensearch.domains.drawings.pale import pale_ink
from opensearch.domains.drawings.placing import in_view
from opensearch.domains.drawings.stray import (
    CORE,
    is_dotted,
    least_ink,
    without_crumbs,
    without_rim,
    without_specks,
)
from opensearch.domains.paper.holes import without_holes
from opensearch.domains.paper.lighting import paper_darkness
from opensearch.domains.paper.page import Page, cut_out, find_page
from opensearch.domains.paper.panel import without_panel
from opensearch.domains.paper.pasted import Pasted, find_pasted
from opensearch.domains.paper.ruling import without_ruling
from opensearch.domains.paper.sheet import Plane, darkness, is_grainy, is_scan, is_white
from opensearch.errors import UnreadableFile

Finer: TypeAlias = Callable[[float], NDArray[np.uint8]]
"""Reads a picture again with more pixels, given the share of its side that the page takes up."""

_FAINTEST: Final = 0.08
# Pixels of ink at the least.
_FEWEST: Final = 4
# On photographed paper: darkness from which there may be ink, and which some ink must reach.
_FLOOR_PHOTOGRAPHED, _FAINTEST_PHOTOGRAPHED = 0.05, 0.12
_PALEST_DRAWN: Final = 0.01


class _Sheet(NamedTuple):
    """A sheet (h, w, 3) or the page in it, its darkness, and what it is.

    Printed lines and holes of photographed paper are gone from its darkness.
    """

    rgb: NDArray[np.uint8]
    dark: Plane
    even: bool
    photographed: bool
    page_found: bool


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
    placed = in_view(ink, size)
    if stroke:
        placed = even(placed, stroke * size)
    return (255.5 - 255 * placed).astype(np.uint8)


def ink_of(rgb: NDArray[np.uint8], drawn: bool = False, finer: Finer | None = None) -> Plane:
    """How much ink each pixel holds, 0..1, shape (h, w), free of grain, specks and pale panels.

    Where the sheet lies on even ground in the picture, or is a photograph with a page in it, the
    pixels are those of the sheet or page.

    Raises:
        UnreadableFile: there is no ink on the sheet.
    """
    rgb = without_panel(rgb)
    pasted = None if drawn else find_pasted(rgb)
    if pasted is None:
        return _ink_of(rgb, drawn, finer)
    try:
        return _ink_of(pasted.cut_out(rgb), drawn, _finer_within(pasted, finer))
    except UnreadableFile:  # more likely a filled shape
        return _ink_of(rgb, drawn, finer)


def _ink_of(rgb: NDArray[np.uint8], drawn: bool, finer: Finer | None) -> Plane:
    """As `ink_of`, where the picture is the sheet."""
    sheet = _sheet(rgb, drawn, finer)
    try:
        return _plain_ink(sheet, drawn)
    except UnreadableFile:
        found = _found_again(sheet, finer)
        if found is None and not drawn:
            found = _pale_ink(sheet)
        if found is None:
            raise
        return found


def _found_again(sheet: _Sheet, finer: Finer | None) -> Plane | None:
    """Ink of the page that shows with more pixels, where what was taken for it held none.

    In few pixels a strip of table beside a page may look more like one.
    """
    if finer is None or not sheet.page_found:
        return None
    rgb = finer(1.0)
    page = find_page(rgb)
    try:
        return None if page is None else _plain_ink(_photographed(rgb, page), drawn=False)
    except UnreadableFile:
        return None


def _pale_ink(sheet: _Sheet) -> Plane | None:
    if sheet.photographed:
        return pale_ink(sheet.rgb, sheet.dark)
    if not sheet.even:
        return pale_ink(sheet.rgb, paper_darkness(sheet.rgb))
    pale = pale_ink(sheet.rgb, None)
    return pale_ink(255 - sheet.rgb, None) if pale is None else pale


def _plain_ink(sheet: _Sheet, drawn: bool) -> Plane:
    """As `ink_of`, where ink is far darker than paper."""
    _, dark, _, photographed, page_found = sheet
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
        ink = without_specks(ink)
        if is_dotted(ink):
            raise UnreadableFile("has no ink but small marks, as dots, grain or writing")
    else:
        ink = without_crumbs(ink)
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
    full = max(full_darkness(dark, least_of_strokes(dark, floor)), 1.5 * floor)
    if photographed and not page_found:
        # Where the texture of a table is most of what is left, ink is the darkest of it.
        full = max(full, float(np.percentile(strong, 98)) / 2)
    if photographed and full < _FAINTEST_PHOTOGRAPHED:
        raise UnreadableFile("has no ink: only shadows and grain")
    return full


def _sheet(rgb: NDArray[np.uint8], drawn: bool, finer: Finer | None) -> _Sheet:
    dark, uneven = darkness(rgb, drawn or is_white(rgb))
    if drawn or not (is_grainy(rgb, even=not uneven) or is_scan(rgb, dark)):
        return _Sheet(rgb, dark, not uneven, False, False)
    page = find_page(rgb)
    if finer is not None:
        coarse, rgb = rgb, finer(1.0 if page is None else page.share(rgb))
        page = page and page.scaled(rgb.shape[1] / coarse.shape[1])
    return _photographed(rgb, page)


def _finer_within(pasted: Pasted, finer: Finer | None) -> Finer | None:
    """Reads a sheet that lies in a picture with more pixels."""
    if finer is None:
        return None
    return lambda share: pasted.cut_out(finer(share * pasted.side))


def _photographed(rgb: NDArray[np.uint8], page: Page | None) -> _Sheet:
    sheet = rgb if page is None else cut_out(rgb, page)
    bare = without_holes(without_ruling(paper_darkness(sheet)))
    return _Sheet(sheet, bare, False, True, page is not None)
