"""A drawing photographed on its page, the table in view: told from a photo of things.

All of such a picture looks like a photo. What tells is the page in it: a large area of four
straight sides, with a rim of one shade, next to no colour, and thin marks on it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.opening.rule import shipped_rule
from opensearch.domains.opening.traits import NAMES as TRAITS
from opensearch.domains.opening.traits import SIDE, traits
from opensearch.domains.paper.page import Page, cut_out, find_page, may_show_page

SEARCHED: Final = 320
"""Longer side of the copy in which a page is looked for, pixels."""
LEAST: Final = 200
"""Longer side of a picture in which one is looked for, pixels: the drawing must be legible."""
NAMES: Final = (
    *TRAITS,
    "area",
    "narrow side",
    "skew",
    "brightness",
    "saturation",
    "uneven rim",
    "uneven colour",
    "faint marks",
)
"""The traits in order: those of the page as if it were a picture, then those of `_of_page`."""
_RULE: Final = "drawn_page"
_COARSE: Final = 64
"""Longer side of the page on which its rim and colour are measured, pixels."""
_RIM: Final = 12
"""The rim is one part in so many of the page's shorter side."""
_LEAST_LIGHT: Final = 0.01


def drawn_page(rgb: NDArray[np.uint8]) -> float | None:
    """How surely a picture (h, w, 3) shows a drawing on its page: log odds less the threshold.

    Args:
        rgb: sides up to `SEARCHED` pixels.

    Returns:
        `None` where no page is found, or the picture is too small; negative where the page shows
        something else, be it a poster, a screen or a window.
    """
    if max(rgb.shape[:2]) < LEAST or not may_show_page(rgb):
        return None
    page = find_page(rgb)
    if page is None:
        return None
    rule = shipped_rule(_RULE)
    return rule.logit(page_traits(rgb, page)) - rule.threshold


def page_traits(rgb: NDArray[np.uint8], page: Page) -> NDArray[np.float64]:
    """The numbers of `NAMES`, shape (19,), of a page found in a picture (h, w, 3)."""
    flat = Image.fromarray(cut_out(rgb, page))
    small = flat.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    flat.thumbnail((_COARSE, _COARSE), Image.Resampling.BOX)
    return np.concatenate([traits(np.asarray(small)), _of_page(rgb, page, np.asarray(flat))])


def _of_page(rgb: NDArray[np.uint8], page: Page, flat: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How large and how skew the page is, and how even its paper, each about 0..1.

    Args:
        flat: the page seen from above, coarse.
    """
    height, width = rgb.shape[:2]
    corners = page.corners
    sides = corners - np.roll(corners, 1, axis=0)
    lengths = np.maximum(np.linalg.norm(sides, axis=1), 1e-9)
    x, y = corners.T
    area = abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2 / (height * width)
    along = sides / lengths[:, None]
    skew = np.abs((along * np.roll(along, 1, axis=0)).sum(axis=1)).max()
    paper = np.asarray(Image.fromarray(page.area).resize((width, height)))
    light, colour = _light_and_colour(rgb[paper])
    flat_light, flat_colour = _light_and_colour(flat)
    rim = max(1, min(flat.shape[:2]) // _RIM)
    inside = np.zeros(flat_light.shape, np.bool_)
    inside[rim:-rim, rim:-rim] = True
    return np.array(
        [
            area,
            lengths.min() / lengths.max(),
            skew,
            np.median(light),
            np.median(colour),
            flat_light[~inside].std(),
            flat_colour.std(),
            np.percentile(flat_light, 10) / max(float(np.median(flat_light)), _LEAST_LIGHT),
        ]
    )


def _light_and_colour(
    rgb: NDArray[np.uint8],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Brightness and saturation, each 0..1, of pixels (..., 3)."""
    bright = rgb.max(axis=-1).astype(np.float64)
    colour = (bright - rgb.min(axis=-1)) / np.maximum(bright, 1)
    return bright / 255, colour
