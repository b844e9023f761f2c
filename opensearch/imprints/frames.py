"""Corners where their file has them: simplifying leaves many of them in place.

The corners of a file lie on a lattice whose step is a power of 16 and does not depend on the other
corners. So corners that a simplified file still has are the same whole numbers there, whatever else
of the shape was torn or lost; corners of other shapes hardly ever are.

Of more corners than are kept the lattice's own hash chooses, the same in every file: what two files
have of these tells what they have of all (Broder, "On the resemblance and containment of
documents", 1997).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.pairs import Places

Lattice = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_STEPS: Final = 16_000
"""Most steps from the middle to nine tenths of the corners; at least a 16th of them."""
_BASE: Final = 16
_FINEST, _TINY = 1e-6, 1e-250
"""Least of what nine tenths of the corners reach to, as a share of what all do, and by itself: of a
finer lattice places are no whole numbers of 64 bits."""
_OFF: Final = 0.382
"""Of a step, by which the lattice lies off the origin: corners tend to have round numbers, and on
an edge of two cells rounding would decide."""
_MARKS: Final = 64
"""Hashes by which files with corners in common find each other."""
_FEW: Final = 32
"""Most files that find each other by one hash: the corners of a unit cube tell nothing."""

_FINE: Final = 1000
"""Least steps that two files span on the lattice they are compared on: on a coarse one corners of
any two files meet."""

_LEAST: Final = 8
_SHARE: Final = 0.15
"""Least number, and least share, of a simplified file's corners that the whole one has, too."""
_LEFT: Final = 0.75
"""Most corners of a simplified file, as a share of the whole one's: else it is the whole one."""
_WHOLE: Final = 0.86
"""Least share of the larger file's corners in common, where neither was simplified."""


@dataclass(frozen=True)
class Frame:
    """Corners of a file.

    Attributes:
        count: how many it has.
        level: the lattice's step is 16 to this power.
        places: of corners on the lattice, those of the smallest hashes first, shape (n, 3).
    """

    count: int
    level: int
    places: Lattice


def level_of(corners: NDArray[np.float64], middle: NDArray[np.float64]) -> int:
    """The level of a lattice for corners (n, 3) around a middle."""
    off = np.linalg.norm(corners - middle, axis=1)
    reach = max(float(np.quantile(off, 0.9)), _FINEST * float(off.max()), _TINY)
    return math.ceil(math.log(reach / _STEPS, _BASE))


def on_lattice(corners: NDArray[np.float64], level: int) -> Lattice:
    """Places of corners (n, 3), each once, in the order of their hashes."""
    cells = np.floor(corners / float(_BASE) ** level + _OFF).astype(np.int64)
    places = np.unique(cells, axis=0)
    return np.asarray(places[np.argsort(hashes(places), kind="stable")], np.int64)


def hashes(places: Lattice) -> Hashes:
    """A number (n,) for each place, as good as random.

    Source:
        SplitMix64, Steele, Lea and Flood 2014, one coordinate after the other.
    """
    mixed = np.zeros(len(places), np.uint64)
    for along in places.astype(np.uint64).T:
        mixed += along + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def marks(frame: Frame) -> Hashes:
    """By what a file finds those that have some of its corners, here and on the next lattice."""
    own, coarse = hashes(frame.places), np.sort(hashes(_coarser(frame.places)))
    levels = (own[:_MARKS], frame.level), (coarse[:_MARKS], frame.level + 1)
    return np.unique(np.concatenate([found ^ np.uint64(level % 1024) for found, level in levels]))


def with_a_mark_in_common(marked: Sequence[Hashes]) -> tuple[Places, Places]:
    """Pairs of places, each once, of files with a mark in common that few others have.

    Args:
        marked: `marks` of each file.
    """
    found = np.concatenate([*marked, np.zeros(0, np.uint64)])
    files = np.repeat(np.arange(len(marked)), [len(each) for each in marked])
    order = np.argsort(found, kind="stable")
    _, of, counts = np.unique(found[order], return_inverse=True, return_counts=True)
    rare = (counts[of] > 1) & (counts[of] <= _FEW)
    of, files = of[rare], files[order][rare]
    pairs = [np.zeros((0, 2), np.int64)]
    for apart in range(1, _FEW):
        same = of[apart:] == of[:-apart]
        pairs.append(np.column_stack([files[:-apart][same], files[apart:][same]]))
    one, two = np.unique(np.concatenate(pairs), axis=0).T
    return one, two


def have_corners_in_common(one: Frame, other: Frame) -> bool:
    """Whether one of two files, whichever, is the other with fewer corners, or with hardly more."""
    few, many = sorted((one, other), key=lambda frame: frame.count)
    if abs(few.level - many.level) > 1 or not len(few.places) or not len(many.places):
        return False
    if min(_extent(few, many.level), _extent(many, few.level)) < _FINE:
        return False
    left, right = _comparable(few, many)
    common = len(np.intersect1d(left, right, assume_unique=True))
    if common < _LEAST:
        return False
    if few.count <= _LEFT * many.count:
        return common >= _SHARE * len(left)
    return common >= _WHOLE * max(len(left), len(right))


def are_among(places: Lattice, frame: Frame, apart: int) -> NDArray[np.bool_]:
    """Which places, shape (n, 3), of a lattice `apart` levels above a file's are its corners."""
    own = _coarser(frame.places) if apart > 0 else frame.places
    return np.isin(hashes(_above(places) if apart < 0 else places), hashes(own))


def _extent(frame: Frame, level: int) -> float:
    """How far the corners reach, in steps of their own lattice or of that of the level above."""
    extent = float(np.ptp(frame.places, axis=0).max())
    return extent / _BASE if level > frame.level else extent


def _comparable(one: Frame, other: Frame) -> tuple[Hashes, Hashes]:
    """Hashes of the corners of two files, of each all that the other would have kept, too."""
    level = max(one.level, other.level)
    found = [
        hashes(each.places if each.level == level else _coarser(each.places))
        for each in (one, other)
    ]
    if one.level != other.level:
        return found[0], found[1]
    last = [all_[-1] for all_, each in zip(found, (one, other), strict=True) if _cut(each)]
    most = min(last, default=np.uint64(2**64 - 1))
    return found[0][found[0] <= most], found[1][found[1] <= most]


def _cut(frame: Frame) -> bool:
    """Whether not all corners are kept."""
    return len(frame.places) < frame.count


def _coarser(places: Lattice) -> Lattice:
    """Places on the lattice of 16 times the step, each once."""
    return np.asarray(np.unique(_above(places), axis=0), np.int64)


def _above(places: Lattice) -> Lattice:
    """Where the middles of cells lie on the lattice of 16 times the step."""
    middles = (places + (0.5 - _OFF)) / _BASE
    return np.asarray(np.floor(middles + _OFF), np.int64)
