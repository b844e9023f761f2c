"""The Object File Format of Geomview: numbers in free format.

Source:
    Geomview manual, section 4.2.5 (OFF files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.polygons import as_triangles, check_faces
from opensearch.domains.meshes.text import as_floats, as_integers, plain_lines
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# The manual writes STCN; MeshLab writes NCST, and its numbers follow the point all the same.
_KEYWORD: Final = re.compile(rb"\s*((?:ST|C|N){0,3})(4)?(n)?(?:OFF|off)(?=[\s\d]|$)")
_COMMENT: Final = re.compile(rb"#[^\n]*")
_Polygons: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
_COLOURS: Final = (0, 3, 4, 1)
"""Numbers that the colour of a face may have where all faces are in one line; one is an index."""


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an OFF, with or without its keyword; colours and normals passed over.

    A vertex or a face per line is tried first, since that tells how many colours follow; where
    lines do not fit, the numbers are read in sequence, as the keyword says.

    Raises:
        UnreadableFile: cut off, no faces, binary, of another dimension than three, or a
            vertex that is not there.
        OverLimit: over `limits.faces`.
    """
    text = _COMMENT.sub(b"", plain_lines(data))
    keyword = _KEYWORD.match(text)
    body = text[keyword.end() :] if keyword else text
    if body[:64].split()[:1] == [b"BINARY"]:
        raise UnreadableFile("is a binary OFF: save it as text")
    lines = _Lines(body.split(b"\n"))
    if keyword and keyword[3]:
        lines = _of_three(lines)
    lead = _count_words(lines, keyword is not None)
    vertex_count, face_count = counts = _counts(lines)
    if face_count == 0:
        raise UnreadableFile(f"has no faces: it is a cloud of {vertex_count:,} points")
    check_faces(face_count, limits)
    if vertex_count > 8 * limits.faces:
        raise OverLimit(f"has {vertex_count:,} vertices, too many for {limits.faces:,} faces")
    flags = b"".join(keyword.groups(b"")[:2]) if keyword else b""
    ways = [way for words in lead for way in _ways(lines.after(words), *counts, flags)]
    vertices, corners, sizes, _ = _only(ways, *counts)
    faces = as_triangles(vertices, corners, sizes, limits)
    if len(faces) == 0:
        raise UnreadableFile("has no faces of three corners or more")
    return Triangles(vertices, faces)


class _Way(NamedTuple):
    """Vertices (n, 3), and the corners and sizes of polygons, as a file may be understood.

    It is `usual` where vertices have colours of four numbers, of one opacity, and faces have none.
    """

    vertices: NDArray[np.float64]
    corners: NDArray[np.int64]
    sizes: NDArray[np.int64]
    usual: bool = False


def _only(ways: list[_Way], vertex_count: int, face_count: int) -> _Way:
    """The one way to understand a file; ways with missing vertices only if there are no others.

    Raises:
        UnreadableFile: there is none, or there are several.
    """
    if not ways:
        raise UnreadableFile(
            f"is cut off or damaged: its numbers are not {vertex_count:,} vertices and"
            f" {face_count:,} faces"
        )
    known = [way for way in ways if way.corners.max(initial=0) < vertex_count] or ways[:1]
    if len(known) > 1:
        known = [way for way in known if way.usual] or known
    if any(
        not np.array_equal(one, other, equal_nan=one.dtype == np.float64)
        for way in known
        for one, other in zip(known[0][:3], way[:3], strict=True)
    ):
        raise UnreadableFile(
            "can be understood in more than one way: it does not say how many numbers its colours"
            " have; write each vertex and each face on a line of its own"
        )
    return known[0]


class _Lines:
    """Lines that hold something, and the words in them."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = [line for line in lines if line and not line.isspace()]

    def __len__(self) -> int:
        return len(self._lines)

    def split(self, start: int, count: int) -> Iterator[list[bytes]]:
        """The words of up to `count` lines, beginning `start` lines ahead."""
        return map(bytes.split, self._lines[start : start + count])

    def rest(self) -> list[bytes]:
        """All words."""
        return b" ".join(self._lines).split()

    def below(self, count: int) -> _Lines:
        """What follows the next `count` lines."""
        return _Lines(self._lines[count:])

    def after(self, count: int) -> _Lines:
        """What follows the next `count` words; nothing where there are fewer."""
        at = 0
        while count and at < len(self._lines):
            words = self._lines[at].split()
            if len(words) > count:
                return _Lines([b" ".join(words[count:]), *self._lines[at + 1 :]])
            count -= len(words)
            at += 1
        return _Lines(self._lines[at:])

    def first(self, count: int) -> list[bytes]:
        """The next `count` words, fewer where the file ends."""
        words: list[bytes] = []
        for line in self._lines:
            words += line.split()
            if len(words) >= count:
                break
        return words[:count]


def _of_three(lines: _Lines) -> _Lines:
    """What follows the dimension that stands before the counts of an nOFF."""
    dimension = as_integers(lines.first(1), "its dimension").tolist()
    if dimension != [3]:
        raise UnreadableFile(f"has vertices of {dimension} dimensions, not 3")
    return lines.after(1)


def _count_words(lines: _Lines, has_keyword: bool) -> tuple[int, ...]:
    """How many words the counts may take, the likeliest first: that of the edges may be missing."""
    first, second = ([*lines.split(at, 1)] or [[]] for at in (0, 1))
    if not has_keyword and not all(word.isdigit() for word in (first[0] or [b"?"])[:3]):
        raise UnreadableFile("is not an OFF: it begins with neither 'OFF' nor its counts")
    # Two counts in a line lack that of the edges, unless it stands alone in the next.
    if len(first[0]) == 2 and len(second[0]) != 1:
        return (2,)
    return (3, 2) if len(first[0]) > 3 else (3,)


def _counts(lines: _Lines) -> tuple[int, int]:
    """How many vertices and faces there are."""
    counts = as_integers(lines.first(2), "a count of vertices and faces").tolist()
    if len(counts) < 2:
        raise UnreadableFile("is cut off within its counts")
    if min(counts) < 0:
        raise UnreadableFile(f"promises {counts[0]} vertices and {counts[1]} faces")
    return counts[0], counts[1]


def _ways(lines: _Lines, vertex_count: int, face_count: int, flags: bytes) -> Iterator[_Way]:
    """Ways to read vertices and faces: those with a line each first, and no others if these fit."""
    width = 4 if b"4" in flags else 3
    numbers = _vertex_lines(lines, vertex_count, face_count, width)
    if numbers is not None:
        rest = lines.below(vertex_count)
        for polygons in _face_lines(rest, face_count) or _face_streams(rest, face_count):
            yield _Way(_weighted(numbers), *polygons)
        return
    # The manual has four numbers to a colour, programs write three as well.
    extras = 3 * (b"N" in flags) + 2 * (b"ST" in flags)
    strides = [width + extras + channels for channels in ((4, 3) if b"C" in flags else (0,))]
    rests = {stride: lines.after(stride * vertex_count) for stride in strides}
    on_lines = {
        stride: _face_lines(rest, face_count)
        for stride, rest in rests.items()
        if len(rest) == face_count
    }
    certain = any(on_lines.values())
    for stride, rest in rests.items():
        found = on_lines.get(stride, []) if certain else _face_streams(rest, face_count)
        if found:
            words = lines.first(stride * vertex_count)
            rows = np.array(as_floats(words)).reshape(-1, stride)
            points = _weighted(rows[:, :width])
            opacity = rows[:, width + 3 * (b"N" in flags) + 3 :][:, :1]
            one = stride == strides[0] and opacity.size > 0 and np.ptp(opacity) == 0 != opacity[0]
            for each in found:
                bare = len(rest.rest()) == len(each[0]) + len(each[1])
                yield _Way(points, *each, usual=bool(one and bare))


def _vertex_lines(
    lines: _Lines, vertex_count: int, face_count: int, width: int
) -> NDArray[np.float64] | None:
    """Coordinates (n, width) of vertices that have a line each; None if they do not."""
    words: list[bytes] = []
    lengths: set[int] = set()
    for line in lines.split(0, vertex_count):
        words += line[:width]
        lengths.add(len(line))
    even = len(lengths) == 1 or len(lines) == vertex_count + face_count
    if not even or min(lengths, default=0) < width or len(words) != width * vertex_count:
        return None
    return np.array(as_floats(words), np.float64).reshape(-1, width)


def _face_lines(lines: _Lines, count: int) -> list[_Polygons]:
    """Corners and sizes of faces that have a line each, which ends with their colour."""
    corners: list[bytes] = []
    sizes: list[int] = []
    for line in lines.split(0, count):
        size = int(line[0]) if line[0].isdigit() else len(line)
        if size >= len(line):
            break
        corners += line[1 : size + 1]
        sizes.append(size)
    if len(sizes) < count:
        return []
    return [(as_integers(corners, "a vertex of a face"), np.array(sizes, np.int64))]


def _face_streams(lines: _Lines, count: int) -> list[_Polygons]:
    """As `_face_lines`, of faces in one sequence, each followed by a colour of the same length.

    Only ways of reading that leave no words over count.
    """
    words = lines.rest()
    found = [_face_stream(words, count, colours) for colours in _COLOURS]
    return [each for each in found if each is not None]


def _face_stream(words: list[bytes], count: int, colours: int) -> _Polygons | None:
    corners: list[bytes] = []
    sizes: list[int] = []
    at = 0
    for _ in range(count):
        size = int(words[at]) if at < len(words) and words[at].isdigit() else len(words)
        if size >= len(words) - at:
            return None
        corners += words[at + 1 : at + 1 + size]
        sizes.append(size)
        at += 1 + size + colours
    if at != len(words) or not all(map(bytes.isdigit, corners)):
        return None
    return as_integers(corners, "a vertex of a face"), np.array(sizes, np.int64)


def _weighted(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) of coordinates (n, 3), or (n, 4) of which the last divides the others."""
    if numbers.shape[1] == 3:
        return numbers
    with np.errstate(all="ignore"):
        points: NDArray[np.float64] = numbers[:, :3] / numbers[:, 3:]
    return points
