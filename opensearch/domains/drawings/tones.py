"""Ground, colours and evenness of a picture, told from a small copy."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = NDArray[np.float64]
"""Shape (3,), 0..255."""

Values = NDArray[np.int32]
"""Shape (..., 3), 0..255."""

ALIKE: Final = 10
"""How far values lie apart that count as ground, in the channel that differs most."""
FEWEST: Final = 20
"""Fewest pixels that tell anything."""
APART: Final = 48
"""How far two colours lie apart at least."""
_GROUND: Final = 0.8
"""The share of the border that is ground."""
_ONE_TONE: Final = 2
"""How far neighbours lie apart that are of one tone."""


def on_white(picture: Image.Image) -> Values:
    """The values of a picture of any mode, shape (h, w, 3); white where nothing is drawn."""
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return np.asarray(white.convert("RGB")).astype(np.int32)


def ground(rgb: Values) -> Colour | None:
    """The colour of the border of a picture (h, w, 3), `None` where it is not of one."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colour = np.median(border, axis=0)
    alike = (apart(border, colour) <= ALIKE).mean() >= _GROUND
    return np.asarray(colour) if alike else None


def apart(values: Values, colour: Colour) -> NDArray[np.float64]:
    """How far values (..., 3) lie from a colour, in the channel that differs most."""
    return np.asarray(np.abs(values - colour).max(axis=-1))


def colours(pixels: Values, least: float) -> list[Colour]:
    """The colours of at least so many of the pixels (n, 3), the most frequent first."""
    found = []
    while len(pixels) >= least:
        bins = pixels // 32 @ np.array([64, 8, 1])
        colour = np.median(pixels[bins == np.bincount(bins).argmax()], axis=0)
        near = apart(pixels, colour) < APART
        if near.sum() < least:
            break
        found.append(colour)
        pixels = pixels[~near]
    return found


def evenness(rgb: Values, drawn: NDArray[np.bool_]) -> float:
    """The share of what is drawn whose neighbour to the right is of the same tone."""
    steps = np.abs(np.diff(rgb, axis=1)).max(axis=2)[drawn[:, 1:] & drawn[:, :-1]]
    return float((steps <= _ONE_TONE).mean()) if len(steps) else 0.0
