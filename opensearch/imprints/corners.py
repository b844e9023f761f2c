"""The corners of a shape: what simplifying leaves in place, where it leaves little else.

A coarse shape that loses half of its faces loses half of its look, but many of the corners that
are left have not moved. The corners of another shape lie elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.frames import Frame, Lattice, are_among, level_of, on_lattice

Points = NDArray[np.float64]

_MOST: Final = 600
"""Corners kept of a shape: they fill a page of the store. Of more, half are the outermost and half
those that a lattice chooses."""
_HEAD: Final = struct.Struct("<Ihf3q")
_FIELDS: Final = np.dtype(
    [("count", "<u4"), ("level", "<i2"), ("reach", "<f4"), ("origin", "<i8", 3)]
)
_HALF: Final = 1 << 15
_FIRST: Final = 64
"""Places that a quick look takes."""
_TINY, _FAR = 1e-200, 2.0**36
"""Least radius, and most radii from the origin, of shapes that floats can put on a lattice; others
are put there as they are in the unit sphere."""
_OLDER_STEPS: Final = 65_535
_ROUNDS: Final = 10
_SOME: Final = 100
"""Corners by which the turns other than the identity are tried."""
_CLOSE: Final = 0.004
"""Distance within which two corners count as the same, in radii of a shape."""
_SMALLEST, _LARGEST = 0.7, 1.4

_SHARE: Final = 0.23
_LEAST, _LEAST_TURNED = 6, 10
"""Least share, and least number, of a simplified shape's corners that the whole one has, too; more
of them if the shape had to be turned for that."""
_LEFT: Final = 0.7
"""Most corners of a simplified shape, as a share of the whole one's: else neither is simplified."""


def _turns() -> list[Points]:
    """The 24 rotations that map axes to axes, the identity first."""
    signs = [np.diag(each) for each in product((1.0, -1.0), repeat=3)]
    axes = [np.eye(3)[list(each)] for each in permutations(range(3))]
    return [sign @ axis for axis in axes for sign in signs if np.linalg.det(sign @ axis) > 0]


_TURNS: Final = _turns()


@dataclass(frozen=True)
class Corners:
    """Corners of a shape.

    Attributes:
        count: how many it has.
        points: some of them in the unit sphere, shape (n, 3), the outermost among them.
        frame: some of them where the file has them; `None` in imprints of older versions.
    """

    count: int
    points: Points
    frame: Frame | None = None


def corner_bytes(
    vertices: Points, faces: NDArray[np.integer], outward: Points, middle: Points, radius: float
) -> bytes:
    """What an imprint keeps of corners: their count, their lattice, and places of at most 600.

    Args:
        vertices: shape (n, 3).
        faces: shape (m, 3).
        outward: the middle of the surface, shape (3,); corners far from it are kept.
        middle: shape (3,); in the file the vertices are `vertices * radius + middle`.
    """
    unit = vertices[np.unique(faces)]
    with np.errstate(over="ignore", invalid="ignore"):
        used = unit * radius + middle
    if not (_TINY < radius < 1 / _TINY and np.abs(used).max() < _FAR * radius):
        used, middle, radius = unit, np.zeros(3), 1.0
    centre = used.min(axis=0) / 2 + used.max(axis=0) / 2
    level = level_of(used, centre)
    step = 16.0**level
    places = on_lattice(used, level)
    origin = np.floor(centre / step).astype(np.int64)
    count = len(places)
    places = places[(np.abs(places - origin) < _HALF).all(axis=1)]
    if len(places) > _MOST:
        rest = places[_MOST // 2 :]
        off = np.linalg.norm(rest * step - (outward * radius + middle), axis=1)
        furthest = np.argsort(-off, kind="stable")[: _MOST - _MOST // 2]
        places = np.concatenate([places[: _MOST // 2], rest[furthest]])
    reach = float(np.linalg.norm(used - centre, axis=1).max()) / step
    steps = (places - origin + _HALF).astype("<u2").tobytes()
    return bytes(_HEAD.pack(count, level, reach, *origin.tolist()) + steps)


def corners_of(kept: bytes) -> Corners:
    """What `corner_bytes` kept."""
    count, level, reach, *origin = _HEAD.unpack_from(kept)
    steps: Lattice = (
        np.frombuffer(kept[_HEAD.size :], "<u2").reshape(-1, 3).astype(np.int64) - _HALF
    )
    chosen = steps[: _MOST // 2] if count > _MOST else steps
    frame = Frame(count, level, chosen + np.array(origin))
    return Corners(count, steps / max(reach, 1e-300), frame)


def may_have_in_common(frame: Frame, kept: Sequence[bytes]) -> NDArray[np.bool_]:
    """Which of what `corner_bytes` kept, shape (n,), have some corners of a file: a quick look.

    Of each the first places on its lattice are looked at, which are those of the smallest hashes.
    """
    heads = np.frombuffer(b"".join(each[: _HEAD.size] for each in kept), _FIELDS)
    width = _FIRST * 3 * 2
    firsts = b"".join(each[_HEAD.size : _HEAD.size + width].ljust(width, b"\0") for each in kept)
    steps = np.frombuffer(firsts, "<u2").reshape(-1, _FIRST, 3).astype(np.int64)
    places = steps - _HALF + heads["origin"][:, None]
    found = np.zeros(len(kept), np.bool_)
    for apart in (-1, 0, 1):
        rows = np.flatnonzero(heads["level"] == frame.level + apart)
        seen = are_among(places[rows].reshape(-1, 3), frame, apart).reshape(-1, _FIRST)
        found[rows] = seen.any(axis=1)
    return found


def older_corners_of(kept: bytes) -> Corners:
    """What older versions kept, of the outermost alone; no corners where they kept none."""
    if not kept:
        return Corners(0, np.zeros((0, 3)))
    steps = np.frombuffer(kept[4:], "<u2").reshape(-1, 3)
    places = steps.astype(np.float64) / _OLDER_STEPS * 2 - 1
    return Corners(int.from_bytes(kept[:4], "little"), places)


def is_simplified(one: Corners, other: Corners) -> bool:
    """Whether one of two shapes, whichever, is the other with fewer corners."""
    few, many = sorted((one.count, other.count))
    return few <= _LEFT * many and has_corners(one, other)


def has_corners(one: Corners, other: Corners) -> bool:
    """Whether corners of the one of two shapes that has fewer are corners of the other."""
    few, many = sorted((one, other), key=lambda corners: corners.count)
    if len(few.points) < _LEAST:
        return False
    share = _SHARE * len(few.points)
    if _in_place(few.points, many.points) >= max(_LEAST, share):
        return True
    some = few.points[:: -(-len(few.points) // _SOME)]
    gaps = [_nearest(some @ turn, many.points)[0].mean() for turn in _TURNS[1:]]
    turn = _TURNS[1 + int(np.argmin(gaps))]
    return _in_place(few.points @ turn, many.points) >= max(_LEAST_TURNED, share)


def _in_place(points: Points, wanted: Points) -> int:
    """How many points (n, 3) lie on others (m, 3), scaled and moved step by step to do so.

    On a line crowded with others, chance lays twice as many points within twice the distance:
    those are subtracted.
    """
    scale, by, most = 1.0, np.zeros(3), 0
    for _ in range(_ROUNDS):
        gaps, nearest = _nearest(points * scale + by, wanted)
        most = max(most, int(2 * (gaps <= _CLOSE).sum() - (gaps <= 2 * _CLOSE).sum()))
        weights = 1 / (1 + (gaps / max(_CLOSE, np.median(gaps) / 2)) ** 4)
        weights = weights[:, None] / weights.sum()
        middle, there = (weights * points).sum(axis=0), (weights * wanted[nearest]).sum(axis=0)
        off = points - middle
        square = max(float((weights * off**2).sum()), 1e-12)
        scale = float((weights * off * (wanted[nearest] - there)).sum()) / square
        scale = min(max(scale, _SMALLEST), _LARGEST)
        by = there - scale * middle
    return most


def _nearest(points: Points, wanted: Points) -> tuple[Points, NDArray[np.intp]]:
    """How far points (n, 3) are from the nearest of others (m, 3), and which that is."""
    # Not by BLAS, whose threads would wait for each other on a busy machine.
    products = np.einsum("nd,md->nm", points, wanted)
    squares = (points**2).sum(axis=1)[:, None] + (wanted**2).sum(axis=1) - 2 * products
    nearest = squares.argmin(axis=1)
    return np.linalg.norm(points - wanted[nearest], axis=1), nearest
