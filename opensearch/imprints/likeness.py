"""Whether two pictures that are laid over each other are one.

Thresholds were chosen on train files of four kinds of pictures, see `benchmarks/planted.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.turning import stretched

Planes = NDArray[np.float32]

# Share of black and white up to which pictures are full of tones, as photographs are, and from
# which flat, as icons are, which are often nearly the same. Pairs of thresholds below are for these
# two; between them they are interpolated.
_TONED, FLAT = 0.45, 0.75
_RICH: Final = 0.25
"""Words may be written over pictures with less black and white: they hide no other one there."""
_FINE: Final = (0.82, 0.86)
_BLURRED: Final = (0.9, 0.9)
_BLURRED_EDGES: Final = (0.92, 0.945)
_MOST_APART: Final = (1.0, 0.46)
_MEAN_APART: Final = (0.4, 0.12)
_EDGES_LOST: Final = (34.0, 4.0)
_LINES, _LINES_LOST = 0.89, 1.75
# Greys, of 15, that other greys do not explain: in the mean of all places, and in one of them.
_EXPLAINED: Final = (0.3, 0.47)
_EXPLAINED_ANYWHERE: Final = (1.2, 2.1)
_LEFT, _LEFT_ANYWHERE = 0.5, 2.3
_LIKE: Final = (0.85, 0.66)
_EDGES_LIKE: Final = 0.75
LEAST: Final = min(_LIKE)
"""No two pictures that correlate less are one."""
_LEVELS: Final = 16
_PLACES: Final = 16
MOST_PLACES, _MOST_CELLS = 213, 53
"""Five sixths of 16 x 16 and of 8 x 8 places."""
_REST_LEFT, _REST_EDGES = 0.5, 0.85
"""Greys left unexplained, and correlation of edges, of those that nothing is written over."""
_IN_FRAME, _OTHER_INSIDE = 0.85, 0.25
"""Least correlation of pictures that share a frame, and the share of differing inner places above
which they are two: it was at most .17 for copies, at least .36 for other drawings in one frame."""
_SHOWS, _PLACE_LIKE = 0.3, 0.4
"""Mean squared edges of a place that shows something, and how like one of both must be."""
_NO_WEIGHT: Final = 1e-12
"""Less than this changes no picture, and products of numbers near 1e-38 are slow."""
_INSIDE: Final = np.pad(np.ones((6, 6), np.bool_), 1).ravel()
"""Places of 8 x 8 that are not at the border, where a copy may have one of its own."""


def one_picture(
    shown: Planes, target: Planes, fine: Planes, flatness: Planes
) -> tuple[Planes, NDArray[np.bool_]]:
    """Correlations (n,) of aligned pictures at half their size, and whether both are one.

    Two that differ in their greys alone are always one. Of others edges must agree, and no place
    may differ by much, as one more bar in an icon does, unless they are full of detail and agree
    everywhere else. Nor may many inner places differ where the whole agrees: two drawings in one
    frame are two. Resampling thins lines, but keeps the mean of a place. Pictures of tones must
    also explain each other: two of smooth things, such as cups, correlate as well as copies.

    Args:
        shown: shape (n, side, side).
        target: likewise.
        fine: their correlations (n,).
        flatness: share of pixels that are black or white (n,).
    """
    flat = np.clip((flatness - _TONED) / (FLAT - _TONED), 0, 1)

    def between(ends: tuple[float, float]) -> Planes:
        return np.asarray(ends[0] + (ends[1] - ends[0]) * flat, np.float32)

    left = unexplained(shown, target)
    written_over = _written_over(shown, target, left) & (flatness < _RICH)
    one_frame = _differ_inside(edged(shown), edged(target))
    one_frame &= (fine >= _IN_FRAME) & (flatness >= _RICH)
    edges = product(unit_planes(edged(shown)), unit_planes(edged(target)))
    apart = np.abs(_cells(unit_planes(shown) - unit_planes(target))) * shown.shape[1]
    shown, target = halved(shown), halved(target)
    blurred = product(unit_planes(shown), unit_planes(target))
    blurred_edges = product(unit_planes(edged(shown)), unit_planes(edged(target)))
    # Thin lines are all edges: resampling costs both alike, and both more than it does elsewhere.
    lines = (1 - edges <= _LINES_LOST * (1 - fine)) & (blurred_edges >= _LINES) & (fine >= 0.8)
    same = (fine >= between(_FINE)) & (blurred_edges >= between(_BLURRED_EDGES)) | lines
    same &= blurred >= between(_BLURRED)
    same &= apart.max(axis=1) <= between(_MOST_APART) + 0.12 * lines
    same &= apart.mean(axis=1) <= between(_MEAN_APART) + 0.04 * lines
    same &= 1 - edges <= between(_EDGES_LOST) * (1 - fine) + 0.02
    alike = (fine >= between(_LIKE)) & (blurred_edges >= _EDGES_LIKE)
    mean_left, most_left = root_mean(left), left[:, -1]
    same &= (mean_left <= _LEFT) & (most_left <= _LEFT_ANYWHERE)
    alike &= (mean_left <= between(_EXPLAINED)) & (most_left <= between(_EXPLAINED_ANYWHERE))
    return blurred, (same | alike) & ~one_frame | written_over


def _differ_inside(first: Planes, second: Planes) -> NDArray[np.bool_]:
    """Whether, in both pictures, many of the inner places that show edges differ from the other's.

    As a whole such pictures may agree, by a border, a head or whatever else outweighs these places.
    What only one of them has, such as ruling, leaves the other's places as they are.

    Args:
        first: edges, shape (n, side, side).
        second: likewise.
    """
    both, one, other = (_cells(each) for each in (first * second, first**2, second**2))
    unlike = 2 * both < _PLACE_LIKE * (one + other)
    differ = np.ones(len(first), np.bool_)
    for shows in (one >= _SHOWS, other >= _SHOWS):
        inside = shows & _INSIDE
        differ &= (inside & unlike).sum(axis=1) > _OTHER_INSIDE * inside.sum(axis=1)
    return differ


def _written_over(shown: Planes, target: Planes, left: Planes) -> NDArray[np.bool_]:
    """Whether pictures full of detail are one but for a sixth of them, as under words or a mark.

    Args:
        shown: shape (n, side, side).
        target: likewise.
        left: what `unexplained` says of them.
    """
    detail = (_cells((target - _means(target)) ** 2) >= 1).mean(axis=1)
    first, second = edged(shown), edged(target)
    nearest = np.argsort(_cells((first - second) ** 2), axis=1)[:, :_MOST_CELLS]
    both, one, other = (
        np.take_along_axis(_cells(each), nearest, axis=1).sum(axis=1)
        for each in (first * second, first**2, second**2)
    )
    alike = both >= _REST_EDGES * np.sqrt(one * other)
    return np.asarray(alike & (detail >= 0.5) & (root_mean(left[:, :MOST_PLACES]) <= _REST_LEFT))


def root_mean(rows: Planes) -> Planes:
    """Root mean squares (n,) of rows (n, d)."""
    return np.asarray(np.sqrt((rows**2).mean(axis=1)))


def _cells(planes: Planes) -> Planes:
    """Means of 8 x 8 places of each picture, shape (n, 64)."""
    count, step = len(planes), planes.shape[1] // 8
    lines = planes.reshape(count, 8, step, 8 * step).sum(axis=2)
    return np.asarray(lines.reshape(count, 64, step).sum(axis=2) / step**2)


def _means(planes: Planes) -> Planes:
    """Pictures of which each of 8 x 8 places is its mean."""
    step = planes.shape[1] // 8
    return _cells(planes).reshape(len(planes), 8, 8).repeat(step, axis=1).repeat(step, axis=2)


def unexplained(shown: Planes, target: Planes) -> Planes:
    """How far targets are from what is shown, if each of its greys may become any one other grey.

    So brightness does not count, even where it turns light greys white, colour by colour.

    Args:
        shown: shape (n, side, side), 0..15.
        target: likewise.

    Returns:
        Differences of the means of 16 x 16 places, 0..15, the least first, shape (n, 256).
    """
    count, side, levels = len(shown), shown.shape[1], np.arange(_LEVELS)
    before = np.clip(shown.reshape(count, side * side), 0, _LEVELS - 1)
    rows = np.arange(count)[:, None] * _LEVELS
    nearest = (np.rint(before).astype(np.intp) + rows).ravel()
    counts = np.bincount(nearest, minlength=count * _LEVELS).reshape(count, _LEVELS)
    sums = np.bincount(nearest, target.ravel(), count * _LEVELS).reshape(count, _LEVELS)
    means = sums / np.maximum(counts, 1)
    for row, there in enumerate(counts > 0):
        means[row] = np.interp(levels, levels[there], means[row, there])
    low = np.minimum(before.astype(np.intp), _LEVELS - 2)
    share, low, kept = before - low, low + rows, means.astype(np.float32).ravel()
    rest = target.reshape(count, side * side) - (kept[low] * (1 - share) + kept[low + 1] * share)
    step = side // _PLACES
    rest = rest.reshape(count, _PLACES, step, _PLACES, step).mean(axis=(2, 4))
    return np.sort(np.abs(rest).reshape(count, _PLACES * _PLACES), axis=1)


def extremes(planes: Planes) -> Planes:
    """Share of the pixels of each picture that are black or white."""
    return np.asarray(((planes < 0.5) | (planes > 14.5)).mean(axis=(1, 2)), np.float32)


_GREY: Final = 3.0
"""Mean difference from grey, of 128, below which colours are noise."""
_COLOUR: Final = 0.7
_ASPECT: Final = 1.15


def like_colours(
    first: Planes, second: Planes, parts: Planes, least: float = _COLOUR
) -> NDArray[np.bool_]:
    """Whether colours agree, or one of the pictures has none; brightness does not count.

    Args:
        first: colours, shape (n, side, side, 2).
        second: likewise, turned as the first.
        parts: what the second shows of the first, shape (n, 4).
        least: correlation.
    """
    first = np.stack([stretched(first[..., at], parts) for at in range(2)], axis=-1)
    length = np.sqrt((first**2).sum(axis=(1, 2, 3))), np.sqrt((second**2).sum(axis=(1, 2, 3)))
    grey = np.minimum(*length) < _GREY * np.sqrt(np.prod(first.shape[1:]))
    product = (first * second).sum(axis=(1, 2, 3))
    return np.asarray(grey | (product >= least * length[0] * length[1]))


def like_aspects(
    first: Planes, second: Planes, parts: Planes, most: float = _ASPECT
) -> NDArray[np.bool_]:
    """Whether the second, turned as the first, has the proportions of what it shows of it."""
    wanted = first * parts[:, 2] / parts[:, 3]
    return np.asarray(np.abs(np.log(wanted / second)) <= np.log(most))


def halved(planes: Planes) -> Planes:
    """Pictures of half the side, by means."""
    lines = planes[:, 0::2] + planes[:, 1::2]
    return np.asarray((lines[:, :, 0::2] + lines[:, :, 1::2]) / 4)


def unit_planes(planes: Planes) -> Planes:
    """Pictures of mean 0 and length 1."""
    planes = planes - planes.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nij,nij->n", planes, planes))
    return np.asarray(planes / np.maximum(length, 1e-6)[:, None, None])


def product(first: Planes, second: Planes) -> Planes:
    """Products (n,) of pictures, pair by pair."""
    return np.asarray(np.einsum("nij,nij->n", first, second))


def edged(planes: Planes, width: float = 2.0) -> Planes:
    """What is left of pictures without what is wider than a few times `width` pixels."""
    return np.asarray(planes - softened(planes, width), np.float32)


def softened(planes: Planes, width: float) -> Planes:
    """Pictures without what is narrower than `width` pixels."""
    at = np.arange(planes.shape[1])
    weights = np.exp(-0.5 * ((at[:, None] - at) / width) ** 2).astype(np.float32)
    weights[weights < _NO_WEIGHT] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ planes @ weights.T, np.float32)
