"""How dark each point of photographed paper is against the paper around it, in light and shadow.

Whatever is no broader than a stroke is compared with the brightest paper nearby, so the edge of a
shadow, a reflection or a fold leaves nothing. Areas that are far darker than any shadow are ink.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.sheet import Plane, darkest, paper_of, small

BROADEST: Final = 1 / 24
"""Breadth of a stroke at the most, share of the sheet."""
_TINY: Final = 1e-9
_SOLID: Final = 0.68
"""Darkness of areas that are ink; a shadow on paper is lighter."""
_GRAIN: Final = 0.8
"""Spread of the Gaussian that evens the sensor's grain, pixels."""
_DIM: Final = 50
"""Paper counts as at least this bright in a channel; in darker ones grain would show too much."""
_BOARD: Final = 120
"""The median brightness of a board is below this."""
_BOARD_SIDES: Final = (192, 384)
"""Sides of the pictures in which chalk is looked for, pixels: squares of squared paper are as small
as marks in the first, and thick chalk is no fine mark in the second."""


def paper_darkness(rgb: NDArray[np.uint8]) -> Plane:
    """Darkness of photographed paper, shape (h, w): 0 for paper, 1 for black ink.

    Ink of a colour counts by the channel that shows it best; on boards, light ink counts.

    Args:
        rgb: shape (h, w, 3).
    """
    sheet = 255 - rgb if _is_board(rgb) else rgb
    channels = [sheet[..., 0]]
    if not (np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2])):
        channels = [sheet[..., channel] for channel in range(3)]
    dark: Plane = np.maximum.reduce([_against_paper(c.astype(np.float32)) for c in channels])
    return dark


def _against_paper(channel: Plane) -> Plane:
    from scipy.ndimage import gaussian_filter, grey_closing

    soft = gaussian_filter(channel, _GRAIN)
    side = 1 + 2 * round(BROADEST * max(channel.shape) / 2)
    near = np.maximum(grey_closing(soft, size=(side, side)), _DIM)
    fine = np.maximum(1 - soft / near, 0)
    wide = 1 - soft / np.maximum(paper_of(channel), _DIM)
    dark: Plane = np.where(wide > _SOLID, np.maximum(wide, fine), fine)
    return dark


def _is_board(rgb: NDArray[np.uint8]) -> bool:
    """Whether fine marks are lighter than the ground, which is dark: chalk.

    One channel of coloured paper may be dark and grainy, so all three together show the marks.
    """
    from scipy.ndimage import grey_closing, grey_opening

    if np.median(small(darkest(rgb).astype(np.float32), _BOARD_SIDES[0])) >= _BOARD:
        return False
    odds = 1.0
    for side in _BOARD_SIDES:
        picture = small(rgb.mean(axis=2, dtype=np.float32), side)
        dark = grey_closing(picture, size=(5, 5)) - picture
        bright = picture - grey_opening(picture, size=(5, 5))
        odds *= float((bright**3).sum()) / max(float((dark**3).sum()), _TINY)
    return odds > 1
