"""What one write transaction does to the tables: put, update, remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import codec, implied_keys, lmdb_keys, postings
from opensearch.store.blocks import Blocks
from opensearch.store.meta import Meta
from opensearch.store.reader import Reader
from opensearch.store.tables import Table, Transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """Items to put, already checked: one row of each array an item.

    `embeddings`, `thumbnails` and `imprints` may be absent; no key comes twice.
    """

    items: Sequence[Item]
    codes: NDArray[np.uint8]
    embeddings: NDArray[np.float16] | None
    thumbnails: Sequence[bytes] | None
    imprints: Sequence[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """One write transaction over the tables; it keeps the books in `meta`."""

    txn: Transaction
    tables: dict[str, Table]
    meta: Meta
    codes: Blocks
    embeddings: Blocks

    @classmethod
    def of(cls, txn: Transaction, tables: dict[str, Table], meta: Meta) -> Self:
        """A writer whose blocks are as wide as the books say."""
        codes = Blocks(tables["codes"], meta.bits // 8, meta.posted)
        vectors = Blocks(tables["embeddings"], 2 * meta.dim, meta.posted)
        return cls(txn, tables, meta, codes, vectors)

    def new_ids(self, first: int, count: int, given: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Ids from `first` on, or those given, which no other item ever has from now on.

        Raises:
            InvalidInput: those given do not ascend from the next id on.
        """
        ids = np.arange(first, first + count, dtype=np.int64) if given is None else given
        if count and (int(ids[0]) < self.meta.next_id or not bool((np.diff(ids) > 0).all())):
            raise InvalidInput(f"ids must ascend from {self.meta.next_id} on, which is the next")
        self.meta.next_id = int(ids[-1]) + 1 if count else self.meta.next_id
        return ids

    def put(self, batch: Batch, given: NDArray[np.int64] | None = None) -> list[int]:
        """Store items under new ids, retiring those that had their keys."""
        keys = [lmdb_keys.ordered(item.key) for item in batch.items]
        self.retire(self.ids_of(keys, [item.key for item in batch.items]))
        ids = self.new_ids(self.meta.next_id, len(keys), given)
        rows = [lmdb_keys.number(id_) for id_ in ids.tolist()]
        self._put_rows(batch, ids)
        self._put_records(batch, keys, rows)
        for item, row in zip(batch.items, rows, strict=True):
            self._link(item, row)
            self._tally(item, 1)
        self._put_thumbnails(rows, batch.thumbnails or ())
        self._put_imprints(rows, batch.imprints or ())
        numbers: list[int] = ids.tolist()
        return numbers

    def put_imprints(self, ids: Sequence[int], imprints: Sequence[bytes]) -> None:
        """Keep imprints of those items that are stored."""
        rows = [lmdb_keys.number(int(id_)) for id_ in ids]
        stored = [self.txn.get(row, db=self.tables["items"]) is not None for row in rows]
        kept = [row for row, there in zip(rows, stored, strict=True) if there]
        self._put_imprints(
            kept, [each for each, there in zip(imprints, stored, strict=True) if there]
        )

    def _put_imprints(self, rows: list[bytes], imprints: Sequence[bytes]) -> None:
        pairs = zip(rows, imprints, strict=False)
        self.putmulti("imprints", [(row, codec.with_checksum(each)) for row, each in pairs if each])

    def _put_thumbnails(self, rows: list[bytes], thumbnails: Sequence[bytes]) -> None:
        pairs = [pair for pair in zip(rows, thumbnails, strict=False) if pair[1]]
        if self.meta.summed:
            pairs = [(row, codec.with_checksum(bytes(picture))) for row, picture in pairs]
        self.putmulti("thumbnails", pairs)

    def _put_rows(self, batch: Batch, ids: NDArray[np.int64]) -> None:
        numbers = {name: self.meta.number(name) for name in _in_order(batch.items)}
        owners = np.array([numbers[item.domain] for item in batch.items])
        for name, number in numbers.items():
            mine = np.flatnonzero(owners == number)
            self.codes.append(self.txn, number, ids[mine], batch.codes[mine])
            self.meta.counts[name] += len(mine)
            if batch.embeddings is not None:
                halves = batch.embeddings[mine].view(np.uint8)
                self.embeddings.append(self.txn, number, ids[mine], halves)
                self.meta.embedded[name] += len(mine)

    def _put_records(self, batch: Batch, keys: list[bytes], rows: list[bytes]) -> None:
        embedded = batch.embeddings is not None
        headers = {
            name: codec.HEADER.pack(self.meta.number(name), embedded)
            for name in _in_order(batch.items)
        }
        of_items = (headers[item.domain] for item in batch.items)
        records = codec.pack_items(batch.items, of_items, sums=self.meta.summed)
        self.putmulti("items", zip(rows, records, strict=True), append=True)
        # In order of key, neighbours share pages: fewer pages to write.
        self.putmulti("keys", sorted(zip(keys, rows, strict=True)))

    def putmulti(
        self, table: str, pairs: Iterable[tuple[bytes, bytes]], *, append: bool = False
    ) -> None:
        """Put rows; `append` when their names are above all that the table holds."""
        self.txn.cursor(self.tables[table]).putmulti(pairs, append=append)

    def _tally(self, item: Item, by: int) -> None:
        """Count an item under the version of its reader; older formats do not keep it."""
        if item.reader and self.meta.summed:
            self.meta.readers[item.reader] = self.meta.readers.get(item.reader, 0) + by

    def _link(self, item: Item, row: bytes) -> None:
        """Enter an item under its path, its digest and its fields; ready codes have fewer."""
        if item.path:
            self.txn.put(lmdb_keys.hashed(item.path), row, db=self.tables["paths"])
        if item.digest:
            self.txn.put(lmdb_keys.hashed(item.digest), row, db=self.tables["digests"])
        if self.meta.posted:
            for name in postings.row_names(item.category, item.metadata):
                self.txn.put(name, row, db=self.tables["postings"])

    def _unlink(self, item: Item, row: bytes) -> None:
        if item.path:
            self.txn.delete(lmdb_keys.hashed(item.path), row, db=self.tables["paths"])
        if item.digest:
            self.txn.delete(lmdb_keys.hashed(item.digest), row, db=self.tables["digests"])
        if self.meta.posted:
            for name in postings.row_names(item.category, item.metadata):
                self.txn.delete(name, row, db=self.tables["postings"])

    def ids_of(self, raws: Sequence[bytes], keys: Sequence[str]) -> list[int]:
        """Ids of those keys that are stored.

        Raises:
            StoreError: another key has the same name on disk (a blake2b collision).
        """
        held = self.txn.cursor(self.tables["keys"]).getmulti(raws)
        wanted = dict(zip(raws, keys, strict=True)) if held else {}
        ids = implied_keys.ids_of(self.txn, self.tables, self.meta, keys)
        for raw, row in held:
            ids.append(int.from_bytes(row, "big"))
            stored = self.item(ids[-1]).key
            if stored != wanted[bytes(raw)]:
                raise StoreError(
                    f"the keys {stored!r} and {wanted[bytes(raw)]!r} cannot both be stored:"
                    " their hashes collide; rename one of them."
                )
        return ids

    def item(self, id_: int) -> Item:
        """A live item, or a `StoreError`."""
        return Reader(self.txn, self.tables, self.meta).item(id_)

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the items of these keys; how many there were."""
        by_raw = {lmdb_keys.ordered(key): key for key in keys}
        ids = self.ids_of(list(by_raw), list(by_raw.values()))
        for raw in by_raw:
            self.txn.delete(raw, db=self.tables["keys"])
        self.retire(ids)
        return len(ids)

    def retire(self, ids: Iterable[int]) -> None:
        """Drop the records of items and leave a tombstone for their rows.

        Their keys are left to the caller, who gives them away or deletes them.
        """
        for id_ in ids:
            row = lmdb_keys.number(id_)
            item = self.item(id_)
            record = self.txn.pop(row, db=self.tables["items"])
            if record is None:
                number, embedded = self.meta.number(item.domain), False
                self.meta.unnamed[item.domain] -= 1
            else:
                number, embedded = codec.HEADER.unpack_from(record)
            self._unlink(item, row)
            self._tally(item, -1)
            self.txn.delete(row, db=self.tables["thumbnails"])
            self.txn.delete(row, db=self.tables["imprints"])
            self.txn.put(lmdb_keys.domain(number), row, db=self.tables["tombstones"])
            self.meta.counts[item.domain] -= 1
            self.meta.embedded[item.domain] -= embedded
            self.meta.tombstones[item.domain] += 1

    def update(self, items: Sequence[Item]) -> None:
        """Write new records for ids that stay; keys may be swapped among them."""
        held = [self.item(item.id) for item in items]
        for item in items:
            if self.txn.get(lmdb_keys.number(item.id), db=self.tables["items"]) is None:
                raise StoreError(f"item {item.id} has no record to update; add it with a key.")
        new = [codec.checked(item, old.domain) for item, old in zip(items, held, strict=True)]
        table = self.tables
        for old in held:
            self.txn.delete(lmdb_keys.ordered(old.key), db=table["keys"])
            self._unlink(old, lmdb_keys.number(old.id))
            self._tally(old, -1)
        for item in new:
            row = lmdb_keys.number(item.id)
            if not self.txn.put(
                lmdb_keys.ordered(item.key), row, overwrite=False, db=table["keys"]
            ):
                raise InvalidInput(
                    f"item {item.id} cannot take the key {item.key!r}: another item has it;"
                    " remove that one first."
                )
            header = bytes(self.txn.get(row, db=table["items"])[: codec.HEADER.size])
            record = codec.pack_items([item], [header], sums=self.meta.summed)[0]
            self.txn.put(row, record, db=table["items"])
            self._link(item, row)
            self._tally(item, 1)


def _in_order(items: Iterable[Item]) -> list[str]:
    """Domains by first appearance, so that their numbers depend on the items alone."""
    return list(dict.fromkeys(item.domain for item in items))
