"""Whether the tables of a store agree with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from opensearch.errors import Overtaken, StoreError
from opensearch.records import Item
from opensearch.store import codec, lmdb_keys, postings
from opensearch.store.blocks import Blocks, Ids
from opensearch.store.meta import Meta
from opensearch.store.tables import Table, Transaction

_SHOWN = 20
"""Sentences of one kind that are worth reading; the rest is counted."""


def problems(txn: Transaction, tables: dict[str, Table], meta: Meta) -> list[str]:
    """What does not agree: books, records, rows of codes and embeddings, links, tombstones.

    Returns:
        A sentence a problem; nothing for a sound store.
    """
    try:
        live, found = _records(txn, tables, meta)
        for number, name in enumerate(meta.domains):
            found += _rows(txn, tables, meta, number, live.get(name, ([], [])))
        found += _links(txn, tables, meta)
        found += _pictures(txn, tables, meta)
    except Overtaken:
        raise
    except StoreError as error:
        return [str(error)]
    if len(found) > _SHOWN:
        found[_SHOWN:] = [f"and {len(found) - _SHOWN} more problems"]
    return found


def _items(
    txn: Transaction, tables: dict[str, Table], meta: Meta, damaged: list[str]
) -> Iterator[tuple[Item, bool]]:
    """Items and whether they have an embedding; records that are damaged are told of instead."""
    for name, record in txn.cursor(tables["items"]):
        id_ = int.from_bytes(name, "big")
        try:
            item = codec.unpack_item(id_, record, meta.domains)
        except StoreError as error:
            damaged.append(str(error))
            continue
        if meta.summed and record[codec.HEADER.size] != codec.EIGHT:
            damaged.append(f"the record of item {id_} lacks its checksum")
        yield item, codec.HEADER.unpack_from(record)[1]


def _pictures(txn: Transaction, tables: dict[str, Table], meta: Meta) -> list[str]:
    """Thumbnails and imprints that the disk has changed."""
    summed = {"thumbnail": meta.summed, "imprint": "imprints" in tables}
    found = []
    for what in (what for what, has_sums in summed.items() if has_sums):
        for name, value in txn.cursor(tables[f"{what}s"]):
            try:
                codec.without_checksum(value, f"the {what} of item {int.from_bytes(name, 'big')}")
            except StoreError as error:
                found.append(str(error))
    return found


def _records(
    txn: Transaction, tables: dict[str, Table], meta: Meta
) -> tuple[dict[str, tuple[list[int], list[int]]], list[str]]:
    """Ids of each domain, all and embedded ones, and records that their links do not know."""
    live: dict[str, tuple[list[int], list[int]]] = {}
    found: list[str] = []
    posted = 0
    readers: Counter[str] = Counter()
    for item, embedded in _items(txn, tables, meta, found):
        ids, embedded_ids = live.setdefault(item.domain, ([], []))
        ids.append(item.id)
        readers[item.reader] += bool(item.reader)
        if embedded:
            embedded_ids.append(item.id)
        row = lmdb_keys.number(item.id)
        if txn.get(lmdb_keys.ordered(item.key), db=tables["keys"]) != row:
            found.append(f"item {item.id} is not found by its key {item.key!r}")
        for table, value in (("paths", item.path), ("digests", item.digest)):
            if value and not txn.cursor(tables[table]).set_key_dup(lmdb_keys.hashed(value), row):
                found.append(f"item {item.id} ({item.key!r}) is missing among the {table}")
        if meta.posted:
            lists = list(postings.row_names(item.category, item.metadata))
            cursor = txn.cursor(tables["postings"])
            posted += len(lists)
            if not all(cursor.set_key_dup(name, row) for name in lists):
                found.append(f"item {item.id} ({item.key!r}) is missing among the posting lists")
        if item.id >= meta.next_id:
            found.append(f"item {item.id} is above the next id {meta.next_id}")
    if meta.posted and txn.stat(tables["postings"])["entries"] != posted:
        held = txn.stat(tables["postings"])["entries"]
        found.append(f"the posting lists hold {held} entries, the items have {posted}")
    return live, found + _tally(readers, meta)


def _tally(readers: Counter[str], meta: Meta) -> list[str]:
    """Whether the books count items by their readers' versions as the items name them."""
    if not meta.summed or +readers == +Counter(meta.readers):
        return []
    return [f"the books count readers {meta.readers}, the items name {dict(+readers)}"]


def _rows(
    txn: Transaction,
    tables: dict[str, Table],
    meta: Meta,
    number: int,
    live: tuple[list[int], list[int]],
) -> list[str]:
    """Rows of codes and embeddings of a domain against its records, tombstones and books."""
    name = meta.domains[number]
    items, embedded = (np.array(ids, np.int64) for ids in live)
    dead = lmdb_keys.ids_under(txn, tables["tombstones"], lmdb_keys.domain(number))
    tables_of = Blocks(tables["codes"], meta.bits // 8), Blocks(tables["embeddings"], 2 * meta.dim)
    codes, vectors = (_ids(txn, blocks, number) for blocks in tables_of)
    found = []
    for what, ids, blocks in zip(("codes", "embeddings"), (codes, vectors), tables_of, strict=True):
        found += _blocks(txn, blocks, number, f"{what} of {name!r}", ids)
    lost = np.setdiff1d(items, codes)
    known = np.union1d(items, dead)
    unnamed = len(np.setdiff1d(codes, known, assume_unique=True))
    stray = len(known) + unnamed != len(codes) or np.isin(dead, items).any()
    if stray or unnamed != meta.unnamed.get(name, 0):
        found.append(
            f"{name!r} has {len(codes)} rows of codes for {len(items)} items and {len(dead)}"
            f" tombstones, and {meta.unnamed.get(name, 0)} without a record;"
            f" {len(lost)} items have no row{f', first {lost[0]}' if len(lost) else ''}"
        )
    if not np.array_equal(vectors[np.isin(vectors, dead, invert=True)], embedded):
        found.append(f"rows of embeddings of {name!r} are not those of its embedded items")
    counted = (meta.counts[name], meta.embedded[name], meta.tombstones[name])
    held = (len(items) + unnamed, len(embedded), len(dead))
    if counted != held:
        found.append(
            f"the books count {counted} items, embeddings and tombstones of {name!r},"
            f" the tables hold {held}"
        )
    return found


def _blocks(txn: Transaction, blocks: Blocks, number: int, what: str, ids: Ids) -> list[str]:
    """Blocks of a domain that the disk has changed, and ids in them that do not ascend."""
    found = []
    damaged = blocks.damaged(txn, number)
    if damaged:
        one = damaged == 1
        told = (
            f"block of {what} is not as it was" if one else f"blocks of {what} are not as they were"
        )
        found.append(
            f"{damaged} {told} written: the disk has changed {'it' if one else 'them'};"
            " restore the index from a copy, or build it again"
        )
    if (np.diff(ids) <= 0).any():
        found.append(f"ids are not unique and ascending among the {what}")
    return found


def _ids(txn: Transaction, blocks: Blocks, number: int) -> Ids:
    parts = [ids.copy() for ids, _ in blocks.walk(txn, number)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _links(txn: Transaction, tables: dict[str, Table], meta: Meta) -> list[str]:
    """Entries of keys, paths, digests and thumbnails that lead to no item."""
    items = sum(meta.counts.values()) - sum(meta.unnamed.values())
    sizes = Counter({name: txn.stat(tables[name])["entries"] for name in tables})
    found = []
    if sizes["keys"] != items or sizes["items"] != items:
        found.append(
            f"the books count {items} items with records, the tables hold {sizes['items']}"
            f" and {sizes['keys']} keys"
        )
    for table in ("paths", "digests"):
        for _, row in txn.cursor(tables[table]):
            if txn.get(row, db=tables["items"]) is None:
                found.append(
                    f"the {table} lead to item {int.from_bytes(row, 'big')}, which is gone"
                )
    for row in txn.cursor(tables["thumbnails"]).iternext(values=False):
        if txn.get(row, db=tables["items"]) is None:
            found.append(f"item {int.from_bytes(row, 'big')} is gone, its thumbnail is not")
    return found
