"""The store of an index: items, codes, embeddings and thumbnails, in whole batches."""

from __future__ import annotations

import secrets
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import Overtaken, StoreError, Superseded
from opensearch.records import Item, Metadata
from opensearch.store import (
    bulk,
    compaction,
    open_environments,
)
from opensearch.store import meta as books
from opensearch.store.batch import Writer
from opensearch.store.checks import check_batch, check_imprints, check_update, check_widths
from opensearch.store.copy_process import copy_in_child
from opensearch.store.environment import Environment
from opensearch.store.lmdb_reading import LmdbReading
from opensearch.store.meta import Meta
from opensearch.store.protocol import Store
from opensearch.store.reader import Reader
from opensearch.store.rows import Ids, Mark
from opensearch.store.tables import Transaction
from opensearch.store.verify import problems

T = TypeVar("T")


class LmdbStore(LmdbReading):
    """The truth of an index on a local disk, over LMDB; open it with `create` or `open`.

    A `Store`, see there for what its methods do. Every write is one transaction: it is whole on
    disk when the call returns, or it never was. A store that is no longer referenced is closed.
    """

    def __init__(
        self, shared: Environment, *, readonly: bool, current: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(shared)
        self._readonly = readonly
        self._current = current
        self._dropped = weakref.finalize(self, open_environments.drop, shared)
        self._dropped.atexit = False  # threads may still be reading then

    @classmethod
    def create(cls, folder: Path, *, bits: int, dim: int) -> Self:
        """Make an empty store for codes of `bits` bits and embeddings of `dim` numbers.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8 or `dim` is negative.
            StoreError: there is a store in `folder`, or it cannot be written.
        """
        check_widths(bits, dim)
        shared = open_environments.acquire(folder, create=True)

        def begin(txn: Transaction) -> None:
            if books.exists(shared, txn):
                raise StoreError(
                    f"there is a store in {str(folder)!r}; open it, or name another. If another"
                    " process is just making an index there, repeat the command once it has."
                )
            fresh = Meta(secrets.token_hex(16), bits, dim, origin=secrets.token_hex(16))
            books.save(shared, txn, fresh)

        try:
            shared.write(begin)
            return cls(shared, readonly=False)
        except BaseException:
            open_environments.release(shared)
            raise

    @classmethod
    def open(
        cls, folder: Path, *, readonly: bool = False, current: Callable[[], bool] = lambda: True
    ) -> Self:
        """Open a store; every store of one folder in a process shares one environment.

        A folder that may not be written is read without a lock: see `unlocked`.

        Args:
            folder: where it lies.
            readonly: refuse to write.
            current: asked before each write, under the writer's lock, whether this store is
                still the one to write to.

        Raises:
            StoreError: there is none, or it is damaged or of a newer format.
        """
        shared = open_environments.acquire(folder, create=False)
        store = cls(shared, readonly=readonly, current=current)
        try:
            store.meta()
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close this store; the last one of a folder closes the files."""
        shared, self._shared = self._shared, None
        if shared is not None and self._dropped.detach():
            open_environments.release(shared)

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
        """Store a batch, in one transaction."""
        meta = self.meta()
        widths = (meta.bits, meta.dim)
        batch, places = check_batch(items, codes, embeddings, thumbnails, widths, imprints)
        if not batch.items:
            return []
        given = self._write(lambda writer: writer.put(batch, ids), mark)
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
        """Store ready codes of one domain in bulk, in transactions of at most `bulk.BATCH`."""
        all_codes = bulk.Bulk(domain, codes, keys, metadata, categories)
        bulk.check_bulk(all_codes, self.meta().bits)

        def store(batch: bulk.Bulk, last: Mark | None, own: Ids | None) -> Ids:
            return self._write(partial(bulk.put, bulk=batch, given=own), last)

        return bulk.put_batches(all_codes, mark, ids, store)

    def update(self, items: Sequence[Item]) -> None:
        """Write new record fields for stored ids; codes stay."""
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

    def finish(self, name: str) -> None:
        """Remove the mark of a job that is done, if there is one."""
        if self.mark(name):
            self._write(lambda writer: None, Mark(name, None))

    # Being one of several processes

    @property
    def unlocked(self) -> bool:
        """Whether the folder is read-only, so that a writer elsewhere would not be noticed."""
        return self._environment.unlocked

    @property
    def replaced(self) -> bool:
        """Whether the store's file lies in its folder no more, or another one does."""
        return self._environment.replaced()

    def shares(self, other: Store) -> bool:
        """Whether both read the same file."""
        return isinstance(other, LmdbStore) and self._shared is other._shared

    def prepare(self) -> None:
        """Nothing to do: a transaction shows all of one moment."""

    def claim(self) -> None:
        """Become the one process that writes, until the store is closed, as a write would."""
        with self.frozen():
            pass

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nobody write to this store, in any process, until the block ends."""
        with self._environment.frozen():
            self.check_current()
            yield

    def check_current(self) -> None:
        """Refuse to go on with a store that is not the one to write to any more."""
        if not self._current():
            raise Superseded(
                f"the store {str(self._environment.folder)!r} was replaced when the index was"
                " compacted; open the index again (nothing was written)."
            )
        self._environment.check_place()

    # Upkeep

    def verify(self) -> list[str]:
        """What is wrong with the store, a sentence each; nothing when it is sound."""
        try:
            with self.snapshot():
                reader: Reader = self._local.reader
                return problems(reader.txn, reader.tables, reader.meta)
        except Overtaken:
            raise
        except StoreError as error:  # pages that LMDB itself finds damaged
            return [str(error)]

    def compacted_size(self) -> int:
        """Bytes that `compact_to` will write, at most."""
        return self._read(lambda reader: compaction.size(reader.txn, reader.tables))

    def compact_to(self, folder: Path) -> None:
        """As `copy_to`, in a child process: reading damaged pages may kill it.

        Raises:
            StoreError: as `copy_to`, or reading the damaged files killed the child.
        """
        if sys.executable:
            copy_in_child(self._environment.folder, folder)
        else:  # Python inside another program
            self.copy_to(folder)

    def copy_to(self, folder: Path) -> None:
        """Write what is live to a new store, in full blocks, without tombstones.

        Ids and counts stay; the new store has an identity of its own and the newest format.

        Raises:
            StoreError: there is a store in `folder`, or it cannot be written.
        """
        target = open_environments.acquire(folder, create=True)
        try:
            self._read(
                lambda reader: compaction.copy(reader.txn, reader.tables, reader.meta, target)
            )
        finally:
            open_environments.release(target)

    def _write(self, work: Callable[[Writer], T], mark: Mark | None = None) -> T:
        """Run `work` in one transaction that also closes the books."""
        shared = self._environment
        if self._readonly:
            raise StoreError(
                f"the store {str(shared.folder)!r} was opened for reading;"
                " open it without readonly to write."
            )

        self.check_current()

        def transaction(txn: Transaction) -> T:
            self.check_current()  # again, now that nobody else can compact
            meta = books.load(shared, txn)
            result = work(Writer.of(txn, shared.tables, meta))
            if mark is not None:
                books.write_mark(txn, shared.tables["meta"], mark)
            meta.last_transaction += 1
            books.save(shared, txn, meta)
            return result

        return shared.write(transaction)
