"""STEP and IGES: exact surfaces, cut into triangles by Open CASCADE (the extra `cad`)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, Literal

from opensearch.domains.meshes import gltf
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# A facet may leave its surface by this share of its edges, and turn by this angle in radians:
# drawings of a few hundred pixels do not show less.
_LINEAR, _ANGULAR = 0.01, 0.5
_SECTION, _TAIL = 72, 1024
_LAST_LINE: Final = re.compile(rb"(?m)^([SGDP \d]{72})T[ \d]{0,7}\s*\Z")
_PADDING: Final = b"\0\x1a \t\r\n"
_COUNT: Final = re.compile(rb"([SGDP])\s*(\d+)")
_OTHER_FILE: Final = re.compile(
    rb"DOCUMENT_FILE\s*\(\s*'(?:[^']*/)?([^'/]+\.(?:stp|step|p21))'", re.IGNORECASE
)


def load_step(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a STEP file, in metres, z up.

    Raises:
        UnreadableFile: damaged, or without a surface; an assembly of parts in other files says so.
        OverLimit: over `limits.faces` once it is cut into triangles.
    """
    other = _OTHER_FILE.search(data)
    if other is None:
        return _load(data, "step", neighbours, limits)
    name = other[1].decode(errors="replace")
    try:
        mesh = _load(data, "step", neighbours, limits)
    except OverLimit:
        raise
    except UnreadableFile as error:
        raise UnreadableFile(
            f"is an assembly of parts in other files, such as {name!r}; export it as one file"
        ) from error
    return mesh.lacking(f"its parts in other files, such as {name!r}, are missing")


def load_iges(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_step`, of an IGES file, in the units that it has."""
    return _load(data, "iges", neighbours, limits).lacking(_missing_lines(data))


def _missing_lines(data: bytes) -> str:
    """What is said of an IGES with fewer lines in a section than its last line says it has.

    Source:
        IGES 5.3, 2.2.4.1 and 2.2.4.6: the section of a line is the letter in column 73.
    """
    letters = Counter(line[_SECTION : _SECTION + 1] for line in data.splitlines())
    if not letters[b"D"]:  # of the compressed or the binary form
        return ""
    last = _LAST_LINE.search(data[-_TAIL:].rstrip(_PADDING))
    if last is None:
        return "its file ends without its last section, and may have held more surfaces"
    for letter, count in _COUNT.findall(last[1]):
        if letters[letter] < int(count):
            return f"it holds {letters[letter]:,} of the {int(count):,} lines of a section"
    return ""


def _load(
    data: bytes, kind: Literal["step", "iges"], neighbours: Neighbours, limits: Limits
) -> Triangles:
    import cascadio

    made = cascadio.load(
        data,
        file_type=kind,
        tol_linear=_LINEAR,
        tol_angular=_ANGULAR,
        tol_relative=True,
        use_parallel=False,
    )
    if not made:
        raise UnreadableFile(f"is not {kind.upper()}, or is damaged")
    try:
        return gltf.load(made, neighbours, limits)
    except OverLimit:
        raise
    except UnreadableFile as error:
        raise UnreadableFile("holds no surface") from error
