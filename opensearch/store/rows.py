"""Reads that need more than one row: items in order of key, embeddings across blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import codec, names, unnamed
from opensearch.store.blocks import Blocks, Ids
from opensearch.store.environment import Table, Transaction
from opensearch.store.meta import Meta


def items(txn: Transaction, tables: dict[str, Table], meta: Meta, ids: Sequence[int]) -> list[Item]:
    """Live items, in the order of `ids`.

    Raises:
        StoreError: no live item has one of these ids.
    """
    records = {id_: txn.get(names.number(id_), db=tables["items"]) for id_ in ids if id_ >= 0}
    found = {
        id_: codec.unpack_item(id_, record, meta.domains)
        for id_, record in records.items()
        if record is not None
    }
    if len(found) < len(records):
        found |= unnamed.find(txn, tables, meta, records.keys() - found.keys())
    for id_ in ids:
        if id_ not in found:
            raise StoreError(f"no item has the id {id_}; it was removed or replaced.")
    return [found[id_] for id_ in ids]


def item(txn: Transaction, tables: dict[str, Table], meta: Meta, id_: int) -> Item:
    """A live item; raises as `items`."""
    return items(txn, tables, meta, [id_])[0]


def page(
    txn: Transaction, tables: dict[str, Table], start: bytes, size: int
) -> tuple[list[tuple[bytes, int]], bytes | None]:
    """About `size` names and ids in order of name, and where the next page starts.

    A page never ends among names that share their first `HEAD` bytes: those are in order of
    key only once they are sorted together.
    """
    cursor = txn.cursor(tables["keys"])
    rows: list[tuple[bytes, int]] = []
    found = cursor.set_range(start) if start else cursor.first()
    while found:
        name = bytes(cursor.key())
        if len(rows) >= size and name[: names.HEAD] != rows[-1][0][: names.HEAD]:
            return rows, name
        rows.append((name, int.from_bytes(cursor.value(), "big")))
        found = cursor.next()
    return rows, None


def in_order(rows: list[tuple[bytes, int]], items: list[Item]) -> Iterator[Item]:
    """Items of a page in order of key."""
    pairs = zip(rows, items, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0][0][: names.HEAD]):
        yield from sorted((pair[1] for pair in group), key=lambda item: item.key)


def embeddings(
    txn: Transaction, tables: dict[str, Table], blocks: Blocks, ids: Ids, *, check: bool = False
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Embeddings of live items: rows (n, dim), zero where absent, and presence (n,)."""
    rows = np.zeros((len(ids), blocks.width), np.uint8)
    present = np.zeros(len(ids), np.bool_)
    domains = np.full(len(ids), -1)
    for at, id_ in enumerate(ids.tolist()):
        record = txn.get(names.number(id_), db=tables["items"]) if id_ >= 0 else None
        if record is not None:
            number, embedded = codec.HEADER.unpack_from(record)
            domains[at] = number if embedded else -1
    for number in np.unique(domains[domains >= 0]).tolist():
        mine = np.flatnonzero(domains == number)
        mine = mine[np.argsort(ids[mine], kind="stable")]
        rows[mine], present[mine] = blocks.find(txn, number, ids[mine], check=check)
    return rows.view(np.float16), present


def duplicates(txn: Transaction, table: Table, name: bytes) -> NDArray[np.int64]:
    """The ids that lie under one name, ascending."""
    return listed(txn, table, [name])


def listed(txn: Transaction, table: Table, row_names: Sequence[bytes]) -> NDArray[np.int64]:
    """The ids that lie under names of one width, ascending within each name."""
    pairs = txn.cursor(table).getmulti(row_names, dupdata=True, dupfixed_bytes=8, keyfixed=True)
    fields = np.dtype([("name", f"V{len(row_names[0])}"), ("id", ">i8")])
    return np.frombuffer(pairs, fields)["id"].astype(np.int64)
