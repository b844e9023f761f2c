"""The imprint of a shape: how its surface is spread over spheres around its middle.

It is the same whatever the order of vertices and faces, and wherever and how large the shape
stands, turned or mirrored. What simplifying leaves of the surface hardly changes it, unless the
shape is coarse or its surface is torn: such ones are known by the corners that are left in place,
kept behind it.

Source:
    Kazhdan, Funkhouser and Rusinkiewicz, "Rotation Invariant Spherical Harmonic Representation of
    3D Shape Descriptors", SGP 2003; here of points on the surface, by area, in place of voxels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.corners import (
    Corners,
    corner_bytes,
    corners_of,
    has_corners,
    is_simplified,
    may_have_in_common,
    older_corners_of,
)
from opensearch.imprints.frames import (
    Hashes,
    have_corners_in_common,
    marks,
    with_a_mark_in_common,
)
from opensearch.imprints.kinds import FRAMED
from opensearch.imprints.pairs import (
    BLOCK,
    Apart,
    Fetch,
    Neighbours,
    Pairs,
    Places,
    Vectors,
    blocks,
    unit_rows,
)
from opensearch.progress import Progress

_POINTS: Final = 8192
_SPHERES: Final = 12
_DEGREES: Final = 10
_REACH: Final = 2.4
"""Radius of the largest sphere, in root mean square distances of the surface from its middle."""

_NEIGHBOURS: Final = 16
_EXACT, _NEAR, _SIMPLIFIED = 0.04, 0.065, 0.2
"""Largest distances of unit vectors of copies that were not simplified, of copies that were, and of
pairs whose corners are laid on each other; corners that are in one place already decide on any."""
_ROUND, _ONE_BALL = 0.99, 0.004
"""Least share of degree 0 in the imprint of a ball, and the largest distance of two balls that are
copies whatever their corners: the rest of a ball's imprint is noise."""
_LENGTH: Final = 1 + 2 * _SPHERES * (_DEGREES + 1)
"""Bytes before the corners."""


_ORIGIN: Final = np.zeros(3)


def shape_imprint(
    vertices: NDArray[np.floating],
    faces: NDArray[np.integer],
    centre: NDArray[np.float64] = _ORIGIN,
    radius: float = 1.0,
) -> bytes:
    """The imprint of triangles.

    Args:
        vertices: shape (n, 3).
        faces: shape (m, 3), vertex numbers; their areas are not all 0.
        centre: shape (3,); in the file the vertices are `vertices * radius + centre`.
    """
    corners = np.asarray(vertices, np.float64)
    points = _on_surface(corners, faces)
    middle = points.mean(axis=0)
    points -= middle
    radii = np.linalg.norm(points, axis=1)
    scale = float(np.sqrt((radii**2).mean())) or 1.0
    directions = points / np.maximum(radii, 1e-9 * scale)[:, None]
    spheres = _spheres(radii / scale)
    energies = _energies(spheres, directions).astype("<f2").tobytes()
    return FRAMED + energies + corner_bytes(corners, faces, middle, centre, radius)


def shape_pairs(
    count: int,
    fetch: Fetch,
    nearest: Callable[[Vectors], Neighbours],
    told: Progress,
    apart: Apart,
) -> Iterator[Pairs]:
    """Copies among shapes; see `pairs.Matcher`."""
    vectors = np.empty((count, _SPHERES * (_DEGREES + 1)), np.float32)
    marked = []
    for places in blocks(count):
        imprints = fetch(places)
        vectors[places] = _unpacked(imprints)
        marked += [_marks(each) for each in imprints]
    find = nearest(vectors)
    for places in blocks(count):
        rows, found, cosines = find(vectors[places], _cosine(_SIMPLIFIED), _NEIGHBOURS)
        first = places[rows]
        other = (first != found) & apart(first, found)
        yield _pairs(first[other], found[other], cosines[other], fetch, fetch)
        told("shapes", int(places[-1]) + 1, count)
    one, two = with_a_mark_in_common(marked)
    left = apart(one, two)
    yield from shapes_between(one[left], two[left], fetch)


def shape_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    """Copies of one shape among others; see `pairs.Matcher`."""
    own, frame = _unpacked([imprint])[0], _corners(imprint).frame
    for places in blocks(count):
        imprints = fetch(places)
        cosines = _unpacked(imprints) @ own
        asked = cosines >= _cosine(_SIMPLIFIED)
        if frame is not None:
            framed = np.array([each[:1] == FRAMED for each in imprints], np.bool_)
            kept = [each[_LENGTH:] for each in imprints if each[:1] == FRAMED]
            asked[framed] |= may_have_in_common(frame, kept)
        near = np.flatnonzero(asked)
        first = np.zeros_like(near)
        yield _pairs(first, places[near], cosines[near], lambda some: [imprint] * len(some), fetch)


def shapes_between(first: Places, second: Places, fetch: Fetch) -> Iterator[Pairs]:
    """Those pairs of shapes that are copies; see `pairs.Matcher`."""
    for start in range(0, len(first), BLOCK):
        one, other = first[start : start + BLOCK], second[start : start + BLOCK]
        cosines = (_unpacked(fetch(one)) * _unpacked(fetch(other))).sum(axis=1)
        yield _pairs(one, other, cosines, fetch, fetch)


def _cosine(distance: float) -> float:
    """The cosine of unit vectors at this distance."""
    return 1 - distance**2 / 2


def _pairs(
    first: Places, second: Places, cosines: Vectors, fetch: Fetch, fetch_second: Fetch
) -> Pairs:
    """Those pairs that are copies; corners decide on balls, and on pairs not near enough."""
    kept = cosines >= _cosine(_NEAR)
    asked = np.flatnonzero(cosines < _cosine(_ONE_BALL))
    imprints = zip(fetch(first[asked]), fetch_second(second[asked]), strict=True)
    for at, both in zip(asked.tolist(), imprints, strict=True):
        one, other = map(_corners, both)
        if not kept[at]:
            near = cosines[at] >= _cosine(_SIMPLIFIED)
            kept[at] = _share_corners(one, other) or (near and is_simplified(one, other))
        elif all(map(_is_ball, both)):
            kept[at] = has_corners(one, other)
    exact = cosines[kept] >= _cosine(_EXACT)
    changes = ["" if each else "simplified" for each in exact.tolist()]
    return Pairs(first[kept], second[kept], cosines[kept], changes, exact)


def _corners(imprint: bytes) -> Corners:
    """The corners of a shape; none of the oldest layout."""
    kept = imprint[_LENGTH:]
    return corners_of(kept) if imprint[:1] == FRAMED else older_corners_of(kept)


def _marks(imprint: bytes) -> Hashes:
    """By what a shape finds those that have some of its corners."""
    frame = _corners(imprint).frame
    return np.zeros(0, np.uint64) if frame is None else marks(frame)


def _share_corners(one: Corners, other: Corners) -> bool:
    """Whether two files have corners in one place, as one that was simplified has."""
    if one.frame is None or other.frame is None:
        return False
    return have_corners_in_common(one.frame, other.frame)


def _is_ball(imprint: bytes) -> bool:
    """Whether a surface is alike all around."""
    squares = np.frombuffer(imprint[1:_LENGTH], "<f2").astype(np.float32) ** 2
    return bool(squares[:: _DEGREES + 1].sum() >= _ROUND * squares.sum())


def _unpacked(imprints: Sequence[bytes]) -> Vectors:
    """Unit vectors (n, d) of imprints."""
    rows = np.frombuffer(b"".join(each[1:_LENGTH] for each in imprints), "<f2").astype(np.float32)
    return unit_rows(rows.reshape(len(imprints), _SPHERES * (_DEGREES + 1)))


def _on_surface(vertices: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """Points (n, 3) spread evenly over the triangles, always the same ones.

    Source:
        Places within triangles by the R2 sequence, Roberts 2018: fractions of the powers of
        1 / 1.3247, the root of x^3 = x + 1.
    """
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    ends = np.cumsum(np.linalg.norm(np.cross(b - a, c - a), axis=1))
    at = np.searchsorted(ends, (np.arange(_POINTS) + 0.5) / _POINTS * ends[-1])
    at = np.minimum(at, len(faces) - 1)
    root = 1.324717957244746
    along = np.sqrt((0.5 + np.arange(1, _POINTS + 1) / root) % 1)[:, None]
    across = ((0.5 + np.arange(1, _POINTS + 1) / root**2) % 1)[:, None]
    return np.asarray((1 - along) * a[at] + along * ((1 - across) * b[at] + across * c[at]))


def _spheres(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each point counts on each sphere, shape (spheres, n), linear between them."""
    at = np.clip(radii / _REACH * _SPHERES, 0, _SPHERES - 1.001)
    below, points = at.astype(np.intp), np.arange(len(radii))
    weights = np.zeros((_SPHERES, len(radii)))
    weights[below, points] = (1 - (at - below)) / len(radii)
    weights[below + 1, points] = (at - below) / len(radii)
    return weights


def _energies(spheres: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each sphere holds of each degree, shape (spheres, degrees + 1)."""
    x, y, z = directions.T
    sectoral = np.full(len(directions), np.sqrt(1 / (4 * np.pi)), np.complex128)
    harmonics, degrees, counts = [], [], []
    for order in range(_DEGREES + 1):
        if order:
            sectoral = -np.sqrt((2 * order + 1) / (2 * order)) * sectoral * (x + 1j * y)
        before, now = np.zeros_like(sectoral), sectoral
        for degree in range(order, _DEGREES + 1):
            harmonics += [now.real, now.imag]
            degrees += [degree, degree]
            counts += [2.0 if order else 1.0] * 2  # an order and its negative hold the same
            before, now = now, _next(degree + 1, order, z, now, before)
    # Not by BLAS, whose threads would wait for each other beside other readers.
    held = np.einsum("sn,hn->sh", spheres, np.stack(harmonics)) ** 2 * counts
    of = np.array(degrees)
    totals = [held[:, of == degree].sum(axis=1) for degree in range(_DEGREES + 1)]
    return np.asarray(np.sqrt(np.stack(totals, axis=1)))


def _next(
    degree: int,
    order: int,
    z: NDArray[np.float64],
    last: NDArray[np.complex128],
    before: NDArray[np.complex128],
) -> NDArray[np.complex128]:
    """The harmonic of a degree and order from those of the two degrees below it."""
    up = np.sqrt((4 * degree**2 - 1) / (degree**2 - order**2))
    down = np.sqrt(max((degree - 1) ** 2 - order**2, 0) / (4 * (degree - 1) ** 2 - 1))
    return np.asarray(up * (z * last - down * before))
