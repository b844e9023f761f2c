"""Whether two pictures are one: laid over each other, then compared in coarse and in fine.

Thresholds were chosen on train files of four kinds of pictures, see `benchmarks/planted.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.pictures import SIDE, Pictures
from opensearch.imprints.turning import WINDOWS, opposite, stretched, turned

Planes = NDArray[np.float32]

_COARSE: Final = SIDE // 2
_AT_ONCE: Final = 128
"""Pairs in work at once: what they need stays in the processor's cache."""

_START: Final = 0.42
"""Least correlation, before alignment, of a pair that is looked at."""
_NEAR: Final = 0.75
"""Least coarse correlation of a pair that is compared in fine."""
# Thresholds of pictures full of tones, such as photographs, and of what is black and white alone,
# such as icons, which are often nearly the same; others lie between.
_TONED, _FLAT = 0.45, 0.75
_FINE: Final = (0.82, 0.86)
_BLURRED: Final = (0.9, 0.9)
_BLURRED_EDGES: Final = (0.7, 0.945)
_MOST_APART: Final = (1.0, 0.46)
_MEAN_APART: Final = (0.4, 0.12)
_EDGES_LOST: Final = (34.0, 4.0)
_LINES, _LINES_LOST = 0.89, 1.75
_EXACT: Final = 0.97
"""Least fine correlation of a picture that was only saved anew."""

_SMALLEST, _LARGEST = 0.72, 1.05


@dataclass(frozen=True)
class Looks:
    """What a second look at n pairs found.

    Attributes:
        same: whether both are one picture, shape (n,).
        scores: correlations of the aligned pictures, -1..1, shape (n,).
        parts: what the second shows of the first: left, top, width, height, shape (n, 4).
    """

    same: NDArray[np.bool_]
    scores: Planes
    parts: Planes


def look(
    first: Pictures, second: Pictures, windows: NDArray[np.int64], ways: NDArray[np.int64]
) -> Looks:
    """Compare pairs of pictures.

    Args:
        first: n pictures.
        second: n pictures, each perhaps a copy of the first.
        windows: the part of the first that the second may be, by its number, shape (n,).
        ways: how the first was turned to become the second, shape (n,).
    """
    count = len(ways)
    done = Looks(np.zeros(count, np.bool_), np.full(count, -1, np.float32), WINDOWS[windows].copy())
    for way in np.unique(ways):
        mine = np.flatnonzero(ways == way)
        for start in range(0, len(mine), _AT_ONCE):
            _look(first, second, int(way), mine[start : start + _AT_ONCE], done)
    return done


def _look(
    first: Pictures, second: Pictures, way: int, places: NDArray[np.int64], done: Looks
) -> None:
    """Compare the pairs in `places`, all turned one way, and note what is found in `done`."""
    whole, copy = first.greys[places], turned(second.greys[places], opposite(way))
    coarse, coarse_copy = _halved(whole), _unit(_halved(copy))
    parts = done.parts[places]
    start = _product(_unit(stretched(coarse, parts)), coarse_copy)
    near = np.flatnonzero(start >= _START)
    parts, found = _aligned(coarse[near], coarse_copy[near], parts[near], 6)
    near, parts = near[found >= _NEAR], parts[found >= _NEAR]
    if not len(near):
        return
    parts, fine = _aligned(whole[near], _unit(copy[near]), parts, 3)
    shown, target = stretched(whole[near], parts), copy[near]
    flatness = np.minimum(_extremes(first.greys[places[near]]), _extremes(target))
    blurred, same = _one_picture(shown, target, fine, flatness)
    places = places[near]
    same &= _like_colours(first.colours[places], second.colours[places], way)
    same &= _like_aspects(first.aspects[places], second.aspects[places], parts, way)
    done.same[places], done.parts[places] = same, parts
    done.scores[places] = np.maximum(fine, blurred)


def _one_picture(
    shown: Planes, target: Planes, fine: Planes, flatness: Planes
) -> tuple[Planes, NDArray[np.bool_]]:
    """Correlations (n,) of aligned pictures at half their size, and whether both are one.

    Edges must agree, and no place may differ by much: a bar more in one of two icons does. What
    resampling loses of lines leaves the mean of a place as it is.

    Args:
        shown: shape (n, side, side).
        target: likewise.
        fine: their correlations (n,).
        flatness: share of pixels that are black or white (n,).
    """
    flat = np.clip((flatness - _TONED) / (_FLAT - _TONED), 0, 1)

    def between(ends: tuple[float, float]) -> Planes:
        return np.asarray(ends[0] + (ends[1] - ends[0]) * flat, np.float32)

    edges = _product(_unit(_edges(shown)), _unit(_edges(target)))
    apart = _blocks(_unit(shown) - _unit(target)) * shown.shape[1]
    shown, target = _halved(shown), _halved(target)
    blurred = _product(_unit(shown), _unit(target))
    blurred_edges = _product(_unit(_edges(shown)), _unit(_edges(target)))
    # Thin lines are all edges: resampling costs both alike, and both more than it does elsewhere.
    lines = (1 - edges <= _LINES_LOST * (1 - fine)) & (blurred_edges >= _LINES) & (fine >= 0.8)
    same = (fine >= between(_FINE)) & (blurred_edges >= between(_BLURRED_EDGES)) | lines
    same &= blurred >= between(_BLURRED)
    same &= apart.max(axis=(1, 2)) <= between(_MOST_APART) + 0.12 * lines
    same &= apart.mean(axis=(1, 2)) <= between(_MEAN_APART) + 0.04 * lines
    same &= 1 - edges <= between(_EDGES_LOST) * (1 - fine) + 0.02
    return blurred, same


def _extremes(planes: Planes) -> Planes:
    """Share of the pixels of each picture that are black or white."""
    return np.asarray(((planes < 0.5) | (planes > 14.5)).mean(axis=(1, 2)), np.float32)


def _blocks(planes: Planes) -> Planes:
    """Absolute means of 8 x 8 places of each picture."""
    step = planes.shape[1] // 8
    means = planes.reshape(len(planes), 8, step, 8, step).mean(axis=(2, 4))
    return np.asarray(np.abs(means), np.float32)


def is_exact(scores: Planes, parts: Planes, ways: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which copies were saved anew, in another format, size or brightness, and nothing else."""
    cut = np.abs(parts - np.array([0, 0, 1, 1], np.float32)).max(axis=1) > 0.03
    return np.asarray((scores >= _EXACT) & ~cut & (ways == 0))


def _aligned(planes: Planes, target: Planes, parts: Planes, steps: int) -> tuple[Planes, Planes]:
    """Parts of pictures, improved step by step until they show what their targets show.

    Source:
        Gauss-Newton on the difference of normalised pictures, as Lucas and Kanade, IJCAI 1981.
    """
    count, side = len(planes), planes.shape[1]
    if not count:
        return parts, np.zeros(0, np.float32)
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    best, at_best = np.full(count, -1, np.float32), parts.copy()
    for step in range(steps + 1):
        shown = _unit(stretched(planes, parts))
        found = _product(shown, target)
        better = found > best
        best[better], at_best[better] = found[better], parts[better]
        if step == steps:
            break
        down, across = np.gradient(shown, axis=(1, 2))
        across = across * (side / parts[:, 2, None, None])
        down = down * (side / parts[:, 3, None, None])
        slopes = np.stack([across, down, across * middle, down * middle[:, None]], axis=1)
        slopes = slopes.reshape(count, 4, -1)
        rest = (target - shown).reshape(count, -1, 1)
        square = slopes @ slopes.swapaxes(1, 2)
        ridge = 1e-3 * np.trace(square, axis1=1, axis2=2) + 1e-9
        square += ridge[:, None, None] * np.eye(4, dtype=np.float32)
        move = np.linalg.solve(square, slopes @ rest)[..., 0]
        parts = parts + np.clip(move, -0.05, 0.05).astype(np.float32)
        parts[:, 2:] = np.clip(parts[:, 2:], _SMALLEST, _LARGEST)
        parts[:, :2] = np.clip(parts[:, :2], 1 - _LARGEST, 1 - _SMALLEST)
    return at_best, best


def _like_colours(first: Planes, second: Planes, way: int) -> NDArray[np.bool_]:
    """Whether colours agree, or one of the pictures has none; brightness does not count."""
    second = turned(second, opposite(way))
    length = np.sqrt((first**2).sum(axis=(1, 2, 3))), np.sqrt((second**2).sum(axis=(1, 2, 3)))
    grey = np.minimum(*length) < _GREY * np.sqrt(first[0].size)
    product = (first * second).sum(axis=(1, 2, 3))
    return np.asarray(grey | (product >= _COLOUR * length[0] * length[1]))


_GREY: Final = 3.0
"""Mean difference from grey, of 128, below which colours are noise."""
_COLOUR: Final = 0.7
_ASPECT: Final = 1.15


def _like_aspects(first: Planes, second: Planes, parts: Planes, way: int) -> NDArray[np.bool_]:
    """Whether the second has the proportions of the part of the first that it shows."""
    wanted = first * parts[:, 2] / parts[:, 3]
    given = 1 / second if way & 4 else second
    return np.asarray(np.abs(np.log(wanted / given)) <= np.log(_ASPECT))


def _halved(planes: Planes) -> Planes:
    count, side = len(planes), planes.shape[1] // 2
    return np.asarray(planes.reshape(count, side, 2, side, 2).mean(axis=(2, 4)))


def _unit(planes: Planes) -> Planes:
    """Pictures of mean 0 and length 1."""
    planes = planes - planes.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nij,nij->n", planes, planes))
    return np.asarray(planes / np.maximum(length, 1e-6)[:, None, None])


def _product(first: Planes, second: Planes) -> Planes:
    return np.asarray(np.einsum("nij,nij->n", first, second))


def _edges(planes: Planes) -> Planes:
    """What is left of pictures without what is wider than a few pixels."""
    side = planes.shape[1]
    at = np.arange(side)
    weights = np.exp(-0.5 * ((at[:, None] - at) / 2.0) ** 2).astype(np.float32)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(planes - weights @ planes @ weights.T, np.float32)
