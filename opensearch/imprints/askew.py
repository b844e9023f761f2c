"""Pictures laid askew, as on a scanner: found by the small angle that they are turned by."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.alignment import Looks, look
from opensearch.imprints.fitting import aligned, slopes_of
from opensearch.imprints.likeness import FLAT, extremes, halved, unit_planes
from opensearch.imprints.pictures import Pictures
from opensearch.imprints.sharpness import one_drawing
from opensearch.imprints.turning import aspects_back, stretched, turned_back

Planes = NDArray[np.float32]

_INNER: Final = 0.86
"""Share of the sides, around the middle, that is compared: corners show what lies beneath."""
_LEAST, _MOST = np.radians(0.7), np.radians(6.5)
_TURNED, _TURNED_DRAWN = 0.1, 0.05
"""Least share of the squared differences that the turn explains, by a first guess, of pictures and
of drawings."""
_STEPS: Final = 3
_SURER: Final = 0.05
"""How much better drawings that are set straight must agree, line by line, than others."""
_AT_ONCE: Final = 128


def look_askew(first: Pictures, second: Pictures, ways: NDArray[np.int64], looks: Looks) -> None:
    """Look again at pairs that are nearly alike, with the second turned by a few degrees.

    Args:
        first: n pictures.
        second: n pictures.
        ways: how the first was turned to become the second, shape (n,).
        looks: what a look at them found; what is found now is noted there.
    """
    rows = np.flatnonzero(looks.near & ~looks.same)
    for start in range(0, len(rows), _AT_ONCE):
        at = rows[start : start + _AT_ONCE]
        copies = second.at(at)
        greys, colours = (turned_back(each, ways[at]) for each in (copies.greys, copies.colours))
        aspects = aspects_back(copies.aspects, ways[at])
        copies = Pictures(greys, colours, aspects, copies.ranges)
        some, level, parts = _set_straight(first.at(at), copies, looks.parts[at])
        at = at[some]
        again = look(first.at(at), level, parts, np.zeros_like(at))
        drawn = np.flatnonzero(~again.same & (extremes(first.greys[at]) >= FLAT))
        lines = first.at(at[drawn]).greys, level.greys[drawn]
        again.same[drawn] = one_drawing(*lines, parts[drawn], more=_SURER)
        found = at[again.same]
        looks.same[found] = looks.askew[found] = True
        looks.scores[found] = np.maximum(looks.scores[found], again.scores[again.same])
        looks.parts[found] = again.parts[again.same]


def _set_straight(
    first: Pictures, second: Pictures, parts: Planes
) -> tuple[NDArray[np.intp], Pictures, Planes]:
    """Second pictures turned by the few degrees that they are off the first.

    Returns:
        Rows of those that lie askew, shape (m,); the inner parts of these second pictures, set
        straight; and what those show of the first, shape (m, 4).
    """
    whole, copy = halved(first.greys), halved(second.greys)
    by, turned = _angles(stretched(whole, parts), copy, second.aspects)
    least = np.where(extremes(first.greys) >= FLAT, _TURNED_DRAWN, _TURNED)
    askew = (np.abs(by) >= _LEAST) & (np.abs(by) <= _MOST) & (turned >= least)
    rows, by, parts = np.flatnonzero(askew), by[askew], _inner(parts[askew])
    second = second.at(rows)
    straight = _turned_back(copy[rows], by, second.aspects)
    parts, _ = aligned(whole[rows], unit_planes(straight), parts, _STEPS)
    by = by + _angles(stretched(whole[rows], parts), straight, second.aspects)[0]
    inner = _inner(np.tile(np.array([0, 0, 1, 1], np.float32), (len(rows), 1)))
    colours = np.stack([stretched(second.colours[..., at], inner) for at in range(2)], axis=-1)
    greys = _turned_back(second.greys, by, second.aspects)
    return rows, Pictures(greys, colours, second.aspects, second.ranges), parts


def _inner(parts: Planes) -> Planes:
    """The inner parts of parts (n, 4)."""
    sizes = parts[:, 2:] * np.float32(_INNER)
    return np.concatenate([parts[:, :2] + (parts[:, 2:] - sizes) / 2, sizes], axis=1)


def _angles(shown: Planes, target: Planes, aspects: Planes) -> tuple[Planes, Planes]:
    """By which small angles what is shown has to be turned to become the target.

    Returns:
        Angles, radians, shape (n,), and which share of the squared differences goes with the turn.
    """
    count, side = shown.shape[:2]
    shown, target = unit_planes(shown), unit_planes(target)
    across, down = (slopes * side for slopes in slopes_of(shown))
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    wide = aspects[:, None, None]
    turn = down * (wide * middle) - across * (middle[:, None] / wide)
    inside = np.abs(middle) <= _INNER / 2
    pixels = int(inside.sum()) ** 2
    slopes = np.stack([across, down, across * middle, down * middle[:, None], turn], axis=1)
    slopes = slopes[:, :, inside][..., inside].reshape(count, 5, pixels)
    rest = (target - shown)[:, inside][..., inside].reshape(count, pixels, 1)
    square = slopes @ slopes.swapaxes(1, 2)
    along = slopes @ rest
    share = along[:, 4, 0] ** 2 / np.maximum(square[:, 4, 4] * (rest**2).sum(axis=(1, 2)), 1e-12)
    ridge = 1e-3 * np.trace(square, axis1=1, axis2=2) + 1e-9
    square += ridge[:, None, None] * np.eye(5, dtype=np.float32)
    return np.asarray(np.linalg.solve(square, along)[:, 4, 0]), np.asarray(share)


def _turned_back(planes: Planes, by: Planes, aspects: Planes) -> Planes:
    """The inner parts of pictures (n, side, side), turned back by angles (n,), radians."""
    side = planes.shape[1]
    middle = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5) * np.float32(_INNER)
    wide = aspects[:, None, None]
    cos, sin = np.cos(by)[:, None, None], np.sin(by)[:, None, None]
    across = (cos * (wide * middle) + sin * middle[:, None]) / wide
    down = cos * middle[:, None] - sin * (wide * middle)
    x, y = (np.clip((each + 0.5) * side - 0.5, 0, side - 1.001) for each in (across, down))
    left, top = x.astype(np.intp), y.astype(np.intp)
    x, y, rows = x - left, y - top, np.arange(len(planes))[:, None, None]
    upper = planes[rows, top, left] * (1 - x) + planes[rows, top, left + 1] * x
    lower = planes[rows, top + 1, left] * (1 - x) + planes[rows, top + 1, left + 1] * x
    return np.asarray(upper * (1 - y) + lower * y, np.float32)
