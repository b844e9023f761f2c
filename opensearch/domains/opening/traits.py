"""A few plain numbers, measured on a small copy, that tell drawings from pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.drawings.evening import edge_length, stroke_width
from opensearch.domains.paper.sheet import Plane, darkness

SIDE: Final = 128
"""Longer side of the copy that is measured, pixels."""

NAMES: Final = (
    "paper",
    "ink",
    "midtones",
    "solid",
    "stroke",
    "edges",
    "grain",
    "colour",
    "colour of ink",
    "even border",
    "shades",
)
"""The traits in order; `traits` says what each of them is."""

_PAPER, _INK = 0.1, 0.3
_TINY = 1e-6


def traits(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure a picture, lighting flattened and light-on-dark inverted as for sketches.

    Args:
        rgb: shape (h, w, 3), uint8, longer side at most `SIDE`.

    Returns:
        Shape (11,), each about 0..1. Shares of all pixels: bare paper, ink. Shares of what is
        not paper: midtones, and solid areas (at least 5 pixels thick). Then stroke width
        over the ink's extent, edge length over ink, spread of the paper's
        shade, spread of colour over the sheet and of ink from paper, whether the border is of
        one even shade, and the entropy of the shades.
    """
    from scipy.ndimage import minimum_filter

    dark, photographed = darkness(rgb)
    dark = np.minimum(dark, 1)
    bare, inked = dark < _PAPER, dark > _INK
    covered = max(float((~bare).mean()), _TINY)
    solid = float(np.mean(minimum_filter(dark, size=5) > _PAPER))
    tint = _tint(rgb)
    return np.array(
        [
            bare.mean(),
            inked.mean(),
            ((dark >= _PAPER) & (dark < 0.5 * max(_INK, float(dark.max())))).mean() / covered,
            min(solid / covered, 1.0),
            min(stroke_width(dark) / 16, 1.0),
            min(edge_length(dark) / (_TINY + float(dark.sum())), 2.0) / 2,
            min(10 * float(dark[bare].std()) if bare.any() else 1.0, 1.0),
            min(10 * float(tint.std(axis=(0, 1)).sum()), 2.0) / 2,
            _colour_of_ink(tint, bare, inked),
            0.0 if photographed else 1.0,
            _entropy(dark),
        ]
    )


def _tint(rgb: NDArray[np.uint8]) -> Plane:
    """Shares of red and green in each pixel, shape (h, w, 2); light does not change them."""
    values = rgb.astype(np.float32) + 16
    shares: Plane = values[..., :2] / values.sum(axis=2, keepdims=True)
    return shares


def _colour_of_ink(tint: Plane, bare: NDArray[np.bool_], inked: NDArray[np.bool_]) -> float:
    if not bare.any() or not inked.any():
        return 0.0
    return min(10 * float(tint[inked].std(axis=0).sum()), 2.0) / 2


def _entropy(dark: Plane) -> float:
    counts = np.bincount((dark * 31.99).astype(np.int64).ravel(), minlength=32)
    share = counts[counts > 0] / dark.size
    return float(-(share * np.log2(share)).sum() / 5)
