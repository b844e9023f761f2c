"""Icons of 32 bits a pixel whose opacity was left out, as programs before Windows XP did.

Source:
    Microsoft, icon resources (NEWHEADER, ICONDIRENTRY): below the pixels lies a mask of one bit
    each, which counts where no pixel has opacity.
"""

from __future__ import annotations

import struct
from typing import Final

_SIGNATURE: Final = b"\0\0\1\0"
_ENTRY, _BITS_AT = 16, 6
_BITS, _PLAIN = 32, 24
_HEADER: Final = struct.Struct("<IiiHH")


def masked(data: bytes) -> bytes:
    """The file, its pictures without any opacity listed as of 24 bits: decoders take their mask.

    The pixels stay as they are: their own header, not the list of pictures, says how they lie.
    """
    if not data.startswith(_SIGNATURE):
        return data
    made, left = bytearray(data), len(data)
    listed = int.from_bytes(data[4:6], "little")
    for at in range(6, min(6 + listed * _ENTRY, len(data) - _ENTRY + 1), _ENTRY):
        bits, size, start = struct.unpack_from("<HII", data, at + _BITS_AT)
        left -= size
        if left < 0:  # pictures that lie over one another are not looked at again and again
            break
        if bits == _BITS and _is_clear(data[start : start + size]):
            struct.pack_into("<H", made, at + _BITS_AT, _PLAIN)
    return bytes(made)


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
