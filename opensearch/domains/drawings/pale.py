"""Ink hardly darker than its paper: light pencil, faint scans.

Grain, texture and folds of paper are as often lighter than the paper around them as darker, and by
as much; ink is darker only, and drawn in strokes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.drawings.stray import is_dotted
from opensearch.domains.paper.lighting import BROADEST
from opensearch.domains.paper.outline import boxes
from opensearch.domains.paper.sheet import Plane, local_median, small

_SOFT: Final = 1.0
"""Spread of the Gaussian that evens grain, pixels."""
_COARSE, _EVENED = 64, 2.0
"""Side of the picture that paper is estimated in, and by how much it is evened, pixels."""
_LEAST, _LEAST_PHOTOGRAPHED = 0.02, 0.025
"""Least darkness of pale ink, on a file's own white and on photographed paper."""
_MOST: Final = 0.15
"""Greatest darkness of pale ink: anything darker was already refused as plain ink."""
_GRAIN: Final = 5.0
"""Ink is darker than paper by so many standard deviations of the grain."""
_LIGHTER: Final = 2.0
"""Ink is darker by so many times what light grain is lighter by, the top `_RARE` percent aside."""
_RARE: Final = 0.1
_STROKE, _LONGEST = 0.03, 0.12
"""Least extent of any stroke, and of the longest, share of the sheet's longer side."""
_DIM: Final = 128
"""Darkness is a share of the paper's brightness, which counts as at least this."""
_AREA: Final = 0.4
"""Largest share of the sheet that is ink; shadows cover more."""


def pale_ink(rgb: NDArray[np.uint8], dark: Plane | None) -> Plane | None:
    """How much ink each pixel holds, on a sheet without plain ink.

    Args:
        rgb: shape (h, w, 3).
        dark: darkness of an unevenly lit sheet without its printed lines, shape (h, w); None for
            an even sheet.

    Returns:
        0..1, shape (h, w), or None where nothing tells ink from grain.
    """
    against = _against_paper(rgb)
    least = _least(against, _LEAST if dark is None else _LEAST_PHOTOGRAPHED)
    near = _against_near(rgb) if dark is None else dark
    # Measured against the paper nearby, uneven light does not count.
    ink = np.minimum(against, near - np.float32(np.median(near)))
    strokes = _strokes(ink, least, rimless=dark is not None)
    if not strokes.any() or strokes.mean() > _AREA:
        return None
    full = float(np.percentile(ink[strokes & (ink > least)], 80))
    if full > _MOST:
        return None
    shown = np.clip((ink - least / 2) / np.float32(full - least / 2), 0, 1).astype(np.float32)
    pale: Plane = np.where(strokes, shown, np.float32(0))
    return None if is_dotted(pale) else pale


def _against_paper(rgb: NDArray[np.uint8]) -> Plane:
    """Darkness against the paper around, shape (h, w): below 0 for what is lighter."""
    from scipy.ndimage import gaussian_filter

    grey = rgb.mean(axis=2, dtype=np.float32)
    # A median, unlike `paper_of`, treats darker and lighter grain alike.
    coarse = gaussian_filter(local_median(small(grey, _COARSE)), _EVENED)
    paper = Image.fromarray(coarse).resize(grey.shape[::-1], Image.Resampling.BILINEAR)
    against = 1 - gaussian_filter(grey, _SOFT) / np.maximum(np.asarray(paper), _DIM)
    centred: Plane = against - np.median(against)
    return centred


def _against_near(rgb: NDArray[np.uint8]) -> Plane:
    """Darkness against the brightest within the breadth of a stroke, shape (h, w)."""
    from scipy.ndimage import gaussian_filter, grey_closing

    soft = gaussian_filter(rgb.mean(axis=2, dtype=np.float32), _SOFT)
    side = 1 + 2 * round(BROADEST * max(soft.shape) / 2)
    near = grey_closing(soft, size=(side, side))
    against: Plane = ((near - soft) / np.maximum(near, _DIM)).astype(np.float32)
    return against


def _least(against: Plane, floor: float) -> float:
    """The darkness that nothing but ink reaches."""
    grain = 1.4826 * float(np.median(np.abs(against)))
    lighter = -float(np.percentile(against, _RARE))
    return max(floor, _GRAIN * grain, _LIGHTER * lighter)


def _strokes(ink: Plane, least: float, *, rimless: bool) -> NDArray[np.bool_]:
    """Where there are strokes as dark as `least` somewhere; nowhere if all are short.

    Args:
        ink: shape (h, w).
        least: their darkness.
        rimless: what runs into the border is a fold, not a stroke; if most of the ink does, there
            are no strokes.
    """
    from scipy.ndimage import label

    parts, count = label(ink > least / 2, structure=np.ones((3, 3)))
    kept = np.bincount(parts[ink > least], minlength=count + 1) > 0
    kept[0] = False
    rim, longest = np.zeros_like(kept), 0
    for at, (rows, columns) in enumerate(boxes(parts), start=1):
        extent = max(rows.stop - rows.start, columns.stop - columns.start)
        ends = (rows.start, columns.start, ink.shape[0] - rows.stop, ink.shape[1] - columns.stop)
        rim[at] = rimless and min(ends) == 0
        kept[at] &= extent >= _STROKE * max(ink.shape)
        longest = max(longest, extent if kept[at] and not rim[at] else 0)
    mass = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count + 1)
    if longest < _LONGEST * max(ink.shape) or mass[kept & rim].sum() > mass[kept & ~rim].sum():
        return np.zeros_like(parts, np.bool_)
    return (kept & ~rim)[parts]
