"""What a store answers: items by id, key, path and digest, codes in blocks, embeddings."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import codec, names, rows, unnamed
from opensearch.store import meta as books
from opensearch.store.blocks import Blocks
from opensearch.store.environment import Environment, Table, Transaction
from opensearch.store.meta import Meta
from opensearch.store.overtaken import repeated
from opensearch.store.postings import Postings
from opensearch.store.protocol import Block, Fields

_PAGE = 1024
"""Items read in one transaction while walking: flat memory, and no long-lived reader."""


class StoredItems:
    """The reading half of a `Store`."""

    def __init__(self, shared: Environment) -> None:
        self._shared: Environment | None = shared
        self._local = threading.local()

    @property
    def in_snapshot(self) -> bool:
        """Whether this thread has a snapshot open."""
        return getattr(self._local, "txn", None) is not None

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Everything this thread reads inside sees one moment, whatever is written meanwhile."""
        if getattr(self._local, "txn", None) is not None:
            yield self
            return
        with self._environment.read() as txn:
            self._local.txn = txn
            try:
                yield self
            finally:
                self._local.txn = None

    @repeated
    def meta(self) -> Meta:
        """The books: counts by domain, last transaction, next id, bits, dim; cheap."""
        with self._read() as txn:
            return books.load(self._environment, txn)

    @repeated
    def readers(self) -> dict[str, int]:
        """Items of files by the version of the reader that read them, "" where unknown; cheap."""
        with self._read() as txn:
            known = {name: count for name, count in self._books(txn).readers.items() if count}
            files = int(txn.stat(self._tables["paths"])["entries"])
        rest = files - sum(known.values())
        return {"": rest, **known} if rest > 0 else known

    @repeated
    def by_key(self, key: str) -> Item | None:
        """The item of this key."""
        with self._read() as txn:
            row = txn.get(names.ordered(key), db=self._tables["keys"]) if key else None
            if row is None:
                implied = unnamed.ids_of(txn, self._tables, self._books(txn), [key])
                return self._item(txn, implied[0]) if implied else None
            item = self._item(txn, int.from_bytes(row, "big"))
        return item if item.key == key else None

    @repeated
    def by_path(self, path: str) -> Item | None:
        """The item read from this path; the oldest of them where several parts were."""
        found = self._linked("paths", path)
        return next((item for item in found if item.path == path), None)

    @repeated
    def by_digest(self, digest: bytes) -> list[Item]:
        """Items whose file had this digest, by id."""
        return [item for item in self._linked("digests", digest) if item.digest == digest]

    @repeated
    def items(self, ids: Iterable[int]) -> list[Item]:
        """Items of these ids, in their order.

        Raises:
            StoreError: an id is not stored (any more).
        """
        with self._read() as txn:
            meta = self._books(txn)
            return rows.items(txn, self._tables, meta, [int(id_) for id_ in ids])

    @repeated
    def thumbnail(self, id_: int) -> bytes | None:
        """The picture file of an item."""
        with self._read() as txn:
            value = txn.get(names.number(int(id_)), db=self._tables["thumbnails"])
            if value is not None and self._books(txn).summed:
                value = codec.unsummed(value, f"the thumbnail of item {id_}")
            return None if value is None else bytes(value)

    @repeated
    def embeddings(
        self, ids: Iterable[int], *, check: bool = False
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings of items, in the order of `ids`.

        Returns:
            Rows (n, dim), zero where there is none, and whether there is one (n,).

        Raises:
            StoreError: bytes are not those that were written; noticed where `check` asks for it,
                which reads every block that holds one of the ids as a whole.
        """
        wanted = np.fromiter(ids, np.int64)
        with self._read() as txn:
            dim = books.load(self._environment, txn).dim
            blocks = Blocks(self._tables["embeddings"], 2 * dim)
            return rows.embeddings(txn, self._tables, blocks, wanted, check=check)

    def walk(self, prefix: str = "") -> Iterator[Item]:
        """Items whose key starts with `prefix`, a page of them of one moment.

        Those with records come first, in order of key, then those without, by domain and id.
        """
        start: bytes | None = names.text_bytes(prefix)[: names.HEAD]
        while start is not None:
            found, items, start = self._page(start)
            for item in rows.in_order(found, items):
                if item.key.startswith(prefix):
                    yield item
                elif item.key > prefix:
                    start = None
                    break
        yield from self._walk_unnamed(prefix)

    @repeated
    def _page(self, start: bytes) -> tuple[list[tuple[bytes, int]], list[Item], bytes | None]:
        with self._read() as txn:
            meta = self._books(txn)
            found, behind = rows.page(txn, self._tables, start, _PAGE)
            items = rows.items(txn, self._tables, meta, [id_ for _, id_ in found])
        return found, items, behind

    def _walk_unnamed(self, prefix: str) -> Iterator[Item]:
        for domain in [name for name, count in self.meta().unnamed.items() if count]:
            for block in self.blocks(domain):
                ids = self._unnamed_among(domain, block.ids)
                items = (Item(id_, unnamed.key_of(domain, id_), domain) for id_ in ids)
                yield from (item for item in items if item.key.startswith(prefix))

    @repeated
    def _unnamed_among(self, domain: str, ids: NDArray[np.int64]) -> list[int]:
        with self._read() as txn:
            number = self._books(txn).number(domain)
            found: list[int] = unnamed.among(txn, self._tables, number, ids).tolist()
            return found

    def blocks(self, domain: str, after: int = -1) -> Iterator[Block]:
        """Codes of a domain in blocks, ids ascending, those above `after` only.

        Tombstoned rows are among them, see `tombstones`.

        Raises:
            StoreError: a block's bytes are not those that were written.
        """
        while (block := self._block(domain, after)) is not None:
            after = int(block.ids[-1])
            yield block

    @repeated
    def _block(self, domain: str, after: int) -> Block | None:
        with self._read() as txn:
            meta = books.load(self._environment, txn)
            if domain not in meta.counts:
                return None
            table = Blocks(self._tables["codes"], meta.bits // 8)
            found = next(table.walk(txn, meta.number(domain), after, check=True), None)
            return None if found is None else Block(found[0].copy(), found[1].copy())

    def live(self, domain: str) -> Iterator[Block]:
        """As `blocks`, of live items only; a block is one moment, all of them in a snapshot."""
        for block in self.blocks(domain):
            keep = np.isin(block.ids, self.tombstones(domain), invert=True)
            if keep.any():
                yield Block(block.ids[keep], block.codes[keep])

    @repeated
    def tombstones(self, domain: str) -> NDArray[np.int64]:
        """Ids that were deleted but still lie in blocks, ascending."""
        with self._read() as txn:
            meta = books.load(self._environment, txn)
            if domain not in meta.counts:
                return np.zeros(0, np.int64)
            name = names.domain(meta.number(domain))
            return rows.duplicates(txn, self._tables["tombstones"], name)

    @repeated
    def ids(self, domain: str) -> NDArray[np.int64]:
        """Ids of the live items of a domain, ascending."""
        with self._read() as txn:
            meta = books.load(self._environment, txn)
            if domain not in meta.counts:
                return np.zeros(0, np.int64)
            table = Blocks(self._tables["codes"], meta.bits // 8)
            parts = [ids.copy() for ids, _ in table.walk(txn, meta.number(domain))]
            ids = np.concatenate(parts) if parts else np.zeros(0, np.int64)
            return ids[np.isin(ids, self.tombstones(domain), invert=True)]

    @contextmanager
    def fields(self) -> Iterator[Fields | None]:
        """Posting lists of one moment; `None` for a store of a format that had none."""
        with self.snapshot(), self._read() as txn:
            kept = books.load(self._environment, txn).posted
            yield Postings(txn, self._tables["postings"]) if kept else None

    def _linked(self, table: str, value: str | bytes) -> list[Item]:
        """Items entered under a path or digest, by id; a hash may bring in strangers."""
        if not value:
            return []
        with self._read() as txn:
            return [
                self._item(txn, row)
                for row in rows.duplicates(txn, self._tables[table], names.hashed(value)).tolist()
            ]

    def _item(self, txn: Transaction, id_: int) -> Item:
        return rows.item(txn, self._tables, self._books(txn), id_)

    def _books(self, txn: Transaction) -> Meta:
        return books.load(self._environment, txn)

    @contextmanager
    def _read(self) -> Iterator[Transaction]:
        """The snapshot of this thread, or a transaction of its own."""
        held = getattr(self._local, "txn", None)
        if held is not None:
            yield held
            return
        with self._environment.read() as txn:
            yield txn

    @property
    def _environment(self) -> Environment:
        if self._shared is None:
            raise StoreError("this store is closed; open it again.")
        return self._shared

    @property
    def _tables(self) -> dict[str, Table]:
        return self._environment.tables
