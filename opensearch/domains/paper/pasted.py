"""A sheet that lies on even ground in a picture: a screenshot, or a page between bars."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import brightest, darkest

_UNLIKE: Final = 6
"""How far a channel of the sheet differs from the ground at least."""
_EDGE, _WHOLE, _TRIMMED = 0.9, 0.8, 2
"""Share of each edge of the sheet that is unlike the ground, and of all of it: a drawn frame has
the ground within it. Pixels of its rim that are left out."""
_BESIDE, _REACHES = 2, 0.02
"""Pixels beside the sheet where the ground is looked at, and share of them that may be unlike."""
_LEAST, _MOST = 0.15, 0.97
"""Share of the picture that the sheet takes up."""
_COARSE: Final = 4
"""Of so many rows and columns one is looked at first."""
_FINEST: Final = 40
"""Shortest side of a sheet, pixels."""
_BRIGHT: Final = 128
"""Every channel of paper is at least so bright."""
_OUTLINE, _OUTLINED, _SIDES = 5, 0.8, 3
"""Depth of an outline in pixels, share of a row that it takes, and the sides that it runs along."""
_INK, _MARGIN, _DRAWN = 24, 0.06, 0.12
"""How far ink lies from paper at least, share of a side along the edge where none is looked for,
and share of a side over which it extends at least."""


class Pasted(NamedTuple):
    """Where a sheet lies in a picture, shares of its height and width.

    `side` is its longer side, as a share of the longer one of the picture.
    """

    top: float
    bottom: float
    left: float
    right: float
    side: float

    @property
    def framed(self) -> bool:
        """Whether there is ground on all four sides."""
        return self.top > 0 and self.bottom < 1 and self.left > 0 and self.right < 1

    def cut_out(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The sheet in the picture (h, w, 3), or in one of other size, without its rim."""
        height, width = rgb.shape[:2]
        rows = slice(round(self.top * height) + _TRIMMED, round(self.bottom * height) - _TRIMMED)
        columns = slice(round(self.left * width) + _TRIMMED, round(self.right * width) - _TRIMMED)
        return np.ascontiguousarray(rgb[rows, columns])


def find_pasted(rgb: NDArray[np.uint8]) -> Pasted | None:
    """The sheet in a picture (h, w, 3) whose ground is of one shade, `None` where there is none.

    Measured against the ground, all of the sheet would be ink. Filled shapes with straight sides
    are told by an outline, by darkness or by how little is drawn on them; a house front with large
    windows is yet taken for a sheet.
    """
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    ground = np.median(edge, axis=0).astype(np.int16)
    if _unlike(rgb[::_COARSE, ::_COARSE], ground).mean() < _LEAST * _WHOLE / 2:
        return None  # a drawing in lines, at a sixteenth of the cost
    unlike = _unlike(rgb, ground)
    rows, columns = (_extent(unlike.mean(axis=axis)) for axis in (1, 0))
    area = unlike[rows, columns]
    if not _LEAST <= area.size / unlike.size <= _MOST or not _is_sheet(area):
        return None
    if _touched(unlike, rows, columns) or not _is_drawn_on(rgb[rows, columns], ground):
        return None
    height, width = unlike.shape
    return Pasted(
        rows.start / height,
        rows.stop / height,
        columns.start / width,
        columns.stop / width,
        max(area.shape) / max(unlike.shape),
    )


def _unlike(rgb: NDArray[np.uint8], ground: NDArray[np.int16]) -> Mask:
    """Which pixels of a picture (h, w, 3) are no ground."""
    apart: Mask = brightest(np.abs(rgb.astype(np.int16) - ground)) > _UNLIKE
    return apart


def _extent(shares: NDArray[np.floating]) -> slice:
    """From the first to the last of the rows that are unlike the ground for the most part."""
    full = np.flatnonzero(shares >= shares.max() / 2)
    return slice(int(full[0]), int(full[-1]) + 1)


def _is_sheet(unlike: Mask) -> bool:
    """Whether an area (h, w) is unlike the ground nearly everywhere, above all along its edges."""
    if min(unlike.shape) < _FINEST:
        return False
    rim = (unlike[_TRIMMED], unlike[-1 - _TRIMMED], unlike[:, _TRIMMED], unlike[:, -1 - _TRIMMED])
    return bool(unlike.mean() >= _WHOLE) and all(edge.mean() >= _EDGE for edge in rim)


def _touched(unlike: Mask, rows: slice, columns: slice) -> bool:
    """Whether anything reaches over the edges of an area, as the handle of a filled bag does."""
    beside = [
        unlike[at, columns]
        for at in (rows.start - 1 - _BESIDE, rows.stop + _BESIDE)
        if 0 <= at < unlike.shape[0]
    ]
    beside += [
        unlike[rows, at]
        for at in (columns.start - 1 - _BESIDE, columns.stop + _BESIDE)
        if 0 <= at < unlike.shape[1]
    ]
    return any(line.mean() > _REACHES for line in beside)


def _is_drawn_on(sheet: NDArray[np.uint8], ground: NDArray[np.int16]) -> bool:
    """Whether a sheet (h, w, 3) is bare paper along its edges, and has a drawing within."""
    paper = np.median(sheet[_TRIMMED:-_TRIMMED, _TRIMMED:-_TRIMMED], axis=(0, 1))
    if paper.min() < _BRIGHT:
        return False
    grey = darkest(sheet).astype(np.float32)
    dark = grey < min(paper.min(), ground.min()) - _INK
    sides = (dark[:_OUTLINE], dark[-_OUTLINE:], dark[:, :_OUTLINE].T, dark[:, -_OUTLINE:].T)
    if sum(bool((side.mean(axis=1) >= _OUTLINED).any()) for side in sides) >= _SIDES:
        return False
    height, width = (round(_MARGIN * length) for length in grey.shape)
    ink = np.abs(grey - paper.min())[height:-height, width:-width] > _INK
    extents = (np.ptp(np.flatnonzero(ink.any(axis=axis))) for axis in (0, 1)) if ink.any() else ()
    return bool(max(extents, default=0) >= _DRAWN * max(grey.shape))
