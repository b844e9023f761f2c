"""Whether a drawing is painted: areas in several colours, as clip art and emoji have.

As a sketch it would be one dark silhouette, since whatever is drawn counts as ink there. A file of
pixels may as well be a photo, so more is asked of it: even ground and even colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.drawings.tones import (
    ALIKE,
    APART,
    FEWEST,
    Colour,
    Values,
    apart,
    colours,
    evenness,
    ground,
    on_white,
)

_WIDTH: Final = 9 / 128
"""How wide lines may be, as a share of the longer side of what is drawn; what is wider has an
inside."""
_LEAST_INSIDE, _LEAST_COLOUR = 0.25, 0.03
"""Shares: of what is drawn that lies inside, and of the inside that is of one colour."""
_LIKE_AREA, _IN_AREAS = 12, 0.65
"""How far values lie from the colour of their area, and the share of the inside that does."""
_EVEN, _COVERED = 0.45, 0.85
"""The least evenness of clip art, and the share of a picture that it covers at most."""


def is_painted(drawing: Image.Image) -> bool:
    """Whether a drawing holds areas of two colours or more, one of which is no shade of grey.

    Args:
        drawing: RGBA, its longer side 128 pixels or somewhat less.
    """
    areas = _areas(on_white(drawing))
    return areas is not None and areas.painted


def is_clip_art(rgb: Values) -> bool:
    """Whether a picture is painted, in even colours, and its even ground is seen around it.

    It takes half of the colour drawings in pixels, and of photos hardly any: grain, light and
    shade leave few neighbours of one tone.

    Args:
        rgb: shape (h, w, 3), its longer side 128 pixels or less.
    """
    areas = _areas(rgb)
    if areas is None or not areas.painted or not areas.on_ground:
        return False
    off = np.min([apart(areas.inside, colour) for colour in areas.colours], axis=0)
    return bool(
        areas.drawn.mean() <= _COVERED
        and (off <= _LIKE_AREA).mean() >= _IN_AREAS
        and evenness(rgb, areas.drawn) >= _EVEN
    )


@dataclass(frozen=True, slots=True)
class _Areas:
    """What a drawing is made of.

    `drawn` (h, w) says where it is not ground, which is `on_ground` where the border is of one
    colour, and else taken for white. `inside` (n, 3) are the values within its areas, `colours`
    those that many of them share.
    """

    on_ground: bool
    drawn: NDArray[np.bool_]
    inside: Values
    colours: list[Colour]

    @property
    def painted(self) -> bool:
        """Whether two areas differ in colour, one of which is no shade of grey."""
        return len(self.colours) > 1 and any(np.ptp(each) >= APART for each in self.colours)


def _areas(rgb: Values) -> _Areas | None:
    """The areas of a drawing (h, w, 3), `None` where it is of lines, or nothing to speak of."""
    from scipy.ndimage import minimum_filter

    below = ground(rgb)
    drawn = apart(rgb, np.full(3, 255.0) if below is None else below) > ALIKE
    inside = rgb[minimum_filter(drawn, _width(drawn))]
    if len(inside) < max(FEWEST, _LEAST_INSIDE * drawn.sum()):
        return None
    return _Areas(below is not None, drawn, inside, colours(inside, _LEAST_COLOUR * len(inside)))


def _width(drawn: NDArray[np.bool_]) -> int:
    """How wide lines may be in pixels, an odd number, for where a picture is drawn on (h, w)."""
    sides = (np.flatnonzero(drawn.any(axis=axis)) for axis in (0, 1))
    longer = max((int(np.ptp(side)) + 1 for side in sides if len(side)), default=1)
    return max(3, 2 * round((_WIDTH * longer - 1) / 2) + 1)
