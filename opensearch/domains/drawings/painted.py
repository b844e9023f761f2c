"""Whether a drawing is painted: areas in several colours, as clip art and emoji have.

As a sketch it would be one dark silhouette, since whatever is drawn counts as ink there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WIDTH: Final = 9
"""How wide lines may be, in pixels of a copy of 128; what is wider has an inside."""
_LEAST_INSIDE, _LEAST_COLOUR = 0.25, 0.03
"""Shares: of what is drawn that lies inside, and of the inside that is of one colour."""
_APART: Final = 48
"""How far the values of two colours lie from each other, and of one that is no grey."""
_LIKE, _PAPER, _FEWEST = 10, 0.8, 20
"""How far values of paper lie from each other; the share of the border that is paper, where that is
not white; fewest pixels that tell anything."""


def is_painted(drawing: Image.Image) -> bool:
    """Whether a drawing holds areas of two colours or more, one of which is no shade of grey.

    Args:
        drawing: RGBA, its longer side 128 pixels.
    """
    from scipy.ndimage import minimum_filter

    white = Image.new("RGBA", drawing.size, "white")
    white.alpha_composite(drawing.convert("RGBA"))
    rgb = np.asarray(white.convert("RGB")).astype(np.int32)
    drawn = np.abs(rgb - _paper(rgb)).max(axis=2) > _LIKE
    inside = rgb[minimum_filter(drawn, _WIDTH)]
    if len(inside) < max(_FEWEST, _LEAST_INSIDE * drawn.sum()):
        return False
    colours = _colours(inside, _LEAST_COLOUR * len(inside))
    return len(colours) > 1 and any(np.ptp(colour) >= _APART for colour in colours)


def _paper(rgb: NDArray[np.int32]) -> NDArray[np.float64]:
    """The colour (3,) of the ground that a drawing lies on: of its border, or white."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colour = np.median(border, axis=0)
    alike = (np.abs(border - colour).max(axis=1) <= _LIKE).mean()
    return colour if alike >= _PAPER else np.full(3, 255.0)


def _colours(pixels: NDArray[np.int32], least: float) -> list[NDArray[np.float64]]:
    """The colours of at least so many of the pixels (n, 3), the most frequent first."""
    found = []
    while len(pixels) >= least:
        bins = pixels // 32 @ np.array([64, 8, 1])
        colour = np.median(pixels[bins == np.bincount(bins).argmax()], axis=0)
        near = np.abs(pixels - colour).max(axis=1) < _APART
        if near.sum() < least:
            break
        found.append(colour)
        pixels = pixels[~near]
    return found
