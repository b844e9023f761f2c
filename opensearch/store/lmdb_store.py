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

from opensearch.errors import InvalidInput, Overtaken, PartlyStored, StoreError, Superseded
from opensearch.records import Item, Metadata
from opensearch.store import bulk, compaction, marks, opening, pages, sharing
from opensearch.store import meta as books
from opensearch.store.apart import copy_apart
from opensearch.store.batch import Writer
from opensearch.store.checks import check_batch, check_update
from opensearch.store.environment import TABLES, Environment, Transaction
from opensearch.store.meta import Meta
from opensearch.store.protocol import Mark, Store
from opensearch.store.reading import StoredItems
from opensearch.store.verify import problems

T = TypeVar("T")


def ever_used(folder: Path) -> bool:
    """Whether a folder holds a store that was written to, or a file that cannot be told.

    Told by plain reads of the file, which nothing in it can crash. To make the tables and the
    first books takes a transaction each; what has no more is a creation, whole or cut short.
    """
    if opening.length(folder) < 2 * pages.LEAST:
        return False
    try:
        return pages.last_transaction(folder) > len(TABLES) + 1
    except pages.NotPagesError:
        return True


class LmdbStore(StoredItems):
    """The truth of an index on disk, over LMDB; open it with `create` or `open`.

    Every write is one transaction: it is whole on disk when the call returns, or it never was.
    Reads see whole batches and never wait; those of one thread inside `snapshot` see one
    moment. Ids are given in order and never reused. A store that nobody holds any more is closed.
    """

    def __init__(
        self, shared: Environment, *, readonly: bool, current: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(shared)
        self._readonly = readonly
        self._current = current
        self._dropped = weakref.finalize(self, sharing.drop, shared)
        self._dropped.atexit = False  # threads may still be reading then

    @classmethod
    def create(cls, folder: Path, *, bits: int, dim: int) -> Self:
        """Make an empty store for codes of `bits` bits and embeddings of `dim` numbers.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8 or `dim` is negative.
            StoreError: there is a store in `folder`, or it cannot be written.
        """
        if bits <= 0 or bits % 8:
            raise InvalidInput(f"a hash code needs a positive multiple of 8 bits, got {bits}")
        if dim < 0:
            raise InvalidInput(f"an embedding needs a dimension of 0 or more, got {dim}")
        shared = sharing.acquire(folder, create=True)

        def begin(txn: Transaction) -> None:
            if books.exists(shared, txn):
                raise StoreError(f"there is a store in {str(folder)!r}; open it, or name another.")
            fresh = Meta(secrets.token_hex(16), bits, dim, origin=secrets.token_hex(16))
            books.save(shared, txn, fresh)

        try:
            shared.write(begin)
            return cls(shared, readonly=False)
        except BaseException:
            sharing.release(shared)
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
        shared = sharing.acquire(folder, create=False)
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
            sharing.release(shared)

    @property
    def replaced(self) -> bool:
        """Whether the store's file lies in its folder no more, or another one does."""
        return self._environment.replaced()

    def shares(self, other: Store) -> bool:
        """Whether both read the same file."""
        return isinstance(other, LmdbStore) and self._shared is other._shared

    @property
    def unlocked(self) -> bool:
        """Whether the folder is read-only, so that a writer elsewhere would not be noticed."""
        return self._environment.unlocked

    def put(
        self,
        items: Sequence[Item],
        codes: NDArray[np.uint8],
        embeddings: NDArray[np.floating[Any]] | None = None,
        thumbnails: Sequence[bytes] | None = None,
        mark: Mark | None = None,
    ) -> list[int]:
        """Store a batch; an item whose key is stored is replaced under a new id.

        Of items of the batch that share a key the last one is stored, and all get its id.

        Args:
            items: what to keep of each; their ids are ignored.
            codes: hash codes, shape (n, bits // 8).
            embeddings: shape (n, dim), kept as float16; `None` when there are none.
            thumbnails: a picture file an item, or empty bytes for none.
            mark: of the job that this batch belongs to, set in the same transaction.

        Returns:
            The n ids given, ascending unless keys are shared.

        Raises:
            InvalidInput: shapes do not agree, or metadata are not JSON values.
            StoreError: another process writes, or the disk is full; nothing was written.
        """
        meta = self.meta()
        batch, places = check_batch(items, codes, embeddings, thumbnails, (meta.bits, meta.dim))
        if not batch.items:
            return []
        ids = self._write(lambda writer: writer.put(batch), mark)
        return [ids[place] for place in places]

    def put_codes(
        self,
        codes: NDArray[np.uint8],
        domain: str,
        keys: Sequence[str] | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Sequence[str | None] | None = None,
        mark: Mark | None = None,
    ) -> NDArray[np.int64]:
        """Store ready codes of one domain in bulk, in transactions of at most 64 Ki items.

        With nothing but codes no records are stored; the key of such an item is implied by its
        id, `photo/#17`. An item whose key is stored is replaced under a new id.

        Args:
            codes: shape (n, bits // 8).
            domain: of all of them.
            keys: n keys; implied by the ids when `None`.
            metadata: fields of each, JSON values.
            categories: of each.
            mark: of the job that they belong to, set in the transaction of the last.

        Returns:
            The n ids given.

        Raises:
            InvalidInput: shapes do not agree, or metadata are not JSON values.
            StoreError: another process writes, or the disk is full; nothing was stored.
            PartlyStored: so it was after the first batches, which are.
        """
        all_codes = bulk.Bulk(domain, codes, keys, metadata, categories)
        bulk.check_bulk(all_codes, self.meta().bits)
        ids = np.zeros(0, np.int64)
        for batch in all_codes.batches():
            last = mark if len(ids) + len(batch) == len(codes) else None
            try:
                ids = np.concatenate((ids, self._write(partial(bulk.put, bulk=batch), last)))
            except StoreError as error:
                if not len(ids):
                    raise
                text = (
                    f"the first {len(ids)} of {len(codes)} codes are stored, the rest are not:"
                    f" {error} Repeat with the rest alone; the ids of those stored are `ids` of"
                    " this error."
                )
                raise PartlyStored(text, ids) from error
        return ids

    def mark(self, name: str) -> int:
        """How much of a job is done, by the marks its batches have set; 0 for an unknown one."""
        with self._read() as txn:
            return marks.read(txn, self._tables["meta"], name)

    def finish(self, name: str) -> None:
        """Remove the mark of a job that is done, if there is one."""
        if self.mark(name):
            self._write(lambda writer: None, Mark(name, None))

    def update(self, items: Sequence[Item]) -> None:
        """Write new record fields for stored ids (a moved or touched file); codes stay.

        Raises:
            InvalidInput: a new key belongs to another item, or the domain differs.
            StoreError: an id is not stored.
        """
        check_update(items)
        if items:
            self._write(lambda writer: writer.update(items))

    def remove(self, keys: Iterable[str]) -> int:
        """Remove items by key; unknown keys are ignored.

        Returns:
            How many items were removed.
        """
        wanted = list(dict.fromkeys(key for key in keys if key))
        return self._write(lambda writer: writer.remove(wanted)) if wanted else 0

    def verify(self) -> list[str]:
        """What is wrong with the store, a sentence each; nothing when it is sound."""
        try:
            with self.snapshot(), self._read() as txn:
                return problems(txn, self._tables, books.load(self._environment, txn))
        except Overtaken:
            raise
        except StoreError as error:  # pages that LMDB itself finds damaged
            return [str(error)]

    def claim(self) -> None:
        """Become the one process that writes, until the store is closed, as a write would.

        Raises:
            StoreError: another process writes, or the folder is read-only.
            Superseded: this store is not the one to write to any more.
        """
        self._environment.claim()
        self.check_current()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nobody write to this store, in any process, until the block ends.

        Raises:
            StoreError: another process writes, or the folder is read-only.
            Superseded: this store is not the one to write to any more.
        """
        with self._environment.frozen():
            self.check_current()
            yield

    def compacted_size(self) -> int:
        """Bytes that `compact_to` will write, at most."""
        with self._read() as txn:
            return compaction.size(txn, self._tables)

    def compact_to(self, folder: Path) -> None:
        """As `copy_to`, in a process of its own: damaged pages may end whoever reads them.

        Raises:
            StoreError: as `copy_to`, or the files are so damaged that the process was ended.
        """
        if sys.executable:
            copy_apart(self._environment.folder, folder)
        else:  # Python inside another program
            self.copy_to(folder)

    def copy_to(self, folder: Path) -> None:
        """Write what is live to a new store, in full blocks, without tombstones.

        Ids and counts stay; the new store has an identity of its own and the newest format.

        Raises:
            StoreError: there is a store in `folder`, or it cannot be written.
        """
        target = sharing.acquire(folder, create=True)
        try:
            with self._read() as txn:
                compaction.copy(txn, self._tables, books.load(self._environment, txn), target)
        finally:
            sharing.release(target)

    def check_current(self) -> None:
        """Refuse to go on with a store that is not the one to write to any more.

        Raises:
            Superseded: the index was compacted.
            StoreError: the folder was replaced by another, or removed.
        """
        if not self._current():
            raise Superseded(
                f"the store {str(self._environment.folder)!r} was replaced when the index was"
                " compacted; open the index again (nothing was written)."
            )
        self._environment.check_place()

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
                marks.write(txn, shared.tables["meta"], mark)
            meta.last_transaction += 1
            books.save(shared, txn, meta)
            return result

        return shared.write(transaction)
