"""Aligning two pictures, first coarsely, then finely, and comparing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.fitting import aligned
from opensearch.imprints.likeness import (
    FLAT,
    LEAST,
    MOST_PLACES,
    extremes,
    halved,
    like_aspects,
    like_colours,
    one_picture,
    product,
    root_mean,
    unexplained,
    unit_planes,
)
from opensearch.imprints.pictures import Pictures
from opensearch.imprints.sharpness import differ_in_sharpness, equally_sharp, one_drawing
from opensearch.imprints.turning import aspects_back, stretched, turned_back

Planes = NDArray[np.float32]

_AT_ONCE: Final = 128
"""Pairs in work at once: what they need stays in the processor's cache."""

_START: Final = 0.38
"""Least correlation, before alignment, of a pair that is looked at."""
_NEAR: Final = 0.7
"""Least coarse correlation of a pair that is compared in fine."""
_ASKEW: Final = 0.6
"""The same of one that may be laid askew."""
_LEFT, _LEFT_ANYWHERE = 1.0, 5.0
_LEFT_BESIDE: Final = 0.8
"""Greys, of 15, that may stay unexplained in a coarse look, see `likeness.unexplained`: in the
mean, in one place, and in the mean of the best five sixths, since words may cover the rest."""
_EXACT: Final = 0.97
"""Least fine correlation of a picture that was only saved anew."""


@dataclass(frozen=True)
class Looks:
    """What a second look at n pairs found.

    Attributes:
        same: whether both are one picture, shape (n,).
        scores: correlations of the aligned pictures, -1..1, shape (n,).
        parts: what the second shows of the first: left, top, width, height, shape (n, 4).
        near: whether they are alike enough for one to be the other laid askew, shape (n,).
        askew: whether it is, see `askew.look_askew`, shape (n,).
    """

    same: NDArray[np.bool_]
    scores: Planes
    parts: Planes
    near: NDArray[np.bool_]
    askew: NDArray[np.bool_]


def look(
    first: Pictures,
    second: Pictures,
    parts: Planes,
    ways: NDArray[np.int64],
    windows: Planes | None = None,
) -> Looks:
    """Compare pairs of pictures.

    Args:
        first: n pictures.
        second: n pictures, each perhaps a copy of the first.
        parts: what the second may show of the first, shape (n, 4).
        ways: how the first was turned to become the second, shape (n,).
        windows: where that was before it was fitted in coarse, shape (n, 4). Of drawings, which
            then agree in wrong places too, those that are not one are tried there.
    """
    every = np.arange(len(ways))
    done = _looks_of(first, second, parts, ways, every)
    if windows is not None:
        again = np.abs(parts - windows).max(axis=1) > 0
        again = np.flatnonzero(again & ~done.same & (extremes(second.greys) >= FLAT))
        tried = _looks_of(first, second, windows, ways, again)
        again = again[tried.same[again]]
        for name, looks in vars(done).items():
            looks[again] = vars(tried)[name][again]
    return done


def _looks_of(
    first: Pictures,
    second: Pictures,
    parts: Planes,
    ways: NDArray[np.int64],
    places: NDArray[np.int64],
) -> Looks:
    """What a look at the pairs in `places` finds; the others are no copies."""
    count = len(ways)
    no, yet = np.full(count, -1, np.float32), [np.zeros(count, np.bool_) for _ in range(3)]
    done = Looks(yet[0], no, parts.copy(), yet[1], yet[2])
    for start in range(0, len(places), _AT_ONCE):
        _look(first, second, ways, places[start : start + _AT_ONCE], done)
    return done


def _look(
    first: Pictures,
    second: Pictures,
    ways: NDArray[np.int64],
    places: NDArray[np.int64],
    done: Looks,
) -> None:
    """Compare the pairs in `places`, and note what is found in `done`."""
    whole, copy = first.greys[places], turned_back(second.greys[places], ways[places])
    coarse, coarse_copy = halved(whole), unit_planes(halved(copy))
    parts = done.parts[places]
    start = product(unit_planes(stretched(coarse, parts)), coarse_copy)
    near = np.flatnonzero(start >= _START)
    parts, found = aligned(coarse[near], coarse_copy[near], parts[near], 6)
    done.parts[places[near]], done.near[places[near]] = parts, found >= _ASKEW
    near, parts = near[found >= _NEAR], parts[found >= _NEAR]
    left = unexplained(stretched(coarse[near], parts), halved(copy[near]))
    explained = (root_mean(left) <= _LEFT) & (left[:, -1] <= _LEFT_ANYWHERE)
    explained |= root_mean(left[:, :MOST_PLACES]) <= _LEFT_BESIDE
    near, parts = near[explained], parts[explained]
    parts, fine = aligned(whole[near], unit_planes(copy[near]), parts, 3)
    at = places[near]
    alike = fine >= LEAST
    colours = turned_back(second.colours[at], ways[at])
    alike &= like_colours(first.colours[at], colours, parts)
    alike &= like_aspects(first.aspects[at], aspects_back(second.aspects[at], ways[at]), parts)
    near, parts, fine, at = near[alike], parts[alike], fine[alike], at[alike]
    shown, target = stretched(whole[near], parts), copy[near]
    flatness = np.minimum(extremes(first.greys[at]), extremes(target))
    blurred, same = one_picture(shown, target, fine, flatness)
    done.parts[at] = parts
    done.scores[at] = np.maximum(fine, blurred)
    done.same[at] = same
    # A copy of few pixels is compared with as little as it shows.
    soft = np.flatnonzero(~same & differ_in_sharpness(shown, target))
    shown, target = equally_sharp(shown[soft], target[soft])
    fine = product(unit_planes(shown), unit_planes(target))
    blurred, same = one_picture(shown, target, fine, flatness[soft])
    done.scores[at[soft[same]]] = np.maximum(fine, blurred)[same]
    done.same[at[soft]] = same
    # Few lines agree by chance as well as those of a copy that was cropped.
    drawn = np.flatnonzero(done.same[at] & (flatness >= FLAT))
    done.same[at[drawn]] = one_drawing(whole[near[drawn]], copy[near[drawn]], parts[drawn])


def is_exact(scores: Planes, parts: Planes, ways: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which copies were saved anew, in another format, size or brightness, and nothing else."""
    cut = np.abs(parts - np.array([0, 0, 1, 1], np.float32)).max(axis=1) > 0.03
    return np.asarray((scores >= _EXACT) & ~cut & (ways == 0))
