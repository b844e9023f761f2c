"""The Object File Format of Geomview: numbers in free format.

Source:
    Geomview manual, section 4.2.5 (OFF files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

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


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an OFF, with or without its keyword; colours and normals passed over.

    Vertices and faces are looked for a line each, which tells how many colours follow; where
    lines do not fit, the numbers are taken as they come, with what the keyword says of them.

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
    lines = _Lines(body)
    if keyword and keyword[3]:
        _check_dimension(lines)
    vertex_count, face_count = _counts(lines, keyword is not None)
    if face_count == 0:
        raise UnreadableFile(f"has no faces: it is a cloud of {vertex_count:,} points")
    check_faces(face_count, limits)
    if vertex_count > 8 * limits.faces:
        raise OverLimit(f"has {vertex_count:,} vertices, too many for {limits.faces:,} faces")
    flags = b"".join(keyword.groups(b"")[:2]) if keyword else b""
    vertices, corners, sizes = _read(lines, vertex_count, face_count, flags)
    faces = as_triangles(vertices, corners, sizes, limits)
    if len(faces) == 0:
        raise UnreadableFile("has no faces of three corners or more")
    return Triangles(vertices, faces)


class _Lines:
    """Lines that hold something, and the words in them."""

    def __init__(self, text: bytes) -> None:
        self._lines = [line for line in text.split(b"\n") if line and not line.isspace()]
        self._at = 0

    def __len__(self) -> int:
        return len(self._lines) - self._at

    def split(self, start: int, count: int) -> Iterator[list[bytes]]:
        """The words of up to `count` lines, beginning `start` lines ahead."""
        at = self._at + start
        return map(bytes.split, self._lines[at : at + count])

    def rest(self, start: int) -> list[bytes]:
        """All words, beginning `start` lines ahead."""
        return b" ".join(self._lines[self._at + start :]).split()

    def take(self, count: int) -> list[bytes]:
        """The next `count` words, which are gone then; fewer where the file ends."""
        words: list[bytes] = []
        while len(words) < count and len(self):
            words += self._lines[self._at].split()
            self._at += 1
        if len(words) > count:
            self._at -= 1
            self._lines[self._at] = b" ".join(words[count:])
        return words[:count]


def _check_dimension(lines: _Lines) -> None:
    """Take the dimension that stands before the counts of an nOFF."""
    dimension = as_integers(lines.take(1), "its dimension").tolist()
    if dimension != [3]:
        raise UnreadableFile(f"has vertices of {dimension} dimensions, not 3")


def _counts(lines: _Lines, has_keyword: bool) -> tuple[int, int]:
    """Take how many vertices and faces there are; the count of edges may be missing."""
    first, second = ([*lines.split(at, 1)] or [[]] for at in (0, 1))
    if not has_keyword and not all(word.isdigit() for word in (first[0] or [b"?"])[:3]):
        raise UnreadableFile("is no OFF: it begins with neither 'OFF' nor its counts")
    # Two counts in a line lack that of the edges, unless it stands alone in the next.
    words = lines.take(2 if len(first[0]) == 2 and len(second[0]) != 1 else 3)
    counts = as_integers(words[:2], "a count of vertices and faces").tolist()
    if len(counts) < 2:
        raise UnreadableFile("is cut off within its counts")
    if min(counts) < 0:
        raise UnreadableFile(f"promises {counts[0]} vertices and {counts[1]} faces")
    return counts[0], counts[1]


def _read(
    lines: _Lines, vertex_count: int, face_count: int, flags: bytes
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Vertices (n, 3), and the corners and sizes of the polygons."""
    width = 4 if b"4" in flags else 3
    numbers = _vertex_lines(lines, vertex_count, face_count, width)
    if numbers is not None:
        corners, sizes = _faces(lines, vertex_count, face_count)
        return _weighted(numbers), corners, sizes
    words = lines.rest(0)
    # The manual has four numbers to a colour, programs write three as well.
    for channels in (4, 3) if b"C" in flags else (0,):
        stride = width + 3 * (b"N" in flags) + 2 * (b"ST" in flags) + channels
        used = stride * vertex_count
        found = _free_faces(words[used:], face_count)
        if found is not None:
            numbers = np.array(as_floats(words[:used])).reshape(-1, stride)[:, :width]
            return _weighted(numbers), *found
    raise _cut_off(vertex_count, face_count)


def _vertex_lines(
    lines: _Lines, vertex_count: int, face_count: int, width: int
) -> NDArray[np.float64] | None:
    """Coordinates (n, width) of vertices that have a line each; None where they have not."""
    words: list[bytes] = []
    lengths: set[int] = set()
    for line in lines.split(0, vertex_count):
        words += line[:width]
        lengths.add(len(line))
    even = len(lengths) == 1 or len(lines) == vertex_count + face_count
    if not even or min(lengths, default=0) < width or len(words) != width * vertex_count:
        return None
    return np.array(as_floats(words), np.float64).reshape(-1, width)


def _faces(lines: _Lines, start: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners and sizes of faces: of a line each, or one after another without colours."""
    corners: list[bytes] = []
    sizes: list[int] = []
    for line in lines.split(start, count):
        size = int(line[0]) if line[0].isdigit() else len(line)
        if size >= len(line):
            break
        corners += line[1 : size + 1]
        sizes.append(size)
    if len(sizes) == count:
        return as_integers(corners, "a vertex of a face"), np.array(sizes, np.int64)
    found = _free_faces(lines.rest(start), count)
    if found is None:
        raise _cut_off(start, count)
    return found


def _free_faces(
    words: list[bytes], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Corners and sizes of faces that stand one after another; None where they do not."""
    try:
        numbers = list(map(int, words))
    except ValueError:
        return None
    corners: list[int] = []
    sizes: list[int] = []
    at = 0
    while len(sizes) < count:
        if at >= len(numbers) or not 0 <= numbers[at] < len(numbers) - at:
            return None
        size = numbers[at]
        corners += numbers[at + 1 : at + 1 + size]
        sizes.append(size)
        at += 1 + size
    return np.array(corners, np.int64), np.array(sizes, np.int64)


def _weighted(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) of coordinates (n, 3), or (n, 4) of which the last divides the others."""
    if numbers.shape[1] == 3:
        return numbers
    with np.errstate(all="ignore"):
        points: NDArray[np.float64] = numbers[:, :3] / numbers[:, 3:]
    return points


def _cut_off(vertices: int, faces: int) -> UnreadableFile:
    return UnreadableFile(
        f"is cut off or damaged: its numbers are not {vertices:,} vertices and {faces:,} faces"
    )
