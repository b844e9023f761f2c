"""The store of an index in Milvus; keeps the `Store` protocol.

What differs from the one on a disk stands in the documentation of the methods: Milvus keeps no old
versions of rows, so a snapshot lacks what is removed meanwhile, and nothing is ever a tombstone.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus import checking, mending, schema
from opensearch.milvus.books import Books, Shelf
from opensearch.milvus.claiming import claim, release
from opensearch.milvus.connection import Connection
from opensearch.milvus.reading import Reading
from opensearch.milvus.state import State
from opensearch.milvus.writing import Writer
from opensearch.records import Item, Metadata
from opensearch.store import Mark, Meta, Store
from opensearch.store.bulk import Bulk, check_bulk, put_batches
from opensearch.store.checks import check_batch, check_imprints, check_update, check_widths

T = TypeVar("T")
Ids = NDArray[np.int64]

_PATIENCE: Final = 30.0
"""Seconds that opening a store waits for a server that was just started to show all it holds."""

_NO_COMPACTING: Final = (
    "Milvus compacts by itself what was deleted from {0}; there is nothing to do here"
)


class MilvusStore(Reading):
    """The truth of an index in Milvus, over one connection; open it with `create` or `open`.

    A `Store`, see there for what its methods do.
    """

    def __init__(self, link: Connection) -> None:
        super().__init__(link)
        self._writing = threading.RLock()
        self._wrote = False

    @classmethod
    def create(cls, link: Connection, bits: int, dim: int) -> Self:
        """Make the collections of an empty store, and its books.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8, or `dim` is negative.
            StoreError: the server refuses it, or there is one.
        """
        check_widths(bits, dim)
        if link.has(schema.items(link.name)):
            raise StoreError(f"there is a store at {link.address}; open it, or name another.")
        shelf = Shelf(link)
        if not shelf.exists():
            link.drop(schema.books(link.name))
            schema.create_books(link)
        schema.create_items(link, bits, dim)
        meta = Meta(secrets.token_hex(16), bits, dim, origin=secrets.token_hex(16))
        shelf.begin_books(Books(meta, parts=dict.fromkeys(schema.PARTS, 0)))
        return cls.open(link)

    @classmethod
    def open(cls, link: Connection) -> Self:
        """Open a store.

        Raises:
            StoreError: there is none, or it is damaged or of a newer format.
        """
        shelf = Shelf(link)
        if not shelf.exists():
            raise StoreError(f"there is no index at {link.address}; create it first.")
        store = cls(link)
        store._identity = shelf.books(strong=True).meta.identity
        for name in (schema.items(link.name), schema.parts(link.name)):
            if not link.awake(name):
                raise StoreError(f"the creation of {link.address} was cut short; create it again.")
            link.settle(name)
        mending.wait_until_whole(partial(store._read, strong=True), _PATIENCE * link.is_server)
        return store

    # Writing

    def put(
        self,
        items: Sequence[Item],
        codes: NDArray[np.uint8],
        embeddings: NDArray[np.floating[Any]] | None = None,
        thumbnails: Sequence[bytes] | None = None,
        mark: Mark | None = None,
        imprints: Sequence[bytes] | None = None,
        ids: Ids | None = None,
    ) -> list[int]:
        """Store a batch, which is seen whole or not at all."""
        meta = self.meta()
        widths = (meta.bits, meta.dim)
        batch, places = check_batch(items, codes, embeddings, thumbnails, widths, imprints)
        if not batch.items:
            return []
        given = self._write(lambda writer: writer.put(batch, mark, ids))
        return [given[place] for place in places]

    def put_codes(
        self,
        codes: NDArray[np.uint8],
        domain: str,
        keys: Sequence[str] | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Sequence[str | None] | None = None,
        mark: Mark | None = None,
        ids: Ids | None = None,
    ) -> Ids:
        """Store ready codes of one domain in bulk, in batches of 64 Ki items."""
        whole = Bulk(domain, codes, keys, metadata, categories)
        check_bulk(whole, self.meta().bits)

        def store(batch: Bulk, last: Mark | None, own: Ids | None) -> Ids:
            return self._write(partial(Writer.put_codes, bulk=batch, mark=last, ids=own))

        return put_batches(whole, mark, ids, store)

    def update(self, items: Sequence[Item]) -> None:
        """Write new record fields for stored ids; killed within, some may have them already."""
        check_update(items)
        if items:
            self._write(lambda writer: writer.update(items))

    def put_imprints(self, ids: Sequence[int], imprints: Sequence[bytes]) -> None:
        """Keep imprints of stored items; of items that are gone none is kept."""
        check_imprints(len(ids), imprints)
        if ids:
            self._write(lambda writer: writer.put_imprints(ids, imprints))

    def remove(self, keys: Iterable[str]) -> int:
        """Remove items by key; how many there were."""
        wanted = list(dict.fromkeys(key for key in keys if key))
        return self._write(lambda writer: writer.remove(wanted)) if wanted else 0

    def mark(self, name: str) -> int:
        """How much of a job is done."""
        return self.state.books.marks.get(name, 0)

    def finish(self, name: str) -> None:
        """Remove the mark of a job that is done, if there is one."""
        if self.mark(name):
            self._write(lambda writer: writer.note(Mark(name, None)))

    def _write(self, work: Callable[[Writer], T]) -> T:
        """Run `work` on the newest state as the one process that writes."""
        with self._writing:
            self.claim()
            self.link.unsettled = True
            done = work(Writer(self._read(), self._shelf))
            self.link.unsettled = False
            return done

    # Being one of several processes

    @property
    def unlocked(self) -> bool:
        """False: what is written elsewhere shows in the books."""
        return False

    @property
    def replaced(self) -> bool:
        """False: whoever reads next is told."""
        return False

    def shares(self, other: Store) -> bool:
        """Whether both read the same data."""
        return isinstance(other, MilvusStore) and self._identity == other._identity

    def prepare(self) -> None:
        """Claim it: what a killed writer or a killed server left is seen to by that."""
        self.claim()

    def claim(self) -> None:
        """Become the one process that writes; what a killed one has left is finished first."""
        with self._writing:
            if claim(self._shelf) or self.link.unsettled:
                self._settle()
            self._wrote = True

    def _settle(self) -> None:
        """Finish what a killed writer left, and stop counting what a killed server lost."""
        self.link.settle(schema.items(self.link.name))  # what others wrote is seen by now
        self.link.settle(schema.parts(self.link.name))
        whole = mending.wait_until_whole(self._heard_of, mending.PATIENCE * self.link.is_server)
        Writer(self._read(strong=True), self._shelf).clear()
        if not whole:
            mending.mend(self._read(strong=True), self._shelf)
        self.link.unsettled = False

    def _heard_of(self) -> State:
        """The rows of now; renews the claim, so that one who waits long is not taken for dead."""
        claim(self._shelf)
        return self._read(strong=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nobody write to this store, in any process, until the block ends."""
        with self._writing:
            self.claim()
            yield

    def check_current(self) -> None:
        """Refuse to go on with a store that was replaced by another."""
        self._read()

    def close(self) -> None:
        """Close the connection; others may write."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._wrote:
                release(self._shelf)
        finally:
            self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Upkeep

    def verify(self) -> list[str]:
        """What is wrong with the store: counts, and a sample of the rows."""
        return checking.problems(self._read(strong=True))

    def mend(self) -> None:
        """Make the books those of the rows that are there, see `mending`."""
        with self.frozen():
            if checking.problems(self._read(strong=True)):
                mending.mend(self._read(strong=True), self._shelf)

    def compacted_size(self) -> int:
        """Refused, as `compact_to`."""
        raise InvalidInput(_NO_COMPACTING.format(self.link.address))

    def compact_to(self, folder: Path) -> None:
        """Refused: the server compacts by itself."""
        raise InvalidInput(_NO_COMPACTING.format(self.link.address))
