"""Which pages of an LMDB file are in use, told by plain reads: no map, so nothing can crash.

Source: the structures MDB_meta, MDB_db, MDB_page and MDB_node of LMDB 0.9 on a 64-bit system.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LEAST = 512
"""Bytes of the smallest page there may be."""

_HEADER = 16
_MAGIC = 0xBEEFC0DE
_META = struct.Struct("<IIQQ")
_DB = struct.Struct("<IHHQQQQQ")
_LAST = struct.Struct("<QQ")
_PAGE = struct.Struct("<QHHHH")
_NODE = struct.Struct("<HHHH")
_BRANCH, _LEAF, _OVERFLOW, _FIXED = 0x01, 0x02, 0x04, 0x20
_BIG, _TREE = 0x01, 0x02
_NONE = 2**64 - 1


class NotPagesError(ValueError):
    """Bytes that are no page of LMDB."""


def last_transaction(folder: Path) -> int:
    """The number of the last transaction that was committed to a file.

    Raises:
        NotPagesError: neither of its two meta pages can be read.
    """
    with (folder / "data.mdb").open("rb") as file:
        first = os.pread(file.fileno(), LEAST, 0)
        size = max(_DB.unpack_from(_cut(first, _HEADER + _META.size, _DB.size))[0], LEAST)
        found = []
        for number in (0, 1):
            page = _cut(os.pread(file.fileno(), LEAST, number * size), _HEADER, 256)
            if _META.unpack_from(page)[0] == _MAGIC:
                found.append(_LAST.unpack_from(page, _META.size + 2 * _DB.size)[1])
    if not found:
        raise NotPagesError("no books of any transaction")
    return int(max(found))


def committed(folder: Path) -> int:
    """As `last_transaction`; 0 where it cannot be told."""
    try:
        return last_transaction(folder)
    except (OSError, NotPagesError):
        return 0


def end_of_use(folder: Path, transaction: int) -> int:
    """Bytes up to the end of the last page in use, as a transaction of this number sees the file.

    Raises:
        NotPagesError: the file ends before a page in use, or holds other bytes there.
    """
    with (folder / "data.mdb").open("rb") as file:
        size, roots = _roots(file, transaction)
        last = max((_last_page(file, size, root) for root in roots if root != _NONE), default=1)
    return (last + 1) * size


def _roots(file: BinaryIO, transaction: int) -> tuple[int, list[int]]:
    """Size of a page, and the roots of the two trees that lead to all others."""
    first = os.pread(file.fileno(), 4096, 0)
    size = _DB.unpack_from(_cut(first, _HEADER + _META.size, _DB.size))[0]
    if size < 512 or size & (size - 1):
        raise NotPagesError(f"pages of {size} bytes")
    for number in (0, 1):
        page = _cut(os.pread(file.fileno(), size, number * size), _HEADER, 256)
        at = _META.size + 2 * _DB.size
        if _META.unpack_from(page)[0] == _MAGIC and _LAST.unpack_from(page, at)[1] == transaction:
            return size, [_DB.unpack_from(page, _META.size + n * _DB.size)[-1] for n in (0, 1)]
    raise NotPagesError(f"no books of transaction {transaction}")


def _last_page(file: BinaryIO, size: int, root: int) -> int:
    """The highest page of a tree and of the trees and long values in it."""
    last, waiting = 0, [root]
    while waiting:
        number = waiting.pop()
        page = os.pread(file.fileno(), size, number * size)
        if len(page) < size or _PAGE.unpack_from(page)[0] != number:
            raise NotPagesError(f"page {number} is cut off, or another one")
        last = max(last, number)
        for kind, child in _children(page):
            if kind == _BIG:
                head = _cut(os.pread(file.fileno(), _HEADER, child * size), 0, _HEADER)
                count = struct.unpack_from("<I", head, 12)[0]
                if not os.pread(file.fileno(), 1, (child + count) * size - 1):
                    raise NotPagesError(f"page {child} and those behind it are cut off")
                last = max(last, child + count - 1)
            elif child != _NONE:
                waiting.append(child)
    return last


def _children(page: bytes) -> Iterator[tuple[int, int]]:
    """Pages that a page leads to: of long values (`_BIG`), or roots and branches (`_TREE`)."""
    _, _, flags, lower, _ = _PAGE.unpack_from(page)
    if not flags & (_BRANCH | _LEAF) or flags & _OVERFLOW or not _HEADER <= lower <= len(page):
        raise NotPagesError("a page of another kind")
    if flags & _FIXED:
        return
    for at in struct.unpack_from(f"<{(lower - _HEADER) // 2}H", page, _HEADER):
        low, high, marks, key = _NODE.unpack(_cut(page, at, _NODE.size))
        if flags & _BRANCH:
            yield _TREE, low | high << 16 | marks << 32
        elif marks & _BIG:
            yield _BIG, int.from_bytes(_cut(page, at + _NODE.size + key, 8), "little")
        elif marks & _TREE:
            yield _TREE, _DB.unpack(_cut(page, at + _NODE.size + key, _DB.size))[-1]


def _cut(data: bytes, start: int, count: int) -> bytes:
    if len(data) < start + count:
        raise NotPagesError("the file ends inside a page")
    return data[start : start + count]
