"""Where a drawing lies in its view: in the middle, as large as the margin lets it be."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.drawings.depth import full_darkness, least_of_strokes
from opensearch.domains.drawings.stray import CORE
from opensearch.domains.paper.sheet import Plane

_VISIBLE, _LEAST_CORE = 0.1, 0.2
"""How dark a pixel is that counts as drawn, and the core of fine lines at the least."""
MARGIN: Final = 0.06
"""Free border on each side of the ink, share of a view's side."""


def in_view(ink: Plane, size: int) -> Plane:
    """The ink scaled to fill the view up to its margin, in the middle of a square of `size`."""
    left, upper, right, lower = _box(ink > CORE)
    side = max(right - left, lower - upper)
    reach = side * 0.5 / (1 - 2 * MARGIN)
    x, y = (left + right) / 2, (upper + lower) / 2
    window = (x - reach, y - reach, x + reach, y + reach)
    return _window(ink, window, size, least_of_strokes(ink, _VISIBLE))


def _box(solid: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, upper, right, lower of the ink, the last two exclusive."""
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _window(
    ink: Plane, window: tuple[float, float, float, float], size: int, least: float
) -> Plane:
    """A square window of the ink, which may reach over its border, as (size, size).

    Args:
        least: the darkness above which strokes are.
    """
    pad = int(max(-min(window), window[2] - ink.shape[1], window[3] - ink.shape[0], 0)) + 1
    sheet = Image.fromarray((np.pad(ink, pad) * 255).astype(np.uint8))
    x0, y0, x1, y1 = (at + pad for at in window)
    cut = sheet.resize((size, size), Image.Resampling.BILINEAR, box=(x0, y0, x1, y1))
    placed: Plane = np.asarray(cut, np.float32) / np.float32(255)
    # Fine lines fade when shrunk; their cores are brought back to black.
    core = full_darkness(placed, least if (placed > least).any() else _VISIBLE)
    dark: Plane = np.minimum(placed / max(core, _LEAST_CORE), 1)
    return dark
