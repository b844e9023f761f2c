"""The page in a photograph of a drawing: found on its table, cut out and seen from straight above.

A page is a bright area of four sides that stands out from what lies around it and has marks on
it. Nothing is known of pens, tables or cameras, so one is looked for at several levels of
brightness, and the best found is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.outline import FULL, Mask, Points, eroded, four_sided, polygon
from opensearch.domains.sheet import border, darkest
from opensearch.errors import UnreadableFile

_SIDE: Final = 240
"""Longer side of the small picture that a page is looked for in, pixels."""
_LEVELS: Final = 9
"""Levels of brightness that may part a page from its table."""
_STEEP: Final = (2, 4, 8)
"""Steepest change of brightness within an area without edges, a pixel of the small picture."""
_SMALLEST: Final = 0.12
"""Share of a picture that a page covers at least."""
_CLOSING: Final = 7
"""Side of the square that closes strokes which reach the page's edge, pixels."""
_RING: Final = 4
"""How far from the outline the surroundings are looked at, pixels, on either side."""
_STEP: Final = 18
"""Least change of brightness or colour over a page's edge."""
_EDGE_SHARE: Final = 0.7
"""Share of the edge inside the picture that must show that change."""
_INSET: Final = 0.02
"""Share of a page's side that is cut off all around: shadows of the edge, and its curl."""
_LEAST_RIM: Final = 0.06
"""Share of the picture's border that shows something else than the page."""
_CURL: Final = 3
"""How far the colours of the table reach into the page in the small picture, pixels."""
_INK: Final = 14
"""How much darker than the page around it a mark is at the least."""
_LEAST_INK, _MOST_INK = 0.0008, 0.4
"""Share of a page that is marks."""


def cut_out(rgb: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The page of a photograph, seen from straight above; `None` where no page stands out.

    What is left of the table, at a corner that is bent or out of view, becomes blank paper.

    Args:
        rgb: shape (h, w, 3), uint8.

    Returns:
        Shape (h', w', 3), uint8, about as fine as the page was.
    """
    found = find_page(rgb)
    if found is None:
        return None
    corners, area = found
    return straightened(_blank_outside(rgb, area), corners)


def find_page(rgb: NDArray[np.uint8]) -> tuple[Points, Mask] | None:
    """The page that stands out most, or `None`.

    Returns:
        Its corners (4, 2), x and y in pixels, clockwise from the upper left; and the area that
        is paper, in a smaller picture.
    """
    scale = min(1.0, _SIDE / max(rgb.shape[:2]))
    width, height = (max(1, round(length * scale)) for length in rgb.shape[1::-1])
    small = Image.fromarray(rgb).resize((width, height), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    best: tuple[float, Points, Mask] | None = None
    for area in _areas(pixels):
        found = _as_page(pixels, area)
        if found is not None and (best is None or found[0] > best[0]):
            best = (*found, area)
    if best is None:
        return None
    return (best[1] + 0.5) / scale - 0.5, best[2]


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


def straightened(rgb: NDArray[np.uint8], corners: Points) -> NDArray[np.uint8]:
    """The four-sided area between `corners` as a rectangle, its rim cut off.

    Args:
        corners: shape (4, 2), x and y, clockwise from the upper left.
    """
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = (max(2, round(max(sides[i], sides[i + 2]))) for i in (0, 1))
    aim = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    rim = round(_INSET * min(width, height))
    return warped(rgb, corners, aim, (width, height))[rim : height - rim, rim : width - rim]


def warped(
    rgb: NDArray[np.uint8], corners: Points, aim: Points, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """A picture in which what lay at `corners` lies at `aim`, straight lines still straight.

    Args:
        corners, aim: shape (4, 2), x and y.
        size: width and height of the result, pixels; what no pixel falls on is black.

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
    return np.asarray(picture.transform(size, turn, numbers, smooth))


def _areas(pixels: NDArray[np.float32]) -> Iterator[Mask]:
    """What may be a page: areas brighter than several levels, and areas without any edge.

    The latter are as common in drawings from a program, whose border is even.
    """
    from scipy.ndimage import gaussian_gradient_magnitude, grey_closing

    channels = [pixels[..., channel] for channel in range(3)]
    if all(np.array_equal(channels[0], channel) for channel in channels[1:]):
        del channels[1:]  # they say the same
    closed = np.stack([grey_closing(channel, size=(_CLOSING, _CLOSING)) for channel in channels])
    grey = closed.min(axis=0)
    low, high = np.percentile(grey, (5, 95))
    before = None
    for level in np.linspace(low, high, _LEVELS + 2)[1:-1]:
        bright = grey > level
        if before is None or not np.array_equal(bright, before):  # most sheets have few shades
            yield from _largest(bright)
        before = bright
    if border(darkest(pixels))[1]:
        return
    slope = np.max([gaussian_gradient_magnitude(channel, 1) for channel in closed], axis=0)
    for steep in _STEEP:
        yield from _largest(slope < steep)


def _largest(mask: Mask) -> Iterator[Mask]:
    """The largest connected part of a mask, its holes filled, if it is large enough."""
    from scipy.ndimage import binary_fill_holes, label

    if np.count_nonzero(mask) < _SMALLEST * mask.size:
        return
    parts, count = label(mask)
    sizes = np.bincount(parts.ravel())[1:]
    if count and sizes.max() >= _SMALLEST * mask.size:
        yield binary_fill_holes(parts == int(sizes.argmax()) + 1)


def _as_page(pixels: NDArray[np.float32], area: Mask) -> tuple[float, Points] | None:
    """How well an area is a page, and its corners; `None` if it is none."""
    off = ~_rim(area)
    if off.mean() < _LEAST_RIM:  # all the picture is paper: there is nothing to cut off
        return None
    strange = np.abs(_rim(pixels)[off] - np.median(pixels[area], axis=0)).max(axis=1) >= _STEP
    if strange.mean() < 0.5:  # what is framed on paper is drawn
        return None
    corners = four_sided(area)
    if corners is None:
        return None
    inside = polygon(corners, area.shape)
    filled = float((area & inside).sum() / max(inside.sum(), 1))
    if filled < FULL:
        return None
    edge = _edge_shown(pixels, corners)
    if edge < _EDGE_SHARE or not _marked(pixels, corners):
        return None
    return filled**2 * edge, corners


def _rim(plane: NDArray[Any]) -> NDArray[Any]:
    """The outermost values of an array (h, w, ...), shape (n, ...)."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _edge_shown(pixels: NDArray[np.float32], corners: Points) -> float:
    """Share of the outline inside the picture that parts two shades; 0 if hardly any is inside."""
    height, width = pixels.shape[:2]
    shown = seen = 0
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = float(np.linalg.norm(b - a))
        if length < 1:
            continue
        normal = np.array([b[1] - a[1], a[0] - b[0]]) / length  # outwards, corners clockwise
        along = a + np.linspace(0.05, 0.95, max(2, round(length)))[:, None] * (b - a)
        out, within = along + _RING * normal, along - _RING * normal
        room = np.array([width - 1, height - 1])
        both = ((out >= 0) & (out <= room) & (within >= 0) & (within <= room)).all(axis=1)
        if not both.any():
            continue
        step = np.abs(_at(pixels, within[both]) - _at(pixels, out[both])).max(axis=1)
        seen += int(both.sum())
        shown += int((step >= _STEP).sum())
    return shown / seen if seen > 0.15 * (width + height) else 0.0


def _at(pixels: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    x, y = np.rint(points).astype(int).T
    found: NDArray[np.float32] = pixels[y, x]
    return found


def _marked(pixels: NDArray[np.float32], corners: Points) -> bool:
    """Whether there are marks on the page: otherwise it may be what is drawn."""
    from scipy.ndimage import grey_closing

    middle = corners.mean(axis=0)
    inner = polygon(middle + 0.9 * (corners - middle), pixels.shape[:2])
    grey = pixels.min(axis=2)
    marks = (grey_closing(grey, size=(15, 15)) - grey >= _INK) & inner
    share = marks.sum() / max(inner.sum(), 1)
    return bool(_LEAST_INK <= share <= _MOST_INK)
