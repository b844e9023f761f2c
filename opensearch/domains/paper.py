"""Transparent drawings put on paper on which their ink shows."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from PIL import Image

Paper: TypeAlias = tuple[int, int, int, int]
"""A colour, RGBA, each 0..255."""

WHITE: Final[Paper] = (255, 255, 255, 255)
_BLACK: Final[Paper] = (0, 0, 0, 255)
# Ink this pale does not show on white; unless this share of it is darker, paper is black.
_PALE: Final = 200
_DARKER: Final = 0.02
_OPAQUE: Final = 128


def paper_for(drawing: Image.Image) -> Paper:
    """The colour of paper for a drawing, RGBA: white, or black where all its ink is pale."""
    pixels = np.asarray(drawing)
    ink = pixels[pixels[..., 3] >= _OPAQUE]
    if not len(ink) or len(ink) == pixels.shape[0] * pixels.shape[1]:
        return WHITE
    darker = (ink[:, :3].min(axis=1) < _PALE).mean()
    return WHITE if darker >= _DARKER else _BLACK


def on_paper(drawing: Image.Image, paper: Paper = WHITE) -> Image.Image:
    """An RGBA drawing as RGB on paper of one colour."""
    sheet = Image.new("RGBA", drawing.size, paper)
    return Image.alpha_composite(sheet, drawing).convert("RGB")
