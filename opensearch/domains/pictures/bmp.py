"""BMP pictures divided into bits in ways that Pillow does not know, and arrays of pictures (OS/2).

Source:
    Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER structures (wingdi.h): compression 3 has masks
    of red, green and blue, 6 of opacity as well. IBM, OS/2 Presentation Manager Programming
    Reference, BITMAPARRAYFILEHEADER: offsets count from the beginning of the file.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_BITFIELDS, _WITH_OPACITY = 3, 6
_LEAST_HEADER, _MASKS_AT = 40, 54
_ARRAY, _ARRAY_HEADER, _START_AT = b"BA", 14, 10
_USUAL: Final = frozenset(
    {
        (32, 0xFF0000, 0xFF00, 0xFF),
        (32, 0xFF000000, 0xFF0000, 0xFF00),
        (32, 0xFF000000, 0xFF00, 0xFF),
        (32, 0xFF, 0xFF00, 0xFF0000),
        (24, 0xFF0000, 0xFF00, 0xFF),
        (16, 0xF800, 0x7E0, 0x1F),
        (16, 0x7C00, 0x3E0, 0x1F),
    }
)
"""Bits of a pixel, and masks, that Pillow knows."""


def is_odd_bmp(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a BMP of other masks than the usual ones."""
    if head[:2] != b"BM" or len(head) < _MASKS_AT + 16:
        return False
    size, bits, kind = struct.unpack_from("<I10xHI", head, 14)
    if size < _LEAST_HEADER or kind not in (_BITFIELDS, _WITH_OPACITY) or bits not in (16, 32):
        return False
    *colours, opacity = _masks(head)
    usual = (bits, *colours) in _USUAL and not (bits == 16 and opacity)
    return kind == _WITH_OPACITY or not usual


def alone(data: bytes) -> bytes:
    """The first picture of an array, as OS/2 keeps one for each screen; other files as they are."""
    if data[:2] != _ARRAY or data[_ARRAY_HEADER : _ARRAY_HEADER + 2] != b"BM":
        return data
    picture = bytearray(data[_ARRAY_HEADER:])
    start = int.from_bytes(picture[_START_AT : _START_AT + 4], "little")
    picture[_START_AT : _START_AT + 4] = max(start - _ARRAY_HEADER, 0).to_bytes(4, "little")
    return bytes(picture)


def open_odd_bmp(path: Path, limits: Limits) -> Image.Image:
    """The picture, with opacity where it has any.

    Raises:
        UnreadableFile: cut short, or without pixels.
        OverLimit: over `limits.pixels`.
    """
    data = path.read_bytes()
    start, _, width, height, bits = struct.unpack_from("<IIii2xH", data, 10)
    pixels = width * abs(height)
    if width <= 0 or height == 0:
        raise UnreadableFile("has no pixels")
    if pixels > limits.pixels:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {limits.pixels:,}")
    row = (width * bits + 31) // 32 * 4
    if len(data) < start + row * abs(height):
        raise UnreadableFile(f"is cut short: {width} x {abs(height)} pixels do not fit in")
    rows = np.frombuffer(data, np.uint8, row * abs(height), start).reshape(abs(height), row)
    values = rows[:, : width * bits // 8].copy().view("<u2" if bits == 16 else "<u4")
    if height > 0:  # from the bottom up
        values = values[::-1]
    masks = [mask for at, mask in enumerate(_masks(data)) if mask or at < 3]
    return Image.fromarray(np.dstack([_levels(values, mask) for mask in masks]))


def _masks(data: bytes) -> tuple[int, ...]:
    """The masks of red, green, blue and opacity; 0 for that of what there is none."""
    size, kind = struct.unpack_from("<I12xI", data, 14)
    masks = struct.unpack_from("<4I", data, _MASKS_AT)
    # Behind the three of a short header are pixels, or a table of colours.
    has_opacity = kind == _WITH_OPACITY or size >= _LEAST_HEADER + 16
    return masks if has_opacity else (*masks[:3], 0)


def _levels(values: NDArray[np.unsignedinteger], mask: int) -> NDArray[np.uint8]:
    """What stands under a mask, 0 to 255; nothing where no bit does."""
    if mask == 0:
        return np.zeros(values.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    parts = ((values & np.uint32(mask)) >> np.uint32(shift)).astype(np.float64)
    return np.rint(parts * (255 / most)).astype(np.uint8)
