"""A sheet that lies on even ground in a picture: a screenshot, or a page between bars."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import border, brightest, darkest

_UNLIKE: Final = 6
"""How far a channel of the sheet differs from the ground at least."""
_EDGE, _WHOLE, _TRIMMED = 0.9, 0.8, 2
"""Share of each edge of the sheet that is unlike the ground, and of all of it: a drawn frame has
the ground within it. Pixels of its rim that are left out."""
_BESIDE, _REACHES = 2, 0.02
"""Pixels beside the sheet where the ground is looked at, and share of them that may be unlike."""
_LEAST, _MOST = 0.15, 0.97
"""Share of the picture that the sheet takes up."""
_FINEST: Final = 40
"""Shortest side of a sheet, pixels."""
_BRIGHT: Final = 128
"""Paper is at least so bright; what is darker is rather a filled drawing."""


class Pasted(NamedTuple):
    """Where a sheet lies in a picture, shares of its height and width."""

    top: float
    bottom: float
    left: float
    right: float

    def cut_out(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The sheet in the picture (h, w, 3), or in one of other size, without its rim."""
        height, width = rgb.shape[:2]
        rows = slice(round(self.top * height) + _TRIMMED, round(self.bottom * height) - _TRIMMED)
        columns = slice(round(self.left * width) + _TRIMMED, round(self.right * width) - _TRIMMED)
        return np.ascontiguousarray(rgb[rows, columns])

    @property
    def side(self) -> float:
        """The longer of its shares."""
        return max(self.bottom - self.top, self.right - self.left)


def find_pasted(rgb: NDArray[np.uint8]) -> Pasted | None:
    """The sheet in a picture (h, w, 3) whose ground is of one shade, `None` where there is none.

    Measured against the ground, all of the sheet would be ink.
    """
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    unlike = brightest(np.abs(rgb - np.median(edge, axis=0))) > _UNLIKE
    rows, columns = (_extent(unlike.mean(axis=axis)) for axis in (1, 0))
    sheet = unlike[rows, columns]
    if not _LEAST <= sheet.size / unlike.size <= _MOST or not _is_sheet(sheet):
        return None
    if _touched(unlike, rows, columns):
        return None
    height, width = unlike.shape
    found = Pasted(
        rows.start / height, rows.stop / height, columns.start / width, columns.stop / width
    )
    paper, _ = border(darkest(found.cut_out(rgb)).astype(np.float32))
    return found if paper >= _BRIGHT else None


def _extent(shares: NDArray[np.floating]) -> slice:
    """From the first to the last of the rows that are unlike the ground for the most part."""
    full = np.flatnonzero(shares >= shares.max() / 2)
    return slice(int(full[0]), int(full[-1]) + 1)


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


def _is_sheet(unlike: Mask) -> bool:
    """Whether an area (h, w) is unlike the ground nearly everywhere, above all along its edges."""
    if min(unlike.shape) < _FINEST:
        return False
    rim = (unlike[_TRIMMED], unlike[-1 - _TRIMMED], unlike[:, _TRIMMED], unlike[:, -1 - _TRIMMED])
    return bool(unlike.mean() >= _WHOLE) and all(edge.mean() >= _EDGE for edge in rim)
