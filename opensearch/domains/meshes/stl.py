"""Stereolithography files, binary and ASCII.

Source:
    3D Systems, StereoLithography Interface Specification (1988), sections 6.5 and 6.6.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.polygons import as_triangles, check_faces
from opensearch.domains.meshes.text import as_floats, plain_lines, told_zeros
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

_HEADER = 84
_FACET: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", 9), ("attribute", "<u2")])
# Programs that stream their triangles cannot know how many come and leave one of these.
_UNCOUNTED: Final = (0, 2**32 - 1)
_BLOCK: Final = 2**22
_TAIL: Final = 2**16
# Normals are of length 1 or 0; some programs round them.
_LONGEST_NORMAL: Final = 1.01
# The words of a facet, None for a number: "facet normal x y z outer loop vertex x y z ...".
_WORDS: Final = (
    *(b"facet", b"normal", None, None, None, b"outer", b"loop"),
    *(b"vertex", None, None, None) * 3,
    *(b"endloop", b"endfacet"),
)
_NUMBERS: Final = (8, 9, 10, 12, 13, 14, 16, 17, 18)
# Zeros to the end of a block, and the mark that DOS put at the end of a text.
_PADDING: Final = b"\0\x1a \t\n"
_NAME_LINE: Final = re.compile(rb"(?im)^[ \t]*(?:end[ \t]*)?solid\b[^\n]*$")
_CORNER: Final = re.compile(rb"(?i)\bvertex\s+(\S+)\s+(\S+)\s+(\S+)")
_LOOP_END: Final = re.compile(rb"(?i)\bend\s?loop\b")
_FACET_START: Final = re.compile(rb"(?i)(?<!end )\bfacet\b")
_LAST_LINE: Final = re.compile(rb"(?i)\bend\s?facet\b")
_LAST_WORDS: Final = re.compile(rb"(?i)\bend\s?facet\s*(?:end\s?solid\b.*)?$")
# Where a solid ends, and where one does not: the last of them that a file has.
_SOLID_END: Final = re.compile(rb"(?i)end[ \t]*solid\b")
_FACET_END: Final = re.compile(rb"(?i)end[ \t]*facet\b|endloop\b|vertex\b")
# What is left of "endsolid" where it was cut.
_CUT_END: Final = re.compile(rb"(?i)(?<=endfacet)\s+e(?:n(?:d(?:[ \t]*s(?:o(?:li?)?)?)?)?)?$")


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an STL; normals and attributes are passed over.

    Raises:
        UnreadableFile: cut off, or neither binary nor ASCII STL.
        OverLimit: over `limits.faces`.
    """
    text = None if _is_whole_binary(data) else _as_text(data)
    if text is None:
        return _binary(data, limits)
    lost = told_zeros(text) or _missing_end(text)
    return _ascii(_CUT_END.sub(b"", text), limits).lacking(lost)


def _missing_end(text: bytes) -> str:
    """What is said of a text that begins with "solid" and does not end with "endsolid"."""
    if text[:4096].lstrip()[:5].lower() != b"solid":
        return ""
    single = b"\n" not in text.strip()
    for line in map(bytes.lstrip, reversed(text[-_TAIL:].split(b"\n"))):
        if _SOLID_END.match(line) or (single and _SOLID_END.search(line)):
            return ""
        if _FACET_END.match(line):
            break
    return "its file ends without 'endsolid', and may have held more facets"


def _promised(data: bytes | memoryview) -> int:
    return int.from_bytes(data[80:_HEADER], "little")


def _is_whole_binary(data: bytes) -> bool:
    """Whether the length is what the count says: ASCII never is, binary may begin "solid"."""
    return len(data) == _HEADER + _FACET.itemsize * _promised(data) and len(data) >= _HEADER


def _as_text(data: bytes) -> bytes | None:
    """The lines of an ASCII STL; None where it is none."""
    text = plain_lines(data).rstrip(_PADDING)
    head = text[:4096].lower()
    if b"\0" in head:
        return None
    if head.lstrip().startswith((b"solid", b"facet")) or b"facet" in head:
        return text
    return None


def _binary(data: bytes, limits: Limits) -> Triangles:
    """The facets of a binary STL, and of others put behind it in one file."""
    found: list[NDArray[np.float64]] = []
    view = memoryview(data)
    faces = 0
    while not found or 0 < _promised(view) <= _room(view):
        count = _promised(view) if found else _count(view)
        faces += count
        check_faces(faces, limits)
        facets = np.frombuffer(view, _FACET, count, _HEADER)
        found.append(facets["corners"].astype(np.float64))
        view = view[_HEADER + count * _FACET.itemsize :]
    return _soup(np.concatenate(found))


def _room(data: memoryview) -> int:
    """Whole facets behind the header; below zero where there is no header."""
    return (len(data) - _HEADER) // _FACET.itemsize


def _count(data: memoryview) -> int:
    """How many facets there are, whatever the header says of it.

    Raises:
        UnreadableFile: cut off, or without a facet.
    """
    room, promised = _room(data), _promised(data)
    if room < 0:
        raise UnreadableFile(f"is neither ASCII nor binary STL: {len(data)} bytes are too few")
    count = room if promised in _UNCOUNTED or _is_undercounted(data, promised) else promised
    if count > room:
        raise UnreadableFile(
            f"is not an ASCII STL, and as a binary one promises {count:,} faces but holds"
            f" {room:,}: it is cut off or something else"
        )
    if count == 0:
        raise UnreadableFile("has no faces: it is an STL without a facet")
    return count


def _is_undercounted(data: memoryview, promised: int) -> bool:
    """Whether what follows the facets that are promised are whole facets, too, to the end."""
    rest = data[_HEADER + promised * _FACET.itemsize :]
    if not rest or len(rest) % _FACET.itemsize:
        return False
    facets = np.frombuffer(rest, _FACET)
    corners = facets["corners"]
    unit = np.abs(facets["normal"]) <= _LONGEST_NORMAL
    # Neither zeros to the end of a block, nor other bytes that come by the fifty.
    return bool(unit.all() and np.isfinite(corners).all() and (np.ptp(corners, axis=1) > 0).all())


def _ascii(text: bytes, limits: Limits) -> Triangles:
    # A file of a single line has its name on the line of its first facet.
    single = b"\n" not in text.strip()
    body = text.strip() if single else _NAME_LINE.sub(b"", text).rstrip()
    numbers = _usual_facets(body, limits)
    return _any_facets(body, single, limits) if numbers is None else _soup(numbers)


def _usual_facets(body: bytes, limits: Limits) -> NDArray[np.float64] | None:
    """Corners of facets that all have the words of the specification, None where some differ."""
    found: list[NDArray[np.float64]] = []
    at = faces = 0
    while at < len(body):
        end = body.find(b"endfacet", at + _BLOCK)
        end = len(body) if end < 0 else end + len(b"endfacet")
        words = body[at:end].split()
        at = end
        size = len(_WORDS)
        if len(words) % size or any(
            {word.lower() for word in set(words[place::size])} - {wanted}
            for place, wanted in enumerate(_WORDS)
            if wanted
        ):
            return None
        faces += len(words) // size
        check_faces(faces, limits)
        columns = [as_floats(words[place::size]) for place in _NUMBERS]
        found.append(np.array(columns, np.float64).T)
    return np.concatenate(found) if faces else None


def _any_facets(body: bytes, single: bool, limits: Limits) -> Triangles:
    """Facets by their keywords alone: of any number of corners, with anything between."""
    corners = _CORNER.findall(body)
    if not corners:
        raise UnreadableFile("has no faces: it is an STL without a facet")
    loops = len(_LOOP_END.findall(body))
    check_faces(loops, limits)
    numbers = np.array(as_floats([word for corner in corners for word in corner]))
    whole = _LAST_WORDS.search(body) if single else _LAST_LINE.search(body.rpartition(b"\n")[2])
    if len(_FACET_START.findall(body)) > loops or not whole:
        raise UnreadableFile(f"is cut off within a facet, after {loops:,} whole ones")
    sizes = [len(_CORNER.findall(loop)) for loop in _LOOP_END.split(body)[:-1]]
    if sum(sizes) != len(corners):
        raise UnreadableFile("has a facet without its end")
    vertices = numbers.reshape(-1, 3)
    order = np.arange(len(vertices))
    faces = as_triangles(vertices, order, np.array(sizes, np.int64), limits)
    return Triangles(vertices, faces)


def _soup(numbers: NDArray[np.float64]) -> Triangles:
    """Triangles of which each has three vertices of its own."""
    vertices = numbers.reshape(-1, 3)
    return Triangles(vertices, np.arange(len(vertices)).reshape(-1, 3))
