"""A figure on a tile with rounded corners that fills its picture, as icons of programs are."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from opensearch.domains.paper.outline import Mask
from opensearch.domains.paper.sheet import brightest

_CLEAR, _MOST = 16, 0.1
"""Opacity below which a pixel is clear, and share of a tile's picture that may be."""
_CORNER: Final = 0.3
"""Share of a side within which a corner is rounded."""
_SAME, _EDGE = 12, 0.8
"""How far shades of a tile lie apart at most, and share of what is not clear along its edges that
has its shade."""
_OPAQUE: Final = 250
_LEAST, _LARGEST = 0.02, 0.5
"""Share of a tile that its figure covers: one that covers more is a thing in a frame."""


def tile_of(clear: Image.Image) -> tuple[int, int, int, int] | None:
    """The colour of a tile, opaque; `None` where a picture (RGBA) shows none.

    Its corners alone are clear: were they white, they would be drawn beside the figure.
    """
    pixels = np.asarray(clear)
    hidden = pixels[..., 3] < _CLEAR
    ends = hidden[[0, 0, -1, -1], [0, -1, 0, -1]]
    if not ends.all() or hidden.mean() >= _MOST or (hidden & ~_in_corners(hidden.shape)).any():
        return None
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    edges = edges[edges[:, 3] >= _OPAQUE].astype(np.int16)
    if not len(edges):
        return None
    shade = np.median(edges, axis=0).astype(np.int16)
    if (np.abs(edges - shade).max(axis=1) <= _SAME).mean() < _EDGE:
        return None
    solid = pixels[..., 3] >= _OPAQUE
    figure = solid & (brightest(np.abs(pixels[..., :3] - shade[:3])) > _SAME)
    if not _LEAST <= figure.mean() <= _LARGEST:
        return None
    red, green, blue = (int(each) for each in shade[:3])
    return red, green, blue, 255


def _in_corners(shape: tuple[int, ...]) -> Mask:
    """The four corners of a picture (h, w)."""
    rows, columns = (np.arange(side) for side in shape)
    top, left = (np.minimum(at, len(at) - 1 - at) < _CORNER * len(at) for at in (rows, columns))
    return top[:, None] & left
