"""What the boxes of a HEIF or AVIF file say of its primary picture.

Source:
    ISO/IEC 14496-12 (2022), 4.2, and 23008-12 (2022), 6.5.5, 9.3 and 9.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from opensearch.domains.pictures.coded_colours import CodePoints

_TYPE: Final = b"ftyp"
_READ: Final = frozenset({b"hvc1", b"av01"})
_UNREAD: Final = {
    b"unci": "without compression",
    b"jpeg": "in JPEG",
    b"j2k1": "in JPEG 2000",
    b"avc1": "in AVC (H.264)",
    b"vvc1": "in VVC (H.266)",
    b"evc1": "in EVC",
}
"""Types of items, that is, codings, that no decoder here reads, in words."""
_SHORT: Final = b"mif3"
"""The brand of files whose boxes have the short form; behind it lies that of the coding."""
LONGEST: Final = 32768
"""Pixels of a side of an AVIF picture that its decoder takes."""
_LEAST_TABLE: Final = 8
"""Bytes before the first entry of a table of properties."""


def code_points(data: bytes) -> CodePoints | None:
    """The code points of the colours; None where the picture has none, or a profile."""
    found = _properties(data)
    colours = [data[start:end] for name, (start, end) in found if name == b"colr"]
    if any(colour[:4] != b"nclx" for colour in colours) or not colours:
        return None
    return CodePoints(*struct.unpack(">2H", colours[0][4:8].ljust(4, b"\0")))


def size(data: bytes) -> tuple[int, int]:
    """Width and height as the boxes say; (0, 0) where they do not."""
    for name, (start, end) in _properties(data):
        if name == b"ispe" and end - start >= 12:
            width, height = struct.unpack_from(">2I", data, start + 4)
            return width, height
    return 0, 0


def unread(data: bytes) -> str | None:
    """What a HEIF file is, in words, if its coding is none that is read; else None."""
    if data[4:12] == _TYPE + _SHORT and data[12:16] != b"heic":
        return "an AVIF or HEIF picture of the short form (mif3) that is not read; save it as .png"
    types = set(_item_types(data))
    known = [word for name, word in _UNREAD.items() if name in types and not types & _READ]
    return f"a HEIF picture {known[0]}, which is not read; save it as .png" if known else None


def _item_types(data: bytes) -> Iterator[bytes]:
    start, end = _meta(data).get(b"iinf", (0, 0))
    first = start + (8 if data[start : start + 1] > b"\0" else 6)  # by the version
    for name, (at, _) in boxes(data, first, end):
        if name == b"infe":
            at += 10 if data[at : at + 1] > b"\2" else 8
            yield data[at : at + 4]


def _properties(data: bytes) -> list[tuple[bytes, tuple[int, int]]]:
    """The properties of the primary picture: their names, and where their contents lie."""
    meta = _meta(data)
    if not {b"pitm", b"iprp"} <= meta.keys():
        return []
    start, end = meta[b"pitm"]
    wide = data[start : start + 1] > b"\0"  # the version
    primary = int.from_bytes(data[start + 4 : start + (8 if wide else 6)], "big")
    properties: list[tuple[bytes, tuple[int, int]]] = []
    numbers: list[int] = []
    for name, (start, end) in boxes(data, *meta[b"iprp"]):
        if name == b"ipco":
            properties = list(boxes(data, start, end))
        elif name == b"ipma":
            numbers += _associated(data[start:end], primary)
    return [properties[number - 1] for number in numbers if 0 < number <= len(properties)]


def told_apart(data: bytes) -> bytes:
    """A file whose tables of properties are unlike each other.

    Early encoders wrote one for the colours and one for the opacity, of the same version and
    flags, which the decoder refuses; a flag that means nothing makes the difference.
    """
    seen, made = set[bytes](), bytearray()
    for name, (start, end) in boxes(data, *_meta(data).get(b"iprp", (0, 0))):
        if name == b"ipma" and end - start >= _LEAST_TABLE:
            said = data[start : start + 4]
            if said in seen:
                made = made or bytearray(data)
                made[start + 3] |= 2 * len(seen) & 255
            seen.add(bytes((made or data)[start : start + 4]))
    return bytes(made) or data


def _meta(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Where the boxes on the file's pictures lie, by name."""
    found = dict(boxes(data, 0, len(data))) if data[4:8] == _TYPE else {}
    start, end = found.get(b"meta", (0, 0))
    return dict(boxes(data, start + 4, end))


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Names of boxes between two places, and where their contents lie."""
    while at + 8 <= end:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        start = at + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8], "big"), at + 16
        if size == 0:
            size = end - at
        if size < start - at:
            return
        yield name, (start, min(at + size, end))
        at += size


def _associated(table: bytes, item: int) -> Iterator[int]:
    """Numbers of the properties of an item, from 1, by the content of an `ipma` box."""
    if len(table) < _LEAST_TABLE:
        return
    version, wide = table[0], table[3] & 1
    size, at = 4 if version else 2, 8
    while at + size < len(table):
        found = int.from_bytes(table[at : at + size], "big")
        count = table[at + size]
        at += size + 1
        for _ in range(count):
            value = int.from_bytes(table[at : at + 1 + wide], "big")
            at += 1 + wide
            if found == item:
                yield value & (0x7FFF if wide else 0x7F)
