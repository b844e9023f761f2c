"""Ready codes in bulk: rows of one domain, with the few fields they may have, or with none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, PartlyStored, StoreError
from opensearch.records import Metadata
from opensearch.store import codec, implied_keys, lmdb_keys, postings
from opensearch.store.batch import Writer
from opensearch.store.checks import check_domain
from opensearch.store.rows import Ids, Mark

BATCH = 2**16
"""Items of one transaction, and the largest block."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Codes (n, bits // 8) of one domain, checked; each of the lists has n entries or is absent.

    Without any of them no records are stored.
    """

    domain: str
    codes: NDArray[np.uint8]
    keys: Sequence[str] | None = None
    metadata: Sequence[Metadata] | None = None
    categories: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def recorded(self) -> bool:
        """Whether there is more to keep than the codes."""
        return any(part is not None for part in (self.keys, self.metadata, self.categories))

    def take(self, places: Sequence[int]) -> Bulk:
        """Those items in a batch of their own."""
        return self._part(self.codes[places], lambda whole: [whole[place] for place in places])

    def batches(self) -> Iterator[Bulk]:
        """The items in batches of at most `BATCH`."""
        for start in range(0, len(self), BATCH):
            part = slice(start, start + BATCH)
            yield self._part(self.codes[part], itemgetter(part))

    def _part(self, codes: NDArray[np.uint8], pick: Callable[[Any], Any]) -> Bulk:
        lists = (self.keys, self.metadata, self.categories)
        return Bulk(
            self.domain, codes, *(None if whole is None else pick(whole) for whole in lists)
        )


def check_bulk(bulk: Bulk, bits: int) -> None:
    """Refuse what cannot be stored.

    Raises:
        InvalidInput: codes of another width, lists of another length, or an empty name.
    """
    codes = bulk.codes
    if codes.ndim != 2 or codes.shape[1] != bits // 8 or codes.dtype != np.uint8:
        raise InvalidInput(
            f"codes must be uint8 of shape (n, {bits // 8}), got {codes.dtype} of shape"
            f" {codes.shape}"
        )
    for name in ("keys", "metadata", "categories"):
        part = getattr(bulk, name)
        if part is not None and len(part) != len(bulk):
            raise InvalidInput(f"{len(bulk)} codes came with {len(part)} {name}; give one each")
    if not bulk.domain or (bulk.keys is not None and not all(bulk.keys)):
        raise InvalidInput("ready codes need a domain and keys that are not empty")
    check_domain(bulk.domain)


def put_batches(
    whole: Bulk,
    mark: Mark | None,
    ids: Ids | None,
    store: Callable[[Bulk, Mark | None, Ids | None], Ids],
) -> Ids:
    """The ids given to all items, which are stored batch by batch.

    Args:
        whole: all items, checked.
        mark: is handed on with the last batch.
        ids: those to give, one each.
        store: one batch, whole or not at all, with its mark and its ids; returns the ids given.

    Raises:
        StoreError: nothing could be stored.
        PartlyStored: a batch after the first could not be.
    """
    done = np.zeros(0, np.int64)
    for batch in whole.batches():
        end = len(done) + len(batch)
        own = None if ids is None else ids[len(done) : end]
        try:
            stored = store(batch, mark if end == len(whole) else None, own)
        except StoreError as error:
            if not len(done):
                raise
            raise _partly_stored(done, len(whole), error) from error
        done = np.concatenate((done, stored))
    return done


def _partly_stored(done: Ids, count: int, error: StoreError) -> PartlyStored:
    return PartlyStored(
        f"the first {len(done)} of {count} codes are stored, the rest are not: {error} Repeat with"
        " the rest alone; the ids of those stored are `ids` of this error.",
        done,
    )


def put(writer: Writer, bulk: Bulk, given: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Store one batch under new ids, or those given; items that had its keys are retired.

    Of items that share a key the last one is stored, and all get its id.
    """
    if not bulk.recorded:
        return _put_rows(writer, bulk, given)
    if bulk.keys is not None:
        last = {key: place for place, key in enumerate(bulk.keys)}
        if len(last) < len(bulk):
            kept = sorted(last.values())
            ids = put(writer, bulk.take(kept))
            by_key = {bulk.keys[place]: id_ for place, id_ in zip(kept, ids, strict=True)}
            return np.array([by_key[key] for key in bulk.keys], np.int64)
    return _put_recorded(writer, bulk, given)


def _put_rows(writer: Writer, bulk: Bulk, given: NDArray[np.int64] | None) -> NDArray[np.int64]:
    ids = _append(writer, bulk, given, implied=True)
    meta = writer.meta
    meta.unnamed[bulk.domain] = meta.unnamed.get(bulk.domain, 0) + len(bulk)
    return ids


def _put_recorded(writer: Writer, bulk: Bulk, given: NDArray[np.int64] | None) -> NDArray[np.int64]:
    keys = bulk.keys
    if keys is not None:
        raws = [lmdb_keys.ordered(key) for key in keys]
        writer.retire(writer.ids_of(raws, keys))
    ids = _append(writer, bulk, given, implied=keys is None)
    if keys is None:
        keys = [implied_keys.key_of(bulk.domain, id_) for id_ in ids.tolist()]
        raws = [lmdb_keys.ordered(key) for key in keys]
    header = codec.HEADER.pack(writer.meta.number(bulk.domain), False)
    sums = writer.meta.summed
    records = codec.pack_codes(keys, bulk.categories, bulk.metadata, header, sums=sums)
    packed = ids.astype(">i8").tobytes()
    row_names = [packed[at : at + 8] for at in range(0, len(packed), 8)]
    writer.putmulti("items", zip(row_names, records, strict=True), append=True)
    # In order of key, neighbours share pages: fewer pages to write.
    writer.putmulti("keys", sorted(zip(raws, row_names, strict=True)))
    if writer.meta.posted:
        writer.putmulti("postings", sorted(_postings(bulk, row_names)))
    return ids


def _postings(bulk: Bulk, row_names: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Every list that an item is entered in, with its row."""
    nothing: Metadata = {}
    every = repeat(None) if bulk.categories is None else bulk.categories
    rest = repeat(nothing) if bulk.metadata is None else bulk.metadata
    for row, category, more in zip(row_names, every, rest, strict=False):
        for name in postings.row_names(category, more):
            yield name, row


def _append(
    writer: Writer, bulk: Bulk, given: NDArray[np.int64] | None, *, implied: bool
) -> NDArray[np.int64]:
    """Give ids and write the rows; ids whose implied keys are taken are passed over."""
    meta, n = writer.meta, len(bulk)
    first = meta.next_id
    if implied and given is None:
        first = implied_keys.free_start(writer.txn, writer.tables, bulk.domain, first, n)
    ids = writer.new_ids(first, n, given)
    writer.codes.append(writer.txn, meta.number(bulk.domain), ids, bulk.codes)
    meta.counts[bulk.domain] += n
    return ids
