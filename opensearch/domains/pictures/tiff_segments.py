"""Samples of TIFF pages in strips or tiles that tifffile leaves to a package we do not need.

That is LZW and Zstandard, which libtiff unpacks for us by way of Pillow, as bytes, the predictor
of floats, and samples of an odd number of bits. Of packed floats Pillow takes the bytes in the
wrong order.

Source:
    TIFF 6.0 (Adobe, 1992), sections 13 to 15; Adobe Photoshop TIFF Technical Note 3 (2005).
"""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from opensearch.errors import UnreadableFile

_PLAIN, _LZW, _DEFLATE, _PACKBITS = 1, 5, 8, 32773
_OLD_DEFLATE, _LZMA, _ZSTD = 32946, 34925, 50000
_BY_LIBTIFF: Final = (_LZW, _ZSTD)
_PACKINGS: Final = (_PLAIN, *_BY_LIBTIFF, _DEFLATE, _OLD_DEFLATE, _LZMA, _PACKBITS)
_PREDICTORS = _NO_PREDICTOR, _DIFFERENCES, _FLOATS = 1, 2, 3
_WHOLE: Final = (8, 16, 32, 64)
_MOST_BITS: Final = 32
_SEPARATE = 2
_SHORT, _LONG = 3, 4


def is_ours(page: Any) -> bool:
    """Whether tifffile needs more than itself to read a page, and this module does not."""
    if page.fillorder != 1 or page.dtype is None:
        return False
    if page.bitspersample not in _WHOLE:
        plain = page.compression in _PACKINGS and page.sampleformat == 1
        odd = page.bitspersample % 8 and page.bitspersample < _MOST_BITS
        return bool(plain and odd and page.predictor == _NO_PREDICTOR)
    wanted = page.compression in _BY_LIBTIFF or page.predictor == _FLOATS
    known = page.compression in _PACKINGS and page.predictor in _PREDICTORS
    return bool(wanted and known)


def samples(page: Any, data: bytes) -> NDArray[Any]:
    """All samples of a page, shape (h, w, samples).

    Raises:
        UnreadableFile: a strip or a tile lies beyond the end of the file.
    """
    high, wide = page.imagelength, page.imagewidth
    tall = page.tilelength if page.is_tiled else min(page.rowsperstrip, high)
    across = page.tilewidth if page.is_tiled else wide
    planes = page.samplesperpixel if page.planarconfig == _SEPARATE else 1
    depth = page.samplesperpixel // planes
    bits = page.bitspersample
    kind = np.dtype(page.parent.byteorder + page.dtype.char) if bits in _WHOLE else np.dtype("u4")
    found = np.zeros((planes, high, wide, depth), kind.newbyteorder("="))
    places = [
        (plane, top, left)
        for plane in range(planes)
        for top in range(0, high, tall)
        for left in range(0, wide, across)
    ]
    if len(places) > len(page.dataoffsets):
        raise UnreadableFile(f"is damaged: it has {len(page.dataoffsets)} of {len(places)} parts")
    for (plane, top, left), start, length in zip(
        places, page.dataoffsets, page.databytecounts, strict=False
    ):
        if length == 0:
            continue  # left out, as sparse files do
        if start + length > len(data):
            raise UnreadableFile("is cut short: a part of it lies beyond its end")
        rows = tall if page.is_tiled else min(tall, high - top)
        packed = data[start : start + length]
        raw = _unpacked(packed, page.compression, (across * depth * bits + 7) // 8, rows)
        if bits in _WHOLE:
            part = _values(raw, (rows, across, depth), kind, page.predictor)
        else:
            part = _odd_values(raw, (rows, across, depth), bits)
        found[plane, top : top + rows, left : left + across] = part[: high - top, : wide - left]
    values = np.moveaxis(found, 0, 2).reshape(high, wide, -1)
    # Fewer bits than eight have a scale of their own.
    return values if bits >= 8 else (values * (255 / (2**bits - 1))).round().astype(np.uint8)


def _unpacked(packed: bytes, compression: int, width: int, rows: int) -> NDArray[np.uint8]:
    """The bytes of a strip or a tile, shape (rows, width)."""
    if compression == _PLAIN:
        raw = packed
    elif compression in (*_BY_LIBTIFF, _PACKBITS):
        raw = _by_libtiff(packed, compression, width, rows)
    elif compression == _LZMA:
        raw = lzma.LZMADecompressor().decompress(packed, rows * width)
    else:
        raw = zlib.decompressobj().decompress(packed, rows * width)
    if len(raw) < rows * width:
        raise UnreadableFile("is cut short or damaged: a part of it ends early")
    return np.frombuffer(raw, np.uint8, rows * width).reshape(rows, width)


def _by_libtiff(packed: bytes, compression: int, width: int, rows: int) -> bytes:
    """The bytes of a strip or a tile, given to libtiff as a picture of bytes of its own."""
    tags = [(256, _LONG, width), (257, _LONG, rows), (258, _SHORT, 8), (259, _LONG, compression)]
    tags += [(262, _SHORT, 1), (273, _LONG, 0), (277, _SHORT, 1), (278, _LONG, rows)]
    tags += [(279, _LONG, len(packed))]
    start = 8 + 2 + 12 * len(tags) + 4
    directory = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    for tag, kind, value in tags:
        directory += struct.pack("<HHII", tag, kind, 1, start if tag == 273 else value)
    whole = directory + bytes(4) + packed
    # The limit of Pillow's own opening counts pixels, which here are bytes.
    return TiffImagePlugin.TiffImageFile(io.BytesIO(whole)).tobytes()


def _odd_values(
    raw: NDArray[np.uint8], shape: tuple[int, int, int], bits: int
) -> NDArray[np.uint32]:
    """Samples of an odd number of bits, the highest first, shape (rows, columns, samples)."""
    rows, columns, depth = shape
    single = np.unpackbits(raw, axis=1, count=columns * depth * bits).reshape(rows, -1, bits)
    values = np.zeros(single.shape[:2], np.uint32)
    for place in range(bits):
        values = values << 1 | single[..., place]
    return values.reshape(shape)


def _values(
    raw: NDArray[np.uint8], shape: tuple[int, int, int], kind: np.dtype[Any], predictor: int
) -> NDArray[Any]:
    """Samples of bytes, shape (rows, columns, samples)."""
    rows, columns, depth = shape
    if predictor == _FLOATS:
        # Differences of bytes, all highest bytes of a row before all lower ones.
        sums = np.add.accumulate(raw.reshape(rows, -1, depth), axis=1, dtype=np.uint8)
        parts = sums.reshape(rows, kind.itemsize, columns * depth).swapaxes(1, 2)
        return np.ascontiguousarray(parts).view(kind.newbyteorder(">")).reshape(shape)
    values = raw.reshape(-1).view(kind).reshape(shape)
    if predictor == _DIFFERENCES:
        whole = values.view(f"{kind.byteorder}u{kind.itemsize}")
        native = whole.dtype.newbyteorder("=")
        return np.add.accumulate(whole, axis=1, dtype=native).view(kind.newbyteorder("="))
    return values
