"""What a store in Milvus shows: items, codes and what belongs to them, by every way to them.

Milvus keeps no old versions of rows, so a snapshot lacks what is removed meanwhile.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.milvus.books import Shelf
from opensearch.milvus.connection import Connection
from opensearch.milvus.fields import MilvusFields
from opensearch.milvus.rows import among, hashed, item_of, joined
from opensearch.milvus.state import RECORDS, State
from opensearch.milvus.writing import picture_of
from opensearch.records import Item
from opensearch.store import Block, Fields, Meta

Ids = NDArray[np.int64]


class Reading:
    """The half of a `Store` that writes nothing, over one connection; see there."""

    def __init__(self, link: Connection) -> None:
        self.link = link
        self._shelf = Shelf(link)
        self._local = threading.local()
        self._ids: dict[str, tuple[int, Ids]] = {}
        self._closed = False
        self._identity = ""

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """What this thread reads inside has the books of one state.

        Rows that are added meanwhile are not seen; those removed meanwhile are gone.
        """
        if getattr(self._local, "state", None) is not None:
            yield self
            return
        self._local.state = self._read()
        try:
            yield self
        finally:
            self._local.state = None

    @property
    def state(self) -> State:
        """The rows of this thread's snapshot, else of now."""
        held: State | None = getattr(self._local, "state", None)
        return held or self._read()

    def _read(self, *, strong: bool = False) -> State:
        """The rows of now.

        Raises:
            StoreError: another index lies there by now.
        """
        if self._closed:
            raise StoreError("this store is closed; open it again.")
        books = self._shelf.books(strong=strong)
        if books.meta.identity != self._identity:
            raise StoreError(
                f"the index at {self.link.address} was replaced by another while it was open;"
                " nothing was written to it. Close this one and open the index again."
            )
        return State(self.link, books, self._shelf.going(books))

    def meta(self) -> Meta:
        """The books, by one row."""
        return self.state.meta

    def readers(self) -> dict[str, int]:
        """Items of files by the version of the reader that read them."""
        books = self.state.books
        known = {name: count for name, count in books.meta.readers.items() if count}
        rest = books.files - sum(known.values())
        return {"": rest, **known} if rest > 0 else known

    def by_key(self, key: str) -> Item | None:
        """The item of this key."""
        return self.by_keys([key]).get(key)

    def by_keys(self, keys: Sequence[str]) -> dict[str, Item]:
        """Items of those keys that are stored."""
        wanted = [key for key in keys if key]
        return self.state.by_keys(wanted) if wanted else {}

    def by_path(self, path: str) -> Item | None:
        """The item read from this path."""
        if not path:
            return None
        found = self.state.items_where(among("path_hash", [hashed(path)]))
        return next((item for item in found if item.path == path), None)

    def by_digest(self, digest: bytes) -> list[Item]:
        """Items whose file had this digest, by id."""
        if not digest:
            return []
        found = self.state.items_where(among("digest_hash", [hashed(digest)]))
        return [item for item in found if item.digest == digest]

    def items(self, ids: Iterable[int]) -> list[Item]:
        """Items of these ids, in their order."""
        wanted = [int(id_) for id_ in ids]
        found = self.state.found(wanted) if wanted else {}
        for id_ in wanted:
            if id_ not in found:
                raise StoreError(f"no item has the id {id_}; it was removed or replaced.")
        return [found[id_] for id_ in wanted]

    def thumbnail(self, id_: int) -> bytes | None:
        """The picture file of an item."""
        found = self.state.parts([int(id_)], ["thumbnail"]).get(int(id_))
        return (picture_of(found, "thumbnail") or None) if found else None

    def thumbnails(self, ids: Sequence[int]) -> list[bytes]:
        """The picture files of items, empty where there is none."""
        found = self.state.parts(ids, ["thumbnail"])
        return [picture_of(found[id_], "thumbnail") if id_ in found else b"" for id_ in ids]

    def imprints(self, ids: Iterable[int]) -> list[bytes]:
        """Imprints of items, empty where there is none."""
        wanted = [int(id_) for id_ in ids]
        found = self.state.parts(wanted, ["imprint"])
        return [picture_of(found[id_], "imprint") if id_ in found else b"" for id_ in wanted]

    def embeddings(
        self, ids: Iterable[int], *, check: bool = False
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings (n, dim) of items; Milvus sees to their bytes, so `check` costs nothing."""
        return self.state.embeddings([int(id_) for id_ in ids])

    def walk(self, prefix: str = "") -> Iterator[Item]:
        """Items whose key starts with `prefix`; the keys are read first and held in memory."""
        state = self.state
        rows = state.rows_where('record != ""', ["id", "domain", "record"], RECORDS)
        keys = [
            (item.key.encode("utf-8", "surrogatepass"), item.id)
            for item in map(state.item, rows)
            if item.key.startswith(prefix)
        ]
        ids = [id_ for _, id_ in sorted(keys)]
        for start in range(0, len(ids), RECORDS):
            page = ids[start : start + RECORDS]
            found = self.state.found(page)
            yield from (found[id_] for id_ in page if id_ in found)
        for domain in [name for name, count in state.meta.unnamed.items() if count]:
            bare = joined(state.in_domain(domain) or "", 'record == ""')
            items = map(state.item, state.rows_where(bare, ["id", "domain", "record"], RECORDS))
            yield from (item for item in items if item.key.startswith(prefix))

    def every(self) -> Iterator[Item]:
        """All items of one moment, set aside in a temporary file."""
        state = self.state
        with tempfile.SpooledTemporaryFile(max_size=2**24, mode="w+", encoding="ascii") as file:
            for row in state.rows_where("", ["id", "domain", "record"], RECORDS):
                kept = [int(row["id"]), int(row["domain"]), row["record"]]
                file.write(json.dumps(kept) + "\n")
            for number in [-1, *range(len(state.meta.domains))]:
                file.seek(0)
                for line in file:
                    id_, domain, record = json.loads(line)
                    if (number < 0) == bool(record) and (record or domain == number):
                        yield item_of(id_, record, state.domain_of(domain))

    def blocks(self, domain: str, after: int = -1) -> Iterator[Block]:
        """Codes of a domain in blocks; none of them is a tombstone."""
        return self.state.blocks(domain, after)

    def live(self, domain: str) -> Iterator[Block]:
        """As `blocks`."""
        return self.blocks(domain)

    def tombstones(self, domain: str) -> Ids:
        """None: rows that go are deleted."""
        return np.zeros(0, np.int64)

    def ids(self, domain: str) -> Ids:
        """Ids of the items of a domain, ascending; kept until something is written."""
        state = self.state
        mine = state.in_domain(domain)
        if mine is None:
            return np.zeros(0, np.int64)
        transaction, ids = self._ids.get(domain, (-1, None))
        if ids is None or transaction != state.meta.last_transaction:
            ids = state.ids_where(mine)
            self._ids[domain] = (state.meta.last_transaction, ids)
        return ids.copy()

    @contextmanager
    def fields(self) -> Iterator[Fields | None]:
        """Items by their fields, asked of the server."""
        with self.snapshot():
            yield MilvusFields(self.state)
