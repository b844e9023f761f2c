"""Wavefront OBJ.

Source:
    Wavefront Advanced Visualizer manual, appendix B1 (Object Files), format version 3.0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.polygons import as_triangles
from opensearch.domains.meshes.text import as_floats, as_integers, plain_lines, told_zeros
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

_BLOCK = 2**22
# A "#" of "1.#QNAN", which Windows writes for a number that is none, begins no comment.
_COMMENT: Final = re.compile(rb"#(?!IND|QNAN|SNAN|INF)[^\n]*")
_BEHIND_SLASH: Final = re.compile(rb"/\S*")
# Some programs write keywords in capitals, all of them or those of faces alone.
_VERTEX: Final = (b"v", b"V")
_FACE: Final = (b"f", b"fo", b"F", b"FO")
_CONTINUED: Final = tuple([key] for key in (*_VERTEX, *_FACE, b"l", b"L"))
_PASSED_OVER: Final = (b"vn", b"vt", b"VN", b"VT")
# How comments before the first vertex name the faces: "Faces: 12", "number of triangles: 12",
# "Face Count 12".
_NAMED_FACES: Final = re.compile(
    rb"(?im)^#[\w \t]*\b(?:face|triangle|polygon)s?(?: count)?[ \t:=]+(\d+)[ \t]*$"
)
_FIRST_VERTEX: Final = re.compile(rb"(?m)^[ \t]*[vV][ \t]")
_HEAD: Final = 4096
_NO_POLYGONS: Final = {
    b"p": "points",
    b"l": "lines",
    b"curv": "curves",
    b"curv2": "curves",
    b"v": "vertices",
}


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an OBJ; materials, normals and texture coordinates are passed over.

    A fourth coordinate is the weight of a rational curve and colours may follow it: neither
    moves the corner of a polygon. Negative numbers count back from their own line.

    Raises:
        UnreadableFile: no polygon, free-form surfaces, a vertex that is not there (0 too: OBJ
            counts from 1), a word that is no number, or cut short in its last face.
        OverLimit: over `limits.faces`.
    """
    text = plain_lines(data)
    _check_end(text)
    mesh = _Mesh(text)
    mesh.check_kinds()
    vertices, corners, sizes = mesh.arrays()
    unused = len(vertices) - 1 - int(corners.max(initial=-1))
    if unused > 0 and not text.endswith(b"\n"):
        raise UnreadableFile(
            f"seems cut short: its last line has no end, and its last {unused:,} vertices are in no"
            " face; if it is whole, end that line"
        )
    faces = as_triangles(vertices, corners, sizes, limits, first=1)
    if len(faces) == 0:
        raise UnreadableFile("has no faces of three corners or more")
    lost = told_zeros(text) or _missing_faces(text, max(len(sizes), len(faces)))
    return Triangles(vertices, faces).lacking(lost)


def _missing_faces(text: bytes, held: int) -> str:
    """What is said of a text whose first comments name more faces than are there."""
    head = text[:_HEAD]
    start = _FIRST_VERTEX.search(head)
    named = _NAMED_FACES.findall(head[: start.start()] if start else head)
    if len(named) != 1 or int(named[0]) <= held:
        return ""
    return f"its first lines name {int(named[0]):,} faces, and it holds {held:,}"


def _check_end(text: bytes) -> None:
    """Refuse a file whose last line is a face that goes no further than its second corner.

    Such faces elsewhere are passed over: programs write them, with an end to their line.
    """
    last = text.rpartition(b"\n")[2].split()
    if last and last[0].lower() in (b"f", b"fo") and len(last) < 4:
        raise UnreadableFile("is cut short: it ends within a face")


def _blocks(text: bytes) -> Iterator[bytes]:
    """Some megabytes of whole lines at a time, without comments, continued lines joined."""
    at = 0
    while at < len(text):
        end = text.find(b"\n", at + _BLOCK)
        while end > 0 and text[end - 1] == ord("\\"):
            end = text.find(b"\n", end + 1)
        block = text[at : end + 1] if end >= 0 else text[at:]
        at += len(block)
        if b"#" in block:
            block = _COMMENT.sub(b"", block)
        yield _joined(block) if b"\\" in block else block


def _joined(block: bytes) -> bytes:
    r"""Lines that end with "\" put before the next; names and paths may end so by chance."""
    parts: list[bytes] = []
    open_line = False
    for line in block.split(b"\n"):
        stripped = line.rstrip()
        goes_on = stripped.endswith(b"\\")
        text = stripped[:-1] if goes_on else line
        parts += (b" " if open_line else b"\n", text)
        open_line = goes_on and (open_line or text.split(None, 1)[:1] in _CONTINUED)
    return b"".join(parts[1:])


class _Mesh:
    """What the blocks of one file add up to."""

    def __init__(self, text: bytes) -> None:
        self._count = 0
        self._kinds: Counter[bytes] = Counter()
        self._vertices: list[NDArray[np.float64]] = [np.empty((0, 3))]
        self._corners: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._sizes: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        for block in _blocks(text):
            self.add(block)

    def add(self, block: bytes) -> None:
        """Take the vertices and polygons of whole lines."""
        numbers: list[bytes] = []
        corners: list[bytes] = []
        sizes: list[int] = []
        before: list[int] = []
        count = self._count
        for line in block.split(b"\n"):
            if line[:2] in _PASSED_OVER:
                continue
            words = line.split()
            if not words:
                continue
            key = words[0]
            if key in _VERTEX:
                if len(words) < 4:
                    raise UnreadableFile(f"has a vertex of {len(words) - 1} coordinates, not 3")
                numbers += words[1:4]
                count += 1
            elif key in _FACE:
                corners += words[1:]
                sizes.append(len(words) - 1)
                before.append(count)
            else:
                self._kinds[key.lower()] += 1
        self._kinds[b"v"] += count - self._count
        self._kinds[b"f"] += len(sizes)
        self._count = count
        self._vertices.append(np.array(as_floats(numbers), np.float64).reshape(-1, 3))
        self._sizes.append(np.array(sizes, np.int64))
        self._corners.append(_from_zero(corners, np.repeat(before, sizes).astype(np.int64)))

    def check_kinds(self) -> None:
        """Refuse a file without polygons, and one whose surfaces are not all polygons."""
        kinds = self._kinds
        if kinds[b"surf"]:
            raise UnreadableFile("has free-form surfaces (surf): export it as polygons")
        if kinds[b"call"]:
            raise UnreadableFile("is spread over several files (call): export it as one")
        if kinds[b"f"] == 0:
            held = dict.fromkeys(name for key, name in _NO_POLYGONS.items() if kinds[key])
            only = f"only {' and '.join(held)}" if held else "nor anything else that OBJ knows"
            raise UnreadableFile(f"has no faces, {only}")

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Vertices (n, 3), corners of the polygons from 0, and how many each has."""
        return (
            np.concatenate(self._vertices),
            np.concatenate(self._corners),
            np.concatenate(self._sizes),
        )


def _from_zero(words: list[bytes], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Vertex numbers counted from 0, of words such as "3", "-1/2" and "3//7".

    Args:
        words: the corners of polygons.
        before: vertices that stand before the line of each corner.
    """
    text = b" ".join(words)
    if b"/" in text:
        words = _BEHIND_SLASH.sub(b"", text).split()
    if len(words) != len(before):
        raise UnreadableFile("has a face with a corner that names no vertex")
    numbers = as_integers(words, "a vertex of a face")
    if (numbers == 0).any():
        raise UnreadableFile("has a face that names vertex 0; OBJ counts vertices from 1")
    behind = numbers < 0
    if (numbers + before < 0)[behind].any():
        at = int(np.flatnonzero(behind & (numbers + before < 0))[0])
        raise UnreadableFile(
            f"has a face that names vertex {numbers[at]}, but only {before[at]:,} stand before it"
        )
    return np.where(behind, numbers + before, numbers - 1)
