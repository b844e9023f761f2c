"""Rows of fixed width in blocks, ids ascending: how codes and embeddings lie on the disk.

A block's key is its domain's number and its first id, its value the ids, then the rows, and from
format 2 on a crc32 of both, so that `verify` finds bytes that the disk has changed. A block is
verified before it is copied: damage under a fresh checksum would never be found.
Small blocks at a domain's end are merged as they come, each into one at least as large, so a
row moves at most log2(limit) times and few blocks stay small.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.store import lmdb_keys
from opensearch.store.tables import Table, Transaction

BLOCK_ITEMS = 2**16
BLOCK_BYTES = 2**20
"""Largest block: LMDB needs its pages in one piece, and large pieces are hard to find again."""

SUM = 4
"""Bytes of a checksum; a row is longer, so that they are never taken for one."""

Ids = NDArray[np.int64]
Rows = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A table of rows of `width` bytes; with `checksums`, blocks are written with one."""

    table: Table
    width: int
    checksums: bool = False

    @property
    def limit(self) -> int:
        """The most rows of a block."""
        return max(1, min(BLOCK_ITEMS, BLOCK_BYTES // (8 + self.width)))

    def append(self, txn: Transaction, domain: int, ids: Ids, rows: Rows) -> None:
        """Add rows whose ids are above all ids of the domain, merging what is small."""
        pieces = [(ids, rows)]
        total = len(ids)
        cursor = txn.cursor(self.table)
        while self._last(cursor, domain):
            size = len(cursor.value()) // (8 + self.width)
            if size > total or size >= self.limit:
                break
            pieces.insert(0, self._checked(bytes(cursor.value())))
            total += size
            cursor.delete()
        ids = np.concatenate([piece[0] for piece in pieces])
        rows = np.concatenate([piece[1] for piece in pieces])
        for start in range(0, total, self.limit):
            part = slice(start, start + self.limit)
            name = lmdb_keys.domain(domain) + lmdb_keys.number(int(ids[start]))
            value = ids[part].astype("<i8").tobytes() + rows[part].tobytes()
            txn.put(name, value + _sum(value) if self.checksums else value, db=self.table)

    def walk(
        self, txn: Transaction, domain: int, after: int = -1, *, check: bool = False
    ) -> Iterator[tuple[Ids, Rows]]:
        """Blocks of ids above `after`, ascending; views that die with the transaction.

        Raises:
            StoreError: a block is damaged; changed bytes are noticed where `check` asks for it.
        """
        cursor = txn.cursor(self.table)
        found = self._holding(cursor, domain, after + 1)
        while found and bytes(cursor.key()[:2]) == lmdb_keys.domain(domain):
            value = cursor.value()
            ids, rows = self._checked(value) if check else self._split(value)
            start = int(np.searchsorted(ids, after, side="right"))
            if start < len(ids):
                yield ids[start:], rows[start:]
            found = cursor.next()

    def find(
        self, txn: Transaction, domain: int, ids: Ids, *, check: bool = False
    ) -> tuple[Rows, NDArray[np.bool_]]:
        """Rows of ascending ids, zero where there is none, and which were found; see `walk`."""
        rows = np.zeros((len(ids), self.width), np.uint8)
        found = np.zeros(len(ids), np.bool_)
        cursor = txn.cursor(self.table)
        start = 0
        while start < len(ids) and self._holding(cursor, domain, int(ids[start])):
            if bytes(cursor.key()[:2]) != lmdb_keys.domain(domain):
                break
            value = cursor.value()
            block_ids, block_rows = self._checked(value) if check else self._split(value)
            stop = start + int(ids[start:].searchsorted(block_ids[-1], side="right"))
            asked = ids[start:stop]
            at = block_ids.searchsorted(asked)
            hit = block_ids[at] == asked
            rows[start:stop][hit] = block_rows[at[hit]]
            found[start:stop] = hit
            start = max(stop, start + 1)
        return rows, found

    def damaged(self, txn: Transaction, domain: int) -> int:
        """How many blocks of a domain have a checksum that is not that of their bytes."""
        count = 0
        cursor = txn.cursor(self.table)
        found = cursor.set_range(lmdb_keys.domain(domain))
        while found and bytes(cursor.key()[:2]) == lmdb_keys.domain(domain):
            count += not self._sound(cursor.value())
            found = cursor.next()
        return count

    def _sound(self, value: bytes | memoryview) -> bool:
        """Whether a block has the checksum that stands behind it, if one does."""
        summed = len(value) % (8 + self.width) == SUM
        return not summed or bytes(value[-SUM:]) == _sum(value[:-SUM])

    def _checked(self, value: bytes | memoryview) -> tuple[Ids, Rows]:
        if not self._sound(value):
            raise StoreError(
                f"a block of {len(value) // (8 + self.width)} rows is damaged: its bytes are not"
                " those that were written; restore the index from a copy, or build it again"
                " (verify lists what is damaged)."
            )
        return self._split(value)

    def _last(self, cursor: Transaction, domain: int) -> bool:
        """Move to the last block of a domain."""
        there = cursor.prev() if cursor.set_range(lmdb_keys.domain(domain + 1)) else cursor.last()
        return bool(there) and bytes(cursor.key()[:2]) == lmdb_keys.domain(domain)

    def _holding(self, cursor: Transaction, domain: int, id_: int) -> bool:
        """Move to the block that may hold `id_`, or to the first one after it."""
        prefix = lmdb_keys.domain(domain)
        if cursor.set_range(prefix + lmdb_keys.number(id_)):
            if bytes(cursor.key()) == prefix + lmdb_keys.number(id_):
                return True
            there = cursor.prev()
        else:
            there = cursor.last()
        if there and bytes(cursor.key()[:2]) == prefix:
            return True
        return bool(cursor.set_range(prefix + lmdb_keys.number(id_)))

    def _split(self, value: bytes | memoryview) -> tuple[Ids, Rows]:
        count, odd = divmod(len(value), 8 + self.width)
        if odd not in (0, SUM) or not count:
            raise StoreError(
                f"a block of {len(value)} bytes does not hold rows of {self.width} bytes:"
                " the index is damaged; build it again."
            )
        ids = np.frombuffer(value, "<i8", count).astype(np.int64, copy=False)
        rows = np.frombuffer(value, np.uint8, count * self.width, 8 * count)
        return ids, rows.reshape(count, self.width)


def _sum(value: bytes | memoryview) -> bytes:
    return zlib.crc32(value).to_bytes(SUM, "big")
