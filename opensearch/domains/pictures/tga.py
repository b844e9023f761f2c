"""Targa pictures whose runs go on from one row to the next, which Pillow refuses.

Source:
    Truevision TGA File Format Specification 2.0: runs end with their row, as those of its first
    version need not.
"""

from __future__ import annotations

import struct

from opensearch.errors import UnreadableFile

_OF_RUNS = 8
_HEADER = 18


def without_runs(data: bytes, most: int) -> bytes | None:
    """The same picture as a file without runs; None where it has none.

    Args:
        data: the file.
        most: pixels; a file of more is left for others to refuse.

    Raises:
        UnreadableFile: cut short.
    """
    if len(data) < _HEADER or not data[2] & _OF_RUNS:
        return None
    name, mapped, entries, bits, width, height, depth = struct.unpack_from("<BB3xHB4xHHB", data, 0)
    pixel, pixels = (depth + 7) // 8, width * height
    if pixels > most:
        return None
    start = _HEADER + name + (entries * ((bits + 7) // 8) if mapped else 0)
    found, at, left = [data[:2], bytes((data[2] & ~_OF_RUNS,)), data[3:start]], start, pixels
    while left > 0 and at < len(data):
        count = min((data[at] & 127) + 1, left)
        repeated = data[at] & 128
        values = data[at + 1 : at + 1 + (pixel if repeated else count * pixel)]
        found.append(values * count if repeated else values)
        at += 1 + len(values)
        left -= count
    whole = b"".join(found)
    if len(whole) < start + pixels * pixel:
        raise UnreadableFile("is cut short")
    return whole
