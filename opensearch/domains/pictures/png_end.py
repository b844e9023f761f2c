"""PNG files whose end is missing or damaged.

Source: PNG Specification, Third Edition (W3C), chunks of section 11, filters of section 9.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from opensearch.domains.pictures.cut_short import END_LOST, LACKING
from opensearch.domains.pictures.png import SIGNATURE, is_whole
from opensearch.errors import UnreadableFile

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_AS_ABOVE: Final = 2
"""The filter of a row that is kept as what differs from the row above it."""


class _Chunk(NamedTuple):
    """A part of a PNG: `whole` if its checksum is right, `cut` if the file ends in it."""

    kind: bytes
    body: bytes
    whole: bool
    cut: bool


def mended(data: bytes, most_pixels: int) -> tuple[bytes, str]:
    """A PNG with its last row in place of the few that are lost at its end.

    Decoders look at no checksum of pixels, and take zeros or noise for more of them.

    Args:
        data: a bare file.
        most_pixels: one that has more is left for others to refuse.

    Returns:
        The file, and what is lost of it, in words; empty where all pixels are there.

    Raises:
        UnreadableFile: cut short or damaged, and more than a fiftieth of its rows is lost.
    """
    chunks = list(_chunks(data))
    pixels = [chunk for chunk in chunks if chunk.kind == b"IDAT"]
    last = pixels[-1] if pixels else None
    if last is None or (all(chunk.whole for chunk in pixels) and chunks[-1].kind == b"IEND"):
        return data, ""
    head = next((chunk.body for chunk in chunks if chunk.kind == b"IHDR"), b"")
    width, height, depth, colour, _, _, laced = struct.unpack(
        ">IIBBBBB", head[:13].rjust(13, b"\0")
    )
    if not 0 < width * height <= most_pixels or colour not in _CHANNELS:
        return data, ""
    row = 1 + -(-width * depth * _CHANNELS[colour] // 8)
    # Rows of an interlaced picture are shorter, and more.
    whole, ended = _inflated([chunk.body for chunk in pixels], 2 * row * height + 2**16)
    if ended:  # by its own checksum: only those of chunks are wrong, or the last is missing
        return data, ""
    first = next((at for at, chunk in enumerate(pixels) if not chunk.whole), len(pixels))
    cut = first == len(pixels) or pixels[first].cut
    sound = whole if cut else _inflated([each.body for each in pixels[:first]], row * height)[0]
    count = min(len(sound) // row, height)
    if laced or count < height * (1 - LACKING):
        raise UnreadableFile(
            "is cut short" if cut else "is damaged: the checksum of its pixels is wrong"
        )
    rows = sound[: count * row] + bytes((_AS_ABOVE, *bytes(row - 1))) * (height - count)
    parts = [_made(*chunk[:2]) for chunk in chunks[: chunks.index(pixels[0])]]
    parts += [_made(b"IDAT", zlib.compress(rows, 1)), _made(b"IEND", b"")]
    return b"".join([SIGNATURE, *parts]), "" if count == height else END_LOST


def _chunks(data: bytes) -> Iterator[_Chunk]:
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        cut = len(chunk) < 12 + length
        yield _Chunk(kind, chunk[8 : 8 + length], is_whole(chunk, length), cut)
        at += 12 + length


def _made(kind: bytes, body: bytes) -> bytes:
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))


def _inflated(bodies: list[bytes], most: int) -> tuple[bytes, bool]:
    """As much as can be inflated of a stream in parts, and whether its end was met."""
    stream, found, room = zlib.decompressobj(), [], most
    try:
        for body in bodies:
            while body and room > 0:
                found.append(stream.decompress(body, room))
                room -= len(found[-1])
                body = stream.unconsumed_tail
    except zlib.error:
        pass
    return b"".join(found), stream.eof
