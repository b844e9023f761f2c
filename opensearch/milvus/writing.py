"""One batch written to Milvus: rows first, then the books, then what it replaces is deleted."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus import schema
from opensearch.milvus.books import Shelf
from opensearch.milvus.rows import bytes_of, part_of, parts_in, row_of
from opensearch.milvus.state import Held, State
from opensearch.records import Item
from opensearch.store import Mark, codec, implied_key, split_key
from opensearch.store.batch import Batch
from opensearch.store.bulk import Bulk

Ids = NDArray[np.int64]


class Writer:
    """Writes one batch to a state that nobody else changes."""

    def __init__(self, state: State, shelf: Shelf) -> None:
        self._state = state
        self._link = state.link
        self._shelf = shelf
        self._books = state.books

    def put(self, batch: Batch, mark: Mark | None, ids: Ids | None = None) -> list[int]:
        """Store items under new ids, in place of those that have their keys."""
        numbers = {item.domain: self._books.meta.number(item.domain) for item in batch.items}
        given = self._ids(len(batch.items), ids)
        gone = self._held([item.key for item in batch.items])
        rows = [
            row_of(item, id_, code.tobytes(), numbers[item.domain])
            for item, id_, code in zip(batch.items, given.tolist(), batch.codes, strict=True)
        ]
        parts = self._parts(batch, given.tolist())
        self._link.insert(schema.parts(self._link.name), parts)
        self._link.insert(schema.items(self._link.name), rows)
        for item in batch.items:
            self._tally(item, 1, embedded=batch.embeddings is not None)
        self._tally_parts(parts_in(parts), 1)
        self._commit(gone, mark)
        return [int(id_) for id_ in given]

    def put_codes(self, bulk: Bulk, mark: Mark | None, ids: Ids | None = None) -> Ids:
        """Store ready codes; of those that share a key the last one stays."""
        if bulk.keys is not None:
            last = {key: place for place, key in enumerate(bulk.keys)}
            if len(last) < len(bulk):
                kept = sorted(last.values())
                some = self.put_codes(bulk.take(kept), mark).tolist()
                by_key = dict(zip((bulk.keys[place] for place in kept), some, strict=True))
                return np.array([by_key[key] for key in bulk.keys], np.int64)
        number = self._books.meta.number(bulk.domain)
        gone = [] if bulk.keys is None else self._held(bulk.keys)
        given = self._ids(len(bulk), ids, None if bulk.keys else bulk.domain)
        items = [_item_of(bulk, place, id_) for place, id_ in enumerate(given.tolist())]
        bare = not bulk.recorded
        rows = [
            row_of(item, item.id, code.tobytes(), number, bare=bare)
            for item, code in zip(items, bulk.codes, strict=True)
        ]
        self._link.insert(schema.items(self._link.name), rows)
        for item in items:
            self._tally(item, 1, bare=bare)
        self._commit(gone, mark)
        return given

    def update(self, items: Sequence[Item]) -> None:
        """Write new records for ids that stay; keys may be swapped among them."""
        held = {each.item.id: each for each in self._state.held_ids([item.id for item in items])}
        for item in items:
            if item.id not in held:
                raise StoreError(f"no item has the id {item.id}; it was removed or replaced.")
            if held[item.id].bare:
                raise StoreError(f"item {item.id} has no record to update; add it with a key.")
        new = [codec.checked(item, held[item.id].item.domain) for item in items]
        for key, other in self._state.by_keys([item.key for item in new]).items():
            if other.id not in held:
                raise InvalidInput(
                    f"the key {key!r} belongs to item {other.id}: an item cannot take the key of"
                    " another; remove that one first."
                )
        codes = self._state.codes(list(held))
        numbers = {item.domain: self._books.meta.number(item.domain) for item in new}
        rows = [row_of(item, item.id, codes[item.id], numbers[item.domain]) for item in new]
        self._link.upsert(schema.items(self._link.name), rows)
        for item in new:
            old = held[item.id]
            self._count_record(old.item, -1)
            self._count_record(item, 1)
        self._commit([], None)

    def put_imprints(self, ids: Sequence[int], imprints: Sequence[bytes]) -> None:
        """Keep imprints of those of the items that are stored."""
        given = {int(id_): imprint for id_, imprint in zip(ids, imprints, strict=True)}
        stored = self._state.found(list(given))
        self._tally_parts(self._state.count_parts(list(stored)), -1)
        parts = self._state.parts(list(stored), ["embedding", "embedded", "thumbnail"])
        rows = [
            {
                **part_of(id_, None, b"", given[id_], self._books.meta.dim),
                **{
                    name: bytes_of(value) if name == "embedding" else value
                    for name, value in parts.get(id_, {}).items()
                },
            }
            for id_ in stored
        ]
        self._link.upsert(schema.parts(self._link.name), rows)
        self._tally_parts(parts_in(rows), 1)
        self._commit([], None)

    def remove(self, keys: Iterable[str]) -> int:
        """Remove items by key; how many there were."""
        gone = self._held(list(keys))
        self._commit(gone, None)
        return len(gone)

    def note(self, mark: Mark) -> None:
        """Set a mark and nothing else."""
        self._commit([], mark)

    def recount(self, held: Held, *, embedded: bool) -> None:
        """Count an item that is stored but not yet counted in the books."""
        self._tally(held.item, 1, embedded=embedded, bare=held.bare)

    def write_books(self) -> None:
        """Write the books of what was counted."""
        self._commit([], None)

    def clear(self) -> None:
        """Finish what a writer that was killed has left: rows that are going, or never counted."""
        begun = f"id >= {self._books.meta.next_id}"
        for name in (schema.items(self._link.name), schema.parts(self._link.name)):
            while strays := self._link.query(name, begun, ["id"], strong=True):
                self._link.delete(name, [row["id"] for row in strays])
        if self._books.going:
            self._delete(sorted(self._state.going))
        self._shelf.drop_older(self._books)

    # The steps

    def _held(self, keys: Sequence[str]) -> list[Held]:
        return self._state.held_keys(keys) if any(self._books.meta.counts.values()) else []

    def _ids(self, count: int, given: Ids | None, implied: str | None = None) -> Ids:
        """New ids: those given, else the next; implied keys that records have are passed over."""
        meta = self._books.meta
        if given is None:
            first = meta.next_id
            while implied is not None and self._books.implied:
                keys = [implied_key(implied, id_) for id_ in range(first, first + count)]
                taken = [key for key in keys if key in self._state.by_keys(keys)]
                if not taken:
                    break
                first = int(taken[-1].rpartition("#")[2]) + 1
            given = np.arange(first, first + count, dtype=np.int64)
        elif count and (int(given[0]) < meta.next_id or not bool((np.diff(given) > 0).all())):
            raise InvalidInput(f"ids must ascend from {meta.next_id} on, which is the next one")
        meta.next_id = int(given[-1]) + 1 if count else meta.next_id
        return given

    def _parts(self, batch: Batch, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Rows of embeddings, thumbnails and imprints, of the items that have any."""
        dim, rows = self._books.meta.dim, []
        for place, id_ in enumerate(ids):
            embedding = None if batch.embeddings is None else batch.embeddings[place]
            thumbnail = bytes(batch.thumbnails[place]) if batch.thumbnails is not None else b""
            imprint = bytes(batch.imprints[place]) if batch.imprints is not None else b""
            if embedding is not None or thumbnail or imprint:
                rows.append(part_of(id_, embedding, thumbnail, imprint, dim))
        return rows

    def _tally(self, item: Item, by: int, *, embedded: bool = False, bare: bool = False) -> None:
        meta = self._books.meta
        meta.counts[item.domain] += by
        meta.embedded[item.domain] += by * embedded
        if bare:
            meta.unnamed[item.domain] = meta.unnamed.get(item.domain, 0) + by
        else:
            self._count_record(item, by)

    def _tally_parts(self, counts: dict[str, int], by: int) -> None:
        """Count parts, in books that did so from the beginning."""
        for name in self._books.parts:
            self._books.parts[name] += by * counts[name]

    def _count_record(self, item: Item, by: int) -> None:
        readers = self._books.meta.readers
        if item.reader:
            readers[item.reader] = readers.get(item.reader, 0) + by
        self._books.files += by * bool(item.path)
        self._books.implied += by * (split_key(item.key) is not None)

    def _commit(self, gone: Sequence[Held], mark: Mark | None) -> None:
        """Write the books, which count what was written, and delete what goes."""
        books = self._books
        ids = [each.item.id for each in gone]
        embedded = self._state.parts(ids, ["embedded"]) if sum(books.meta.embedded.values()) else {}
        for each in gone:
            has = bool(embedded.get(each.item.id, {}).get("embedded"))
            self._tally(each.item, -1, embedded=has, bare=each.bare)
        if ids and any(books.parts.values()):
            self._tally_parts(self._state.count_parts(ids), -1)
        if mark is not None and mark.done is None:
            books.marks.pop(mark.name, None)
        elif mark is not None and mark.done is not None:
            books.marks[mark.name] = mark.done
        books.meta.last_transaction += 1
        books.going = self._shelf.write_going(books.meta.last_transaction, ids)
        self._shelf.write_books(books)
        if ids:
            self._delete(ids)

    def _delete(self, ids: list[int]) -> None:
        """Delete rows that the books list as going, and list them no more."""
        names = [schema.items(self._link.name), schema.parts(self._link.name)]
        names += [schema.structure(self._link.name, kind) for kind in self._books.structures]
        for name in names:
            self._link.delete(name, ids)
        for name in names:
            self._link.settle(name)
        listed, self._books.going = self._books.going, 0
        self._shelf.write_books(self._books)
        self._shelf.drop_going(self._books.meta.last_transaction, listed)


def picture_of(part: dict[str, Any], name: str) -> bytes:
    """The thumbnail or the imprint of a part."""
    return base64.b64decode(part[name])


def _item_of(bulk: Bulk, place: int, id_: int) -> Item:
    """What is kept of a ready code."""
    key = implied_key(bulk.domain, id_) if bulk.keys is None else bulk.keys[place]
    category = None if bulk.categories is None else bulk.categories[place]
    metadata = {} if bulk.metadata is None else bulk.metadata[place]
    return Item(id_, key, bulk.domain, category=category, metadata=metadata)
