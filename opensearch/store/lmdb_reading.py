"""The half of a store that reads: each call in one transaction, many in a snapshot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Concatenate, ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import lmdb_keys, set_aside
from opensearch.store import meta as books
from opensearch.store.environment import Environment
from opensearch.store.fields import Fields
from opensearch.store.meta import Meta
from opensearch.store.overtaken import again
from opensearch.store.postings import Postings
from opensearch.store.reader import Reader
from opensearch.store.rows import Block, Ids

P = ParamSpec("P")
T = TypeVar("T")

_PAGE = 1024
"""Items read in one transaction while walking: flat memory, and no long-lived reader."""


class LmdbReading:
    """What `LmdbStore` reads; a `Store`, see there for what its methods do."""

    def __init__(self, shared: Environment) -> None:
        self._shared: Environment | None = shared
        self._local = threading.local()

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """All this thread reads inside is of one state, whatever is written meanwhile."""
        if getattr(self._local, "reader", None) is not None:
            yield self
            return
        with self._environment.read() as txn:
            self._local.reader = Reader.of(txn, self._environment)
            try:
                yield self
            finally:
                self._local.reader = None

    def meta(self) -> Meta:
        """The books."""
        return self._read(lambda reader: reader.meta)

    def readers(self) -> dict[str, int]:
        """Items of files by the version of the reader that read them."""
        return self._read(Reader.readers)

    def by_key(self, key: str) -> Item | None:
        """The item of this key."""
        return self._read(Reader.by_key, key)

    def by_keys(self, keys: Sequence[str]) -> dict[str, Item]:
        """Items of those keys that are stored, by key."""
        with self.snapshot():
            found = {key: self.by_key(key) for key in keys}
        return {key: item for key, item in found.items() if item is not None}

    def by_path(self, path: str) -> Item | None:
        """The item read from this path."""
        found = self._read(Reader.linked, "paths", path)
        return next((item for item in found if item.path == path), None)

    def by_digest(self, digest: bytes) -> list[Item]:
        """Items whose file had this digest, by id."""
        found = self._read(Reader.linked, "digests", digest)
        return [item for item in found if item.digest == digest]

    def items(self, ids: Iterable[int]) -> list[Item]:
        """Items of these ids, in their order."""
        wanted = [int(id_) for id_ in ids]
        return self._read(Reader.items, wanted)

    def thumbnail(self, id_: int) -> bytes | None:
        """The picture file of an item."""
        return self._read(Reader.thumbnail, int(id_))

    def thumbnails(self, ids: Sequence[int]) -> list[bytes]:
        """The picture files of items, empty where there is none."""
        with self.snapshot():
            return [self.thumbnail(id_) or b"" for id_ in ids]

    def imprints(self, ids: Iterable[int]) -> list[bytes]:
        """Imprints of items, empty where there is none."""
        wanted = [int(id_) for id_ in ids]
        return self._read(Reader.imprints, wanted)

    def embeddings(
        self, ids: Iterable[int], *, check: bool = False
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings (n, dim) of items; `check` reads every block that holds one as a whole."""
        wanted = np.fromiter(ids, np.int64)
        return self._read(Reader.embeddings, wanted, check=check)

    def walk(self, prefix: str = "") -> Iterator[Item]:
        """Items whose key starts with `prefix`, read in pages, each of one state."""
        start: bytes | None = lmdb_keys.text_bytes(prefix)[: lmdb_keys.HEAD]
        while start is not None:
            items, start = self._read(Reader.page, start, _PAGE)
            for item in items:
                if item.key.startswith(prefix):
                    yield item
                elif item.key > prefix:
                    start = None
                    break
        for domain in [name for name, count in self.meta().unnamed.items() if count]:
            for ids in (block.ids for block in self.blocks(domain)):
                found = self._read(Reader.keyless, domain, ids)
                yield from (item for item in found if item.key.startswith(prefix))

    def every(self) -> Iterator[Item]:
        """All items of one moment, set aside in a temporary file; no read stays open."""
        with SpooledTemporaryFile(max_size=set_aside.IN_MEMORY) as file:

            def keep(reader: Reader) -> tuple[list[str], dict[str, Ids]]:
                return list(reader.meta.domains), set_aside.set_aside(reader, file)

            domains, without = again(lambda: self._read(keep))
            yield from set_aside.read_back(file, domains, without)

    def blocks(self, domain: str, after: int = -1) -> Iterator[Block]:
        """Codes of a domain in blocks, tombstoned ones too; each block is read on its own."""
        while (block := self._read(Reader.block, domain, after)) is not None:
            after = int(block.ids[-1])
            yield block

    def live(self, domain: str) -> Iterator[Block]:
        """As `blocks`, of live items only."""
        for block in self.blocks(domain):
            keep = np.isin(block.ids, self.tombstones(domain), invert=True)
            if keep.any():
                yield Block(block.ids[keep], block.codes[keep])

    def tombstones(self, domain: str) -> Ids:
        """Ids that were deleted but still lie in blocks, ascending."""
        return self._read(Reader.tombstones, domain)

    def ids(self, domain: str) -> Ids:
        """Ids of the live items of a domain, ascending."""
        return self._read(Reader.ids, domain)

    @contextmanager
    def fields(self) -> Iterator[Fields | None]:
        """Posting lists of one state; `None` for a store of a format that had none."""
        with self.snapshot():
            reader: Reader = self._local.reader
            tables, posted = reader.tables, reader.meta.posted  # format 1 has no such table
            yield Postings(reader.txn, tables["postings"], tables["keys"]) if posted else None

    def mark(self, name: str) -> int:
        """How much of a job is done."""
        return self._read(lambda reader: books.read_mark(reader.txn, reader.tables["meta"], name))

    @property
    def _environment(self) -> Environment:
        if self._shared is None:
            raise StoreError("this store is closed; open it again.")
        return self._shared

    def _read(
        self, work: Callable[Concatenate[Reader, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        """Run `work` in the snapshot of this thread, else in a transaction of its own.

        The latter is repeated where commits have overtaken it, see `overtaken`.
        """
        held: Reader | None = getattr(self._local, "reader", None)
        if held is not None and self._shared is not None:
            return work(held, *args, **options)

        def once() -> T:
            with self._environment.read() as txn:
                return work(Reader.of(txn, self._environment), *args, **options)

        return again(once)
