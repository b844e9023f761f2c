"""Icons: the best picture of a file, cut out by its mask where its opacity was left out.

Of pictures of one size Pillow takes that of the fewest colours. Programs before Windows XP left
out the opacity of 32 bits a pixel.

Source:
    Microsoft, icon resources (NEWHEADER, ICONDIRENTRY): below the pixels lies a mask of one bit
    each, which counts where no pixel has opacity.
"""

from __future__ import annotations

import struct
from typing import Final

_SIGNATURE: Final = b"\0\0\1\0"
_LIST, _ENTRY, _BITS_AT, _SIZE_AT = 6, 16, 6, 8
_BITS, _PLAIN = 32, 24
_KNOWN, _FEW, _FULL = (1, 4, 8, 24), 8, 256
_HEADER: Final = struct.Struct("<IiiHH")
_WHOLE_HEADER: Final = struct.Struct("<IiiHHI12xI4x")


def best(data: bytes) -> bytes:
    """The file with the largest picture alone in its list, of the most bits where there are more.

    A picture without any opacity is listed as of 24 bits: decoders take its mask then. The pixels
    stay as they are: their own header, not the list of pictures, says how they lie.
    """
    if not data.startswith(_SIGNATURE):
        return data
    listed = int.from_bytes(data[4:6], "little")
    ends = range(_LIST + _ENTRY, min(_LIST + listed * _ENTRY, len(data)) + 1, _ENTRY)
    entries = [data[end - _ENTRY : end] for end in ends]
    if not entries:
        return data
    entry = bytearray(max(entries, key=_worth))
    bits, size, start = struct.unpack_from("<HII", entry, _BITS_AT)
    picture = data[start : start + size]
    if bits == _BITS and _is_clear(picture):
        struct.pack_into("<H", entry, _BITS_AT, _PLAIN)
    struct.pack_into("<I", entry, _SIZE_AT, _size(data[start:]) or size)
    return data[:4] + b"\1\0" + entry + data[_LIST + _ENTRY :]


def _worth(entry: bytes) -> tuple[int, int]:
    """What orders entries: pixels, then bits of a pixel, told by its colours where they are not."""
    wide, high, colours = (side or _FULL for side in entry[:3])
    bits = int.from_bytes(entry[_BITS_AT : _BITS_AT + 2], "little")
    return wide * high, bits or (colours - 1).bit_length()


def _size(picture: bytes) -> int | None:
    """Bytes of a plain bitmap with its mask, where the decoder looks for that; None of any other.

    Some programs list another, or put a profile behind it.
    """
    if len(picture) < _WHOLE_HEADER.size:
        return None
    header, width, height, _, bits, packing, used = _WHOLE_HEADER.unpack_from(picture)
    if header < _WHOLE_HEADER.size or packing or bits not in _KNOWN or width <= 0 or height <= 0:
        return None
    palette = 4 * (used or 2**bits) if bits <= _FEW else 0
    rows = [(width * each + 31) // 32 * 4 * (height // 2) for each in (bits, 1)]
    return header + palette + sum(rows) if header + palette + sum(rows) <= len(picture) else None


def _is_clear(picture: bytes) -> bool:
    """Whether it is a bitmap of 32 bits a pixel, all clear, with a mask below it."""
    if len(picture) < _HEADER.size:
        return False
    header, width, height, _, bits = _HEADER.unpack_from(picture)
    end = header + 4 * width * (height // 2)
    mask = (width + 31) // 32 * 4 * (height // 2)
    if bits != _BITS or width <= 0 or height <= 0 or len(picture) < end + mask:
        return False
    return not any(picture[header + 3 : end : 4])
