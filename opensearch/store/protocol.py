"""What the engine asks of a store: the truth of an index, wherever it is kept.

`LmdbStore` is the one on a local disk. Another one that has these methods can stand in for it;
`tests/contracts/test_stores.py` says what they must do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.records import Item, Metadata
from opensearch.store.fields import Fields
from opensearch.store.meta import Meta
from opensearch.store.rows import Block, Ids, Mark


class Store(Protocol):
    """Items with their codes, embeddings and thumbnails.

    Every write is one transaction: it is whole when the call returns, or it never was. Reads see
    whole batches and never wait; those of one thread inside `snapshot` see one state. Ids are
    given in order and never reused.
    """

    # What is there

    def snapshot(self) -> AbstractContextManager[object]:
        """All this thread reads inside is of one state, whatever is written meanwhile."""

    def meta(self) -> Meta:
        """The books: counts by domain, last transaction, next id, bits, dim; cheap."""

    def readers(self) -> dict[str, int]:
        """Items of files by the version of the reader that read them, "" where unknown; cheap."""

    def by_key(self, key: str) -> Item | None:
        """The item of this key."""

    def by_keys(self, keys: Sequence[str]) -> dict[str, Item]:
        """Items of those keys that are stored, by key, asked for at once."""

    def by_path(self, path: str) -> Item | None:
        """The item read from this path; the oldest of them where several parts were."""

    def by_digest(self, digest: bytes) -> list[Item]:
        """Items whose file had this digest, by id."""

    def items(self, ids: Iterable[int]) -> list[Item]:
        """Items of these ids, in their order.

        Raises:
            StoreError: an id is not stored (any more).
        """

    def thumbnail(self, id_: int) -> bytes | None:
        """The picture file of an item."""

    def thumbnails(self, ids: Sequence[int]) -> list[bytes]:
        """The picture files of items, in the order of `ids`, empty where there is none."""

    def imprints(self, ids: Iterable[int]) -> list[bytes]:
        """What is kept of items to know their copies by, in the order of `ids`.

        Empty where there is none: of ready codes, and of items of older versions.
        """

    def embeddings(
        self, ids: Iterable[int], *, check: bool = False
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings of items, in the order of `ids`.

        Returns:
            Rows (n, dim), zero where there is none, and whether there is one (n,).

        Raises:
            StoreError: bytes are not those that were written; noticed where `check` asks for it,
                which may cost as much as reading all around them.
        """

    def walk(self, prefix: str = "") -> Iterator[Item]:
        """Items whose key starts with `prefix`, read in pages, each of one state.

        Those with records come first, in order of key, then those without, by domain and id.
        """

    def every(self) -> Iterator[Item]:
        """All items as they are when the first is asked for, whatever is written meanwhile.

        Those with records come first, by id, then those without, by domain and id. Nothing that
        is open here hinders a writer, and memory stays flat.

        Raises:
            StoreError: a record is damaged, or there is no room to set them aside.
        """

    def blocks(self, domain: str, after: int = -1) -> Iterator[Block]:
        """Codes of a domain in blocks, ids ascending, those above `after` only.

        Tombstoned rows are among them, see `tombstones`.

        Raises:
            StoreError: a block's bytes are not those that were written.
        """

    def live(self, domain: str) -> Iterator[Block]:
        """As `blocks`, of live items only; a block is of one state, all of them in a snapshot."""

    def tombstones(self, domain: str) -> Ids:
        """Ids that were deleted but still lie in blocks, ascending."""

    def ids(self, domain: str) -> Ids:
        """Ids of the live items of a domain, ascending."""

    def fields(self) -> AbstractContextManager[Fields | None]:
        """Items by their fields, of one state; `None` where records must be read instead."""

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
        """Store a batch; an item whose key is stored is replaced under a new id.

        Of items of the batch that share a key the last one is stored, and all get its id.

        Args:
            items: what to keep of each; their ids are ignored.
            codes: hash codes, shape (n, bits // 8).
            embeddings: shape (n, dim), kept as float16; `None` when there are none.
            thumbnails: a picture file an item, or empty bytes for none.
            mark: of the job that this batch belongs to, set in the same transaction.
            imprints: an imprint an item, or empty bytes for none.
            ids: the ids to give in a copy of another index, ascending (n,), from the next id on;
                no key may be shared.

        Returns:
            The n ids given, ascending unless keys are shared.

        Raises:
            InvalidInput: shapes do not agree, metadata are not JSON values, or an id was given
                before.
            StoreError: another process writes, or there is no room; nothing was written.
        """

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
            ids: as of `put`.

        Returns:
            The n ids given.

        Raises:
            InvalidInput: shapes do not agree, or metadata are not JSON values.
            StoreError: another process writes, or there is no room; nothing was stored.
            PartlyStored: the same, after the first batches were stored.
        """

    def update(self, items: Sequence[Item]) -> None:
        """Write new record fields for stored ids (a moved or touched file); codes stay.

        Raises:
            InvalidInput: a new key belongs to another item, or the domain differs.
            StoreError: an id is not stored.
        """

    def put_imprints(self, ids: Sequence[int], imprints: Sequence[bytes]) -> None:
        """Keep imprints of stored items that had none; of items that are gone none is kept."""

    def remove(self, keys: Iterable[str]) -> int:
        """Remove items by key, unknown keys ignored; how many items were removed."""

    def mark(self, name: str) -> int:
        """How much of a job is done, by the marks its batches have set; 0 for an unknown one."""

    def finish(self, name: str) -> None:
        """Remove the mark of a job that is done, if there is one."""

    # Being one of several processes

    @property
    def unlocked(self) -> bool:
        """Whether writers elsewhere may go unnoticed (a read-only folder)."""

    @property
    def replaced(self) -> bool:
        """Whether what lies in its place now is another store, or none."""

    def shares(self, other: Store) -> bool:
        """Whether both read the same data."""

    def prepare(self) -> None:
        """Make sure that all stored items show, before a writer compares anything with them.

        Raises:
            StoreError: as `claim`, where that has to be asked for.
        """

    def claim(self) -> None:
        """Become the one process that writes, until the store is closed, as a write would.

        Raises:
            StoreError: another process writes, or the store may not be written.
            Superseded: this store is not the one to write to any more.
        """

    def check_current(self) -> None:
        """Refuse to go on with a store that is not the one to write to any more.

        Raises:
            Superseded: the index was compacted.
            StoreError: it was replaced by another, or removed.
        """

    def close(self) -> None:
        """Close this store; what is asked later is refused."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    # Upkeep

    def verify(self) -> list[str]:
        """What is wrong with the store, a sentence each; nothing when it is sound."""

    def frozen(self) -> AbstractContextManager[None]:
        """Let nobody write to this store, in any process, until the block ends.

        Raises:
            StoreError: another process writes, or the store may not be written.
            Superseded: this store is not the one to write to any more.
        """

    def compacted_size(self) -> int:
        """Bytes that `compact_to` will write, at most."""

    def compact_to(self, folder: Path) -> None:
        """Write what is live to a new store in `folder`, without tombstones; ids stay.

        Raises:
            StoreError: there is a store in `folder`, it cannot be written, or this one is damaged.
        """
