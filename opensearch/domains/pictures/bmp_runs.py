"""BMP pictures of runs: RLE8 and RLE4 of Windows, RLE24 of OS/2.

Pillow drops rows that hold nothing, refuses pictures that end before their last row, and knows no
RLE24.

Source:
    Microsoft, Bitmap Compression (wingdi.h); IBM, OS/2 Presentation Manager, Bitmap File Format.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_DEPTHS: Final = {1: 8, 2: 4, 4: 24}
"""Bits of a pixel by the number of the compression."""
_OS2: Final = 64
_LEAST_HEADER: Final = 40
_END_OF_ROW, _END, _DELTA = 0, 1, 2


def is_bmp_of_runs(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a BMP of runs; 4 is JPEG where Windows wrote the header."""
    if head[:2] != b"BM" or len(head) < 14 + _LEAST_HEADER:
        return False
    size, bits, kind = struct.unpack_from("<I10xHI", head, 14)
    known = _DEPTHS.get(kind) == bits and (kind != 4 or size == _OS2)
    return bool(known and size >= _LEAST_HEADER)


def open_bmp_of_runs(path: Path, limits: Limits) -> Image.Image:
    """The picture; pixels that no run covers have the first colour of its table, or are black.

    Raises:
        UnreadableFile: cut short, or without pixels.
        OverLimit: over `limits.pixels`.
    """
    data = path.read_bytes()
    start, size, width, height, bits = struct.unpack_from("<IIii2xH", data, 10)
    colours = struct.unpack_from("<I", data, 46)[0] or 1 << bits
    tall = abs(height)
    if width <= 0 or height == 0:
        raise UnreadableFile("has no pixels")
    if width * tall > limits.pixels:
        raise OverLimit(f"has {width * tall:,} pixels, over the limit of {limits.pixels:,}")
    rows = np.frombuffer(_rows(data, start, (width, tall), bits), np.uint8)
    rows = rows.reshape(tall, width, -1)[:: -1 if height > 0 else 1]
    if bits > 8:
        return Image.fromarray(np.ascontiguousarray(rows[..., ::-1]))
    table = data[14 + size : start][: 4 * min(colours, 256)]
    palette = np.zeros((256, 3), np.uint8)
    known = np.frombuffer(table, np.uint8, len(table) // 4 * 4).reshape(-1, 4)
    palette[: len(known)] = known[:, 2::-1]
    return Image.fromarray(palette[rows[..., 0]])


def _rows(data: bytes, at: int, size: tuple[int, int], bits: int) -> bytearray:
    """Bytes of all pixels, in the order of the file."""
    (width, height), depth = size, 3 if bits > 8 else 1
    found = bytearray(width * height * depth)
    x = y = 0
    while y < height and not (y == height - 1 and x >= width and at + 2 > len(data)):
        if at + 2 > len(data):
            raise UnreadableFile(f"is cut short: it ends in row {y + 1:,} of {height:,}")
        count, value = data[at], data[at + 1]
        at += 2
        if count == 0 and value <= _DELTA:
            if value == _END:
                break
            if value == _END_OF_ROW:
                x, y = 0, y + 1
            else:
                x, y = x + data[at], y + data[at + 1]
                at += 2
            continue
        if count:
            pixels, at = _run(data, at, count, bits)
        else:
            count = value
            pixels, at = _literals(data, at, count, bits)
        room = max(0, width - x)
        here = (y * width + x) * depth
        kept = pixels[: room * depth]
        found[here : here + len(kept)] = kept
        x += count
    return found


def _run(data: bytes, at: int, count: int, bits: int) -> tuple[bytes, int]:
    """Pixels of one colour, or of two that take turns, and where the next run begins."""
    value = data[at - 1]
    if bits == 4:
        return (bytes((value >> 4, value & 15)) * (count // 2 + 1))[:count], at
    if bits == 8:
        return bytes((value,)) * count, at
    return data[at - 1 : at + 2] * count, at + 2


def _literals(data: bytes, at: int, count: int, bits: int) -> tuple[bytes, int]:
    """Pixels each by itself, padded to two bytes, and where the next run begins."""
    length = (count * bits + 7) // 8
    pixels = data[at : at + length]
    if bits == 4:
        pixels = bytes(half for byte in pixels for half in (byte >> 4, byte & 15))[:count]
    return pixels, at + length + length % 2
