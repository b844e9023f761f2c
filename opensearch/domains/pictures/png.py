"""PNG files reduced to what is drawn, with all of their sixteen bits.

Source: PNG Specification, Third Edition (W3C), chunks of section 11.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from opensearch.domains.pictures.coded_colours import CodePoints, profile, profile_of
from opensearch.errors import UnreadableFile

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"}
)
_TEXTS: Final = frozenset({b"iCCP", b"zTXt", b"iTXt", b"tEXt"})
# Text tells how a picture is turned, a profile its colours; more of it than this is not read.
_MOST_TEXT: Final = 2**20
_MOST_TEXTS: Final = 2**24
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_COLOURS: Final = frozenset({b"iCCP", b"sRGB", b"cICP"})
_SCREEN, _NEAR, _MOST_POWER = 2.2, 0.05, 10


def bare(data: bytes) -> tuple[bytes, bool]:
    """A PNG file that holds what is drawn, and text and profile where they are of usual size.

    Sixteen-bit grey with alpha is renamed to eight-bit RGBA, which has the same bytes in the
    same order: no decoder at hand gives its low bytes otherwise. The one value that is clear
    becomes what the decoder makes of it.

    Returns:
        The file, and whether it was renamed. Damaged chunks are left for the decoder to refuse,
        but ancillary ones are dropped.

    Raises:
        UnreadableFile: it lacks its palette, in place of which decoders take black.
    """
    parts, at, room, renamed = [SIGNATURE], len(SIGNATURE), _MOST_TEXTS, False
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        at += 12 + length
        if kind == b"IHDR" and chunk[16:18] == bytes((16, _GREY_ALPHA)) and len(chunk) == 25:
            chunk, renamed = _renamed(chunk), True
        if kind == b"tRNS" and is_whole(chunk, length):
            chunk = _clear_as_decoded(chunk, data)
        if kind in _TEXTS:
            # What is too large has been inflated as well, and counts: few such are looked at.
            size = _text_size(chunk) if room > 0 else _MOST_TEXT + 1
            kept = size <= _MOST_TEXT and room >= size and is_whole(chunk, length)
            room -= size
        else:
            # What is not known but critical (a capital first) is for the decoder to refuse.
            kept = kind[:1].isupper() or (kind in _KEPT and is_whole(chunk, length))
        if kept:
            parts.append(chunk)
        if kind == b"IEND":
            break
    else:
        parts.append(data[at:])
    if data[25:26] == bytes((_PALETTE,)) and not any(part[4:8] == b"PLTE" for part in parts):
        raise UnreadableFile("is damaged: it lacks the palette that its pixels name")
    return b"".join(parts), renamed


def gamma(data: bytes) -> float:
    """The power that turns a picture's values (0 to 1) into those of a usual screen; mostly 1.

    Source:
        PNG Specification, sections 4.3 and 13.13: a profile or sRGB counts for more than gAMA. As
        libpng does, powers within a twentieth of 1 are taken for that.
    """
    said = _on_colours(data)
    if said.keys() & _COLOURS or len(said.get(b"gAMA", b"")) != 4:
        return 1.0
    value = int.from_bytes(said[b"gAMA"], "big") / 100_000
    power = 1 / (value * _SCREEN) if value > 0 else 1.0
    return power if abs(1 - power) > _NEAR and power < _MOST_POWER else 1.0


def colours(data: bytes) -> bytes:
    """A profile for what a picture says of its colours without one; empty where it says nothing.

    Source:
        PNG Specification, section 4.3: code points count for more than a profile. Chromaticities
        without gAMA say too little.
    """
    said = _on_colours(data)
    if len(said.get(b"cICP", b"")) == 4:
        return profile_of(CodePoints(*said[b"cICP"][:2]))
    if said.keys() & _COLOURS or not {b"gAMA", b"cHRM"} <= said.keys() or len(said[b"cHRM"]) != 32:
        return b""
    return profile(tuple(value / 100_000 for value in struct.unpack(">8I", said[b"cHRM"])))


def _on_colours(data: bytes) -> dict[bytes, bytes]:
    """The chunks that say what colours mean, by name."""
    at, found = len(SIGNATURE), {}
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        if kind in (*_COLOURS, b"gAMA", b"cHRM") and is_whole(data[at : at + 12 + length], length):
            found[kind] = data[at + 8 : at + 8 + length]
        at += 12 + length
    return found


def is_whole(chunk: bytes, length: int) -> bool:
    """Whether a chunk with a body of `length` bytes is all there, its checksum right."""
    crc = struct.pack(">I", zlib.crc32(chunk[4 : 8 + length]))
    return len(chunk) == 12 + length and chunk[-4:] == crc


def _renamed(header: bytes) -> bytes:
    return _made(header[4:16] + bytes((8, _RGBA)) + header[18:21])


def _made(body: bytes) -> bytes:
    """A chunk made of its kind and content, with length and checksum."""
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _clear_as_decoded(chunk: bytes, data: bytes) -> bytes:
    """A tRNS chunk whose value has eight bits, as the decoder gives those of pixels.

    Colours of sixteen bits keep their high bytes, so that those with the same are clear, too.
    """
    depth, colour = data[24:26] if len(data) > 25 else b"\x08\x03"
    values = struct.unpack(f">{(len(chunk) - 12) // 2}H", chunk[8:-4][: (len(chunk) - 12) // 2 * 2])
    if colour == _GREY and len(values) == 1 and depth <= 8:
        most = 2**depth - 1
        scaled = (values[0] & most) * (255 // most if depth > 1 else 1)
        return _made(b"tRNS" + struct.pack(">H", scaled))
    if colour == _RGB and len(values) == 3:
        seen = (value >> 8 if depth > 8 else value & 255 for value in values)
        return _made(b"tRNS" + struct.pack(">3H", *seen))
    return chunk


def _text_size(chunk: bytes) -> int:
    """Bytes of a text or profile once inflated, as far as it matters; damage counts as huge."""
    kind, body = chunk[4:8], chunk[8:-4]
    end = body.find(b"\0")
    if kind == b"tEXt" or (kind == b"iTXt" and body[end + 1 : end + 2] == b"\0"):
        return len(body)
    start = end + 2
    if kind == b"iTXt":
        for _ in range(2):  # behind the language and the keyword in it
            start = body.find(b"\0", start + 1) + 1
    try:
        inflated = zlib.decompressobj().decompress(body[start:], _MOST_TEXT + 1)
    except zlib.error:
        return _MOST_TEXT + 1
    return len(inflated) if end > 0 and inflated else _MOST_TEXT + 1
