"""Outlines of areas: the boxes around them, their four corners, and what lies within these."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Points: TypeAlias = NDArray[np.float64]
"""Places (n, 2), x and y in pixels."""
Mask: TypeAlias = NDArray[np.bool_]
"""An area: which pixels (h, w) are of it."""

FULL: Final = 0.92
"""Share of a page's four-sided outline that the bright area fills: sheets are flat, not torn."""


def boxes(parts: NDArray[np.integer]) -> list[tuple[slice, slice]]:
    """The rows and columns of each part of a labelled plane (h, w), the part 1 first.

    Args:
        parts: numbers of parts, without a gap, as `scipy.ndimage.label` gives them.
    """
    from scipy.ndimage import find_objects

    return [(box[0], box[1]) for box in find_objects(parts) if box is not None]


def four_sided(area: Mask) -> Points | None:
    """Corners of the four-sided outline around an area: its hull, edges dropped one by one.

    Returns:
        Shape (4, 2), clockwise from the upper left; `None` where four sides would enclose far
        more than the area's hull does.
    """
    from scipy.spatial import ConvexHull, QhullError

    rows, columns = np.nonzero(area & ~eroded(area))
    try:
        hull = ConvexHull(np.stack([columns, rows], axis=1).astype(np.float64))
    except (QhullError, ValueError):
        return None
    points = hull.points[hull.vertices]
    whole = float(hull.volume)
    while len(points) > 4:
        growth = [_without_edge(points, i) for i in range(len(points))]
        best = min(range(len(points)), key=lambda i: growth[i][0])
        if not np.isfinite(growth[best][0]):
            return None
        points = growth[best][1]
    if len(points) < 4 or _area(points) > whole / FULL:
        return None
    return clockwise(np.clip(points, -2, np.array(area.shape[::-1]) + 1))


def _without_edge(points: Points, i: int) -> tuple[float, Points]:
    """The polygon without edge i, its neighbours drawn on until they meet; the area gained."""
    n = len(points)
    a, b, c, d = (points[(i + k) % n] for k in (-1, 0, 1, 2))
    meeting = _crossing(a, b, d, c)
    if meeting is None:
        return np.inf, points
    gained = abs(_cross(c - b, meeting - b)) / 2
    kept = [points[(i + 2 + k) % n] for k in range(n - 2)]
    return gained, np.array([meeting, *kept])


def _crossing(a: Points, b: Points, d: Points, c: Points) -> Points | None:
    """Where a-b, drawn on past b, meets d-c, drawn on past c; `None` where they part."""
    along, back = b - a, c - d
    slope = _cross(along, back)
    if abs(slope) < 1e-9:
        return None
    t = _cross(d - a, back) / slope
    s = _cross(d - a, along) / slope
    return a + t * along if t >= 1 and s >= 1 else None


def _cross(a: Points, b: Points) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _area(points: Points) -> float:
    x, y = points.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def clockwise(points: Points) -> Points:
    """Corners clockwise on the screen, the one nearest to the upper left first."""
    middle = points.mean(axis=0)
    order = np.argsort(np.arctan2(*(points - middle).T[::-1]))
    turned = points[order]
    return np.roll(turned, -int(turned.sum(axis=1).argmin()), axis=0)


def eroded(area: Mask) -> Mask:
    """An area without its outermost pixels; what touches the picture's border loses those, too."""
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(area, border_value=0))


def polygon(corners: Points, shape: tuple[int, ...]) -> Mask:
    """Pixels within a convex polygon.

    Args:
        corners: (n, 2), clockwise.
        shape: height and width of the mask, and perhaps more.
    """
    mask = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(mask).polygon([(x, y) for x, y in corners.tolist()], fill=1)
    return np.array(mask)
