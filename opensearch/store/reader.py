"""One read transaction over the tables: items by id, key, path and digest, codes, embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import codec, implied_keys, lmdb_keys
from opensearch.store import meta as books
from opensearch.store.blocks import Blocks, Ids
from opensearch.store.environment import Environment
from opensearch.store.meta import Meta
from opensearch.store.rows import Block
from opensearch.store.tables import Table, Transaction


@dataclass(frozen=True, slots=True)
class Reader:
    """What one transaction sees; nothing it returns needs the transaction to stay open."""

    txn: Transaction
    tables: dict[str, Table]
    meta: Meta

    @classmethod
    def of(cls, txn: Transaction, environment: Environment) -> Self:
        """A reader with the books as the transaction sees them."""
        return cls(txn, environment.tables, books.load(environment, txn))

    @property
    def codes(self) -> Blocks:
        """Blocks of hash codes."""
        return Blocks(self.tables["codes"], self.meta.bits // 8)

    def by_key(self, key: str) -> Item | None:
        """The item of this key."""
        row = self.txn.get(lmdb_keys.ordered(key), db=self.tables["keys"]) if key else None
        if row is None:
            implied = implied_keys.ids_of(self.txn, self.tables, self.meta, [key])
            return self.item(implied[0]) if implied else None
        item = self.item(int.from_bytes(row, "big"))
        return item if item.key == key else None

    def linked(self, table: str, value: str | bytes) -> list[Item]:
        """Items entered under a path or digest, by id; others may have a value of equal hash."""
        if not value:
            return []
        ids = lmdb_keys.ids_under(self.txn, self.tables[table], lmdb_keys.hashed(value))
        return self.items(ids.tolist())

    def items(self, ids: Sequence[int]) -> list[Item]:
        """Live items, in the order of `ids`.

        Raises:
            StoreError: no live item has one of these ids.
        """
        txn, table = self.txn, self.tables["items"]
        records = {id_: txn.get(lmdb_keys.number(id_), db=table) for id_ in ids if id_ >= 0}
        found = {
            id_: codec.unpack_item(id_, record, self.meta.domains)
            for id_, record in records.items()
            if record is not None
        }
        if missing := records.keys() - found.keys():
            found |= implied_keys.find(txn, self.tables, self.meta, missing)
        for id_ in ids:
            if id_ not in found:
                raise StoreError(f"no item has the id {id_}; it was removed or replaced.")
        return [found[id_] for id_ in ids]

    def item(self, id_: int) -> Item:
        """A live item; raises as `items`."""
        return self.items([id_])[0]

    def thumbnail(self, id_: int) -> bytes | None:
        """The picture file of an item."""
        value = self.txn.get(lmdb_keys.number(id_), db=self.tables["thumbnails"])
        if value is not None and self.meta.summed:
            value = codec.without_checksum(value, f"the thumbnail of item {id_}")
        return None if value is None else bytes(value)

    def imprints(self, ids: Sequence[int]) -> list[bytes]:
        """Imprints of live items, in the order of `ids`, empty where there is none."""
        table = self.tables.get("imprints")
        if table is None:
            return [b""] * len(ids)
        found = []
        for id_ in ids:
            value = self.txn.get(lmdb_keys.number(id_), db=table) if id_ >= 0 else None
            what = f"the imprint of item {id_}"
            found.append(b"" if value is None else bytes(codec.without_checksum(value, what)))
        return found

    def readers(self) -> dict[str, int]:
        """Items of files by the version of the reader that read them, "" where unknown."""
        known = {name: count for name, count in self.meta.readers.items() if count}
        files = int(self.txn.stat(self.tables["paths"])["entries"])
        rest = files - sum(known.values())
        return {"": rest, **known} if rest > 0 else known

    def embeddings(self, ids: Ids, *, check: bool) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings of live items: rows (n, dim), zero where absent, and presence (n,)."""
        blocks = Blocks(self.tables["embeddings"], 2 * self.meta.dim)
        rows = np.zeros((len(ids), blocks.width), np.uint8)
        present = np.zeros(len(ids), np.bool_)
        domains = np.full(len(ids), -1)
        table = self.tables["items"]
        for at, id_ in enumerate(ids.tolist()):
            record = self.txn.get(lmdb_keys.number(id_), db=table) if id_ >= 0 else None
            if record is not None:
                number, embedded = codec.HEADER.unpack_from(record)
                domains[at] = number if embedded else -1
        for number in np.unique(domains[domains >= 0]).tolist():
            mine = np.flatnonzero(domains == number)
            mine = mine[np.argsort(ids[mine], kind="stable")]
            rows[mine], present[mine] = blocks.find(self.txn, number, ids[mine], check=check)
        return rows.view(np.float16), present

    def page(self, start: bytes, size: int) -> tuple[list[Item], bytes | None]:
        """About `size` items in order of key, and the row name at which the next page starts.

        A page never ends among row names that share their first `HEAD` bytes: those are in order
        of key only once they are sorted together.
        """
        cursor = self.txn.cursor(self.tables["keys"])
        rows: list[tuple[bytes, int]] = []
        behind = None
        found = cursor.set_range(start) if start else cursor.first()
        while found:
            name = bytes(cursor.key())
            if len(rows) >= size and _head(name) != _head(rows[-1][0]):
                behind = name
                break
            rows.append((name, int.from_bytes(cursor.value(), "big")))
            found = cursor.next()
        pairs = zip(rows, self.items([id_ for _, id_ in rows]), strict=True)
        items: list[Item] = []
        for _, group in groupby(pairs, key=lambda pair: _head(pair[0][0])):
            items += sorted((pair[1] for pair in group), key=lambda item: item.key)
        return items, behind

    def keyless(self, domain: str, ids: Ids) -> list[Item]:
        """Those of the ids of a block of a domain that are live items without a record."""
        number = self.meta.number(domain)
        found = implied_keys.among(self.txn, self.tables, number, ids).tolist()
        return [Item(id_, implied_keys.key_of(domain, id_), domain) for id_ in found]

    def block(self, domain: str, after: int) -> Block | None:
        """The next block of a domain that holds ids above `after`, those alone.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        if domain not in self.meta.counts:
            return None
        walk = self.codes.walk(self.txn, self.meta.number(domain), after, check=True)
        found = next(walk, None)
        return None if found is None else Block(found[0].copy(), found[1].copy())

    def tombstones(self, domain: str) -> Ids:
        """Ids that were deleted but still lie in blocks, ascending."""
        if domain not in self.meta.counts:
            return np.zeros(0, np.int64)
        name = lmdb_keys.domain(self.meta.number(domain))
        return lmdb_keys.ids_under(self.txn, self.tables["tombstones"], name)

    def ids(self, domain: str) -> Ids:
        """Ids of the live items of a domain, ascending."""
        if domain not in self.meta.counts:
            return np.zeros(0, np.int64)
        walk = self.codes.walk(self.txn, self.meta.number(domain))
        ids = np.concatenate([np.zeros(0, np.int64), *(part.copy() for part, _ in walk)])
        return ids[np.isin(ids, self.tombstones(domain), invert=True)]


def _head(name: bytes) -> bytes:
    return name[: lmdb_keys.HEAD]
