"""The page in a photograph of a drawing: found on its table, cut out and seen from straight above.

A page is an area of four straight sides that stands out from what lies around it. Nothing is known
of pens, tables or cameras, so one is looked for among areas at several levels of brightness and
among outlines made of straight edges, and the best found is taken.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.paper.outline import Mask, Points, eroded
from opensearch.domains.paper.page_search import best_place, has_four_sided_area
from opensearch.errors import UnreadableFile

_SIDE: Final = 240
"""Longer side of the small picture that a page is looked for in, pixels."""
_INSET: Final = 0.025
"""Share of a page's side that is cut off all around: shadows of the edge, and its curl."""
_CURL: Final = 3
"""How far the colours of the table reach into the page in the small picture, pixels."""


class Page(NamedTuple):
    """A page found in a picture.

    `corners` has shape (4, 2), x and y in pixels of the picture, clockwise from the upper left;
    `area` is the part of it that is paper, in a smaller picture.
    """

    corners: Points
    area: Mask

    def scaled(self, by: float) -> Page:
        """The same page in a picture that is `by` times as large."""
        return Page((self.corners + 0.5) * by - 0.5, self.area)

    def share(self, rgb: NDArray[np.uint8]) -> float:
        """Its longest side, share of the longer side of the picture that it was found in."""
        sides = np.linalg.norm(self.corners - np.roll(self.corners, 1, axis=0), axis=1)
        return float(sides.max() / max(rgb.shape[:2]))


def cut_out(rgb: NDArray[np.uint8], page: Page) -> NDArray[np.uint8]:
    """The page of a photograph, seen from straight above.

    What is left of the table, at a corner that is bent or out of view, becomes blank paper.

    Args:
        rgb: shape (h, w, 3), uint8.
        page: found in it.

    Returns:
        Shape (h', w', 3), uint8, about as fine as the page was.
    """
    blank = _blank_outside(rgb, page.area)
    small = np.asarray(Image.fromarray(blank).resize(page.area.shape[::-1]))
    paper = np.median(small[page.area], axis=0).astype(int).tolist()
    return straightened(blank, page.corners, tuple(paper))


def may_show_page(rgb: NDArray[np.uint8]) -> bool:
    """A quick look whether a page may be found in the picture (h, w, 3), at half the size."""
    small = Image.fromarray(rgb)
    small.thumbnail((_SIDE // 2, _SIDE // 2), Image.Resampling.BOX)
    return has_four_sided_area(small)


def find_page(rgb: NDArray[np.uint8]) -> Page | None:
    """The page that stands out most from the picture (h, w, 3), or `None`."""
    scale = min(1.0, _SIDE / max(rgb.shape[:2]))
    width, height = (max(1, round(length * scale)) for length in rgb.shape[1::-1])
    small = Image.fromarray(rgb).resize((width, height), Image.Resampling.BOX)
    best = best_place(small)
    return None if best is None else Page(best.corners, best.area).scaled(1 / scale)


def _blank_outside(rgb: NDArray[np.uint8], area: Mask) -> NDArray[np.uint8]:
    """A picture whose pixels outside an area have the colour of the nearest ones inside."""
    from scipy.ndimage import distance_transform_edt

    paper = area
    for _ in range(_CURL):
        paper = eroded(paper)
    size = (rgb.shape[1], rgb.shape[0])
    small = Image.fromarray(rgb).resize(area.shape[::-1], Image.Resampling.BOX)
    nearest = distance_transform_edt(~paper, return_distances=False, return_indices=True)
    blank = np.asarray(small)[tuple(nearest)]
    wide = np.asarray(Image.fromarray(blank).resize(size, Image.Resampling.BILINEAR))
    kept = np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.NEAREST))
    return np.where(kept[..., None], rgb, wide)


def straightened(
    rgb: NDArray[np.uint8], corners: Points, beyond: tuple[int, ...] = (0, 0, 0)
) -> NDArray[np.uint8]:
    """The four-sided area between `corners` as a rectangle, its rim cut off.

    Args:
        corners: shape (4, 2), x and y, clockwise from the upper left.
        beyond: colour of the part that is out of view.
    """
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = (max(2, round(max(sides[i], sides[i + 2]))) for i in (0, 1))
    aim = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    # Sides out of view are not edges of the page, and have no rim.
    middles = (corners + np.roll(corners, -1, axis=0)) / 2
    own = ((middles > 1) & (middles < np.array(rgb.shape[1::-1]) - 2)).all(axis=1)
    top, right, bottom, left = (round(_INSET * min(width, height)) * own).tolist()
    flat = warped(rgb, corners, aim, (width, height), beyond)
    return flat[top : height - bottom, left : width - right]


def warped(
    rgb: NDArray[np.uint8],
    corners: Points,
    aim: Points,
    size: tuple[int, int],
    beyond: tuple[int, ...] = (0, 0, 0),
) -> NDArray[np.uint8]:
    """A picture in which what lay at `corners` lies at `aim`, straight lines still straight.

    Args:
        corners, aim: shape (4, 2), x and y.
        size: width and height of the result, pixels.
        beyond: colour of what no pixel falls on.

    Raises:
        UnreadableFile: three of the corners lie on one line.
    """
    rows, values = [], []
    for (x, y), (u, v) in zip(aim, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        # The eight numbers by which Pillow finds for each point of the result its source.
        numbers = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    except np.linalg.LinAlgError as error:
        raise UnreadableFile("has a page that is seen from its edge") from error
    picture = Image.fromarray(rgb)
    turn, smooth = Image.Transform.PERSPECTIVE, Image.Resampling.BILINEAR
    return np.asarray(picture.transform(size, turn, numbers, smooth, fillcolor=beyond))
