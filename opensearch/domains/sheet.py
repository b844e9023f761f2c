"""How dark each point of a sheet is against its paper, whatever the light it was taken in."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane: TypeAlias = NDArray[np.float32]

_COARSE: Final = 64
"""Side of the small picture on which paper is told from ink, pixels."""

_CLOSING: Final = 9
_RING: Final = 0.03
# Border pixels of a drawing program differ by compression only; a photographed sheet never does.
_EVEN, _EVEN_SHARE = 6, 0.9
# A board is never this bright; most paper is, and needs no closer look.
_BRIGHT: Final = 140


def darkness(rgb: NDArray[np.uint8]) -> tuple[Plane, bool]:
    """Ink against paper, with light-on-dark drawings inverted.

    A sheet whose border is of one even shade is measured against that shade; any other is
    taken as photographed and divided by its paper, estimated as a coarse closing.

    Args:
        rgb: shape (h, w, 3), uint8.

    Returns:
        Darkness, shape (h, w): 0 for paper, 1 for black ink (white chalk on a board), and
        whether the sheet was taken as photographed.
    """
    # The darkest channel shows pale colours, yellow crayon for one, as ink.
    grey = rgb.min(axis=2).astype(np.float32)
    level, even = _border(grey)
    if even:
        darker, lighter = np.maximum(level - grey, 0), np.maximum(grey - level, 0)
        if lighter.sum() > darker.sum():
            return lighter / max(255 - level, 1), False
        return darker / max(level, 1), False
    if _is_board(grey):
        grey = 255 - grey
    return np.maximum(1 - grey / np.maximum(_paper(grey), 1), 0), True


def _border(grey: Plane) -> tuple[float, bool]:
    """Median of a thin ring along the border, and whether the ring is even."""
    rim = max(1, round(_RING * min(grey.shape)))
    sides = (grey[:rim], grey[-rim:], grey[:, :rim], grey[:, -rim:])
    ring = np.concatenate([side.ravel() for side in sides])
    level = float(np.median(ring))
    return level, bool((np.abs(ring - level) <= _EVEN).mean() >= _EVEN_SHARE)


def _is_board(grey: Plane) -> bool:
    """Whether ink is lighter than its surroundings: a chalkboard, a blueprint.

    Thin strokes stand out of the local median; cubing lets them outweigh the grain.
    """
    from scipy.ndimage import median_filter

    coarse = _small(grey, 2 * _COARSE)
    if np.median(coarse) >= _BRIGHT:
        return False
    stands_out = coarse - median_filter(coarse, size=_CLOSING)
    return bool(np.sum(stands_out**3) > 0)


def _paper(grey: Plane) -> Plane:
    """Brightness the bare paper would have everywhere, shape (h, w)."""
    from scipy.ndimage import gaussian_filter, grey_closing

    coarse = _small(grey, _COARSE)
    paper = gaussian_filter(grey_closing(coarse, size=(_CLOSING, _CLOSING)), _CLOSING / 4)
    size = (grey.shape[1], grey.shape[0])
    return np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR), np.float32)


def _small(grey: Plane, side: int) -> Plane:
    scale = min(1.0, side / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX), np.float32)
