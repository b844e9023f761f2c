"""3DS files whose meshes stand where they belong, and are told of it a second time.

A mesh keeps its corners as they stand in the scene, and a matrix that leads there from its own
axes; the keyframer places those axes anew. Early programs write no axes (the matrix is that of
the scene), and count the pivot from the middle of the mesh. Taken by the rule, each part is moved
by where its middle is.

Source:
    lib3ds, `lib3ds_mesh` and `lib3ds_node`: a corner stands at node * pivot * inverse(mesh matrix).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]

_FILE, _EDITOR, _OBJECT, _MESH, _CORNERS, _MATRIX = 0x4D4D, 0x3D3D, 0x4000, 0x4100, 0x4110, 0x4160
_KEYFRAMER, _NODE, _HEADER, _PIVOT, _NUMBER = 0xB000, 0xB002, 0xB010, 0xB013, 0xB030
_MOVED, _TURNED, _SCALED = 0xB020, 0xB021, 0xB022
_UNKNOWN: Final = 0xBFFF
"""An id that no reader knows."""
_HEAD: Final = 6
"""Bytes of the id and length of a chunk."""
_MOST: Final = 65_536
"""Chunks within another one that are looked at."""
_DEEPEST: Final = 64
_NEAR: Final = 1e-3
"""How far a mesh may lie from where it is expected, as a share of its size."""

_Chunk: TypeAlias = tuple[int, int, int]
"""Id, start of the contents, end."""


@dataclass(slots=True)
class _Node:
    """A node of the keyframer at its first frame; `plain` if it neither turns nor scales."""

    number: int
    name: bytes = b""
    parent: int = -1
    pivot: Vector = field(default_factory=lambda: np.zeros(3))
    moved: Vector = field(default_factory=lambda: np.zeros(3))
    plain: bool = True


def without_second_placing(data: bytes) -> bytes:
    """A 3DS file without its keyframer where that counts pivots from the middles of meshes.

    Args:
        data: the file, damaged or not.

    Returns:
        As long as `data`; itself where any mesh may be meant to stand elsewhere.
    """
    try:
        (whole,) = _within(data, 0, len(data), _FILE)
        editors = list(_within(data, *whole, _EDITOR))
        ((start, end),) = _within(data, *whole, _KEYFRAMER)
        nodes = [
            _node(data, number, *each)
            for number, each in enumerate(_within(data, start, end, _NODE))
        ]
        found = [mesh for editor in editors for mesh in _meshes(data, *editor)]
    except (ValueError, struct.error):  # damage, which whoever reads it finds as well
        return data
    meshes = dict(found)
    if len(meshes) < len(found) or not _all_placed(meshes, nodes):
        return data
    at = start - _HEAD
    return data[:at] + struct.pack("<H", _UNKNOWN) + data[at + 2 :]


def _all_placed(meshes: Mapping[bytes, Vector | None], nodes: list[_Node]) -> bool:
    """Whether each mesh of the scene has one node, and is meant to stand where its corners are."""
    named = [node for node in nodes if node.name in meshes]
    if len(named) != len(meshes) or {node.name for node in named} != set(meshes):
        return False
    numbered = {node.number: node for node in nodes}
    moved = False
    for node in named:
        corners, at = meshes[node.name], _place(node, numbered)
        if corners is None or at is None:
            return False
        with np.errstate(invalid="ignore"):
            shift = at - node.pivot
        near = _NEAR * float(np.ptp(corners, axis=0).max())
        if np.abs(shift).max() <= near:
            continue
        middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
        if not np.abs(shift - middle).max() <= near:  # also where a number is none
            return False
        moved = True
    return moved


def _place(node: _Node, numbered: Mapping[int, _Node]) -> Vector | None:
    """Where a node is in the scene; None where it or one above it turns or scales."""
    at, above = np.zeros(3), node
    for _ in range(_DEEPEST):
        if not above.plain:
            return None
        at = at + above.moved
        if above.parent not in numbered:
            return at
        above = numbered[above.parent]
    return None


def _meshes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, Vector | None]]:
    """Names of the meshes of an editor, and their corners (n, 3); None of one with own axes."""
    for first, last in _within(data, start, end, _OBJECT):
        name, first = _text(data, first, last)
        for mesh in _within(data, first, last, _MESH):
            corners: Vector | None = None
            for kind, at, _ in _chunks(data, *mesh):
                if kind == _CORNERS:
                    (count,) = struct.unpack_from("<H", data, at)
                    flat = np.frombuffer(data, "<f4", 3 * count, at + 2)
                    corners = flat.reshape(-1, 3).astype(np.float64) if count else None
                elif kind == _MATRIX:
                    matrix = np.array(struct.unpack_from("<12f", data, at)).reshape(4, 3)
                    if not np.allclose(matrix, np.eye(4)[:, :3], atol=1e-5):
                        corners = None
                        break
            yield name, corners


def _node(data: bytes, number: int, start: int, end: int) -> _Node:
    node = _Node(number)
    for kind, at, last in _chunks(data, start, end):
        if kind == _HEADER:
            node.name, at = _text(data, at, last)
            node.parent = struct.unpack_from("<3H", data, at)[2]
        elif kind == _NUMBER:
            (node.number,) = struct.unpack_from("<H", data, at)
        elif kind == _PIVOT:
            node.pivot = np.array(struct.unpack_from("<3f", data, at))
        elif kind == _MOVED:
            node.moved = _first_key(data, at, 3, np.zeros(3))
        elif kind == _TURNED:  # an angle, then the axis
            node.plain &= bool(_first_key(data, at, 4, np.zeros(4))[0] == 0)
        elif kind == _SCALED:
            node.plain &= bool((_first_key(data, at, 3, np.ones(3)) == 1).all())
    return node


def _first_key(data: bytes, at: int, count: int, none: Vector) -> Vector:
    """The numbers of the first key of a track, or `none` of one without keys."""
    keys, _, splines = struct.unpack_from("<10xIIH", data, at)
    if not keys:
        return none
    # Each of five bits says that one more number stands before those of the key.
    at += 20 + 4 * (splines & 31).bit_count()
    return np.array(struct.unpack_from(f"<{count}f", data, at))


def _text(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    """A text that a zero ends, and where the next thing begins."""
    at = data.index(b"\0", start, end)
    return data[start:at], at + 1


def _within(data: bytes, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Start and end of each chunk of a kind."""
    return ((at, last) for kind, at, last in _chunks(data, start, end) if kind == wanted)


def _chunks(data: bytes, start: int, end: int) -> Iterator[_Chunk]:
    return islice(_all_chunks(data, start, end), _MOST)


def _all_chunks(data: bytes, start: int, end: int) -> Iterator[_Chunk]:
    """The chunks between two places, up to one that cannot be."""
    while start + _HEAD <= end:
        kind, length = struct.unpack_from("<HI", data, start)
        if length < _HEAD or start + length > end:
            return
        yield kind, start + _HEAD, start + length
        start += length
