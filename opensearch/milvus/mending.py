"""An index that shows other counts than its books: waited for, then mended.

A server that was killed shows what it holds only by and by. A writer would take stored items for
new ones meanwhile, so it waits. What is missing after that is lost: the books are made anew from
the rows that are, and files whose parts are lost are marked to be encoded again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.milvus import schema
from opensearch.milvus.books import Books, Shelf
from opensearch.milvus.connection import Connection
from opensearch.milvus.rows import joined, windows
from opensearch.milvus.state import RECORDS, Held, State
from opensearch.milvus.writing import Writer

Ids = NDArray[np.int64]

PATIENCE: Final = 120.0
"""Seconds that a server has to show all it holds, before what is missing is taken for lost."""


def wait_until_whole(read: Callable[[], State], seconds: float) -> bool:
    """Whether the counts of all rows come to be those of the books.

    Args:
        read: gives the state of now; called again and again.
        seconds: how long to wait; looked at once at least.
    """
    until = time.monotonic() + seconds
    while not _is_whole(read()):
        if time.monotonic() > until:
            return False
        time.sleep(1)
    return True


def _is_whole(state: State) -> bool:
    books, link = state.books, state.link
    if link.count(schema.items(link.name), state.visible, strong=True) != sum(
        books.meta.counts.values()
    ):
        return False
    counted, passing = sum(books.meta.embedded.values()), "embedded == true"
    if books.parts:
        counted, passing = books.parts["rows"], ""
    parts = joined(state.visible, passing)
    return link.count(schema.parts(link.name), parts, strong=True) == counted


def was_never_filled(link: Connection) -> bool:
    """Whether collections are those of an index whose making was cut short: without any item.

    A server that was killed shows less than it has, so its own books of rows are asked as well.
    """
    shelf, books = Shelf(link), schema.books(link.name)
    if shelf.exists():
        shown = shelf.all_books(strong=True)
        if any(each.meta.next_id for each in shown) or (link.kept(books) and not shown):
            return False
    for name in (schema.items(link.name), schema.parts(link.name)):
        if link.awake(name) and (link.kept(name) or link.count(name, strong=True)):
            return False
    return True


def mend(state: State, shelf: Shelf) -> None:
    """Make the books those of the rows that are there.

    Of items that share a key the newest stays. Parts without an item go. A file whose item has no
    embedding, in a domain that lacks some, is marked as changed.
    """
    _drop_doubled(state)
    there = _There.of(state)
    _delete(state, [schema.parts(state.link.name)], there.orphans)
    before = state.books.meta.embedded
    lost = {name for name, count in there.embedded(state).items() if count < before.get(name, 0)}
    books = _emptied(state.books)
    writer = Writer(State(state.link, books, state.going), shelf)
    stale: list[Held] = []
    for row in state.rows_where("", ["id", "domain", "record"], RECORDS):
        held = Held(state.item(row), not row["record"])
        whole = held.item.id in there.with_embedding
        writer.recount(held, embedded=whole)
        if held.item.path and held.item.domain in lost and not whole:
            stale.append(held)
    books.parts = _count_parts(state)
    writer.write_books()
    for start in range(0, len(stale), RECORDS):
        some = stale[start : start + RECORDS]
        writer.update([replace(held.item, mtime_ns=0, digest=b"") for held in some])


@dataclass(frozen=True)
class _There:
    """Ids that the collections hold, without regard to the books.

    Attributes:
        domains: number of each item's domain, by id.
        with_embedding: parts that have one.
        orphans: parts without an item.
    """

    domains: dict[int, int]
    with_embedding: frozenset[int]
    orphans: list[int]

    @classmethod
    def of(cls, state: State) -> _There:
        rows = state.rows_where("", ["id", "domain"])
        domains = {int(row["id"]): int(row["domain"]) for row in rows}
        parts: dict[int, bool] = {}
        for low, high in windows(state.meta.next_id, RECORDS):
            within = joined(state.visible, f"id >= {low}", f"id < {high}")
            found = state.link.query(schema.parts(state.link.name), within, ["id", "embedded"])
            parts |= {int(row["id"]): bool(row["embedded"]) for row in found}
        whole = frozenset(id_ for id_, embedded in parts.items() if embedded and id_ in domains)
        return cls(domains, whole, sorted(parts.keys() - domains.keys()))

    def embedded(self, state: State) -> dict[str, int]:
        """How many items of each domain have an embedding."""
        numbers = [self.domains[id_] for id_ in self.with_embedding]
        counts = np.bincount(np.array(numbers, np.int64), minlength=len(state.meta.domains))
        return dict(zip(state.meta.domains, counts.tolist(), strict=True))


def _drop_doubled(state: State) -> None:
    """Delete all but the newest of the items that share a key."""
    rows = list(state.rows_where("", ["id", "key_hash"]))
    ids = np.array([row["id"] for row in rows], np.int64)
    hashes = np.array([row["key_hash"] for row in rows], np.int64)
    _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
    newest: dict[str, int] = {}
    shared = ids[count[place] > 1].tolist() if len(ids) else []
    for held in sorted(state.held_ids(shared), key=lambda held: held.item.id):
        newest[held.item.key] = held.item.id
    doubled = sorted(set(shared) - set(newest.values()))
    kinds = [schema.structure(state.link.name, kind) for kind in state.books.structures]
    _delete(state, [schema.items(state.link.name), schema.parts(state.link.name), *kinds], doubled)


def _delete(state: State, names: Sequence[str], ids: Sequence[int]) -> None:
    for name in names if ids else ():
        state.link.delete(name, ids)
        state.link.settle(name)


def _emptied(books: Books) -> Books:
    """Books of the same index that count nothing."""
    names = books.meta.domains
    nothing = dict.fromkeys(names, 0)
    meta = replace(books.meta, counts=nothing, embedded=dict(nothing), unnamed={}, readers={})
    return replace(books, meta=meta, files=0, implied=0, parts={})


def _count_parts(state: State) -> dict[str, int]:
    parts = schema.parts(state.link.name)
    return {
        kind: state.link.count(parts, joined(state.visible, passing), strong=True)
        for kind, passing in schema.PARTS.items()
    }
