"""Copying what is live in a store to a new one: full blocks, no tombstones, every list in order.

The books are written last, so that a copy cut short is no store. Memory stays flat: rows are
copied in transactions of a few megabytes, all read from one snapshot of the old store, and each is
compared with its checksum first: a copy never gives damage a valid checksum.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from opensearch.errors import StoreError
from opensearch.store import codec, lmdb_keys, postings
from opensearch.store import meta as books
from opensearch.store.blocks import Blocks, Ids, Rows
from opensearch.store.environment import Environment
from opensearch.store.meta import FORMAT, Meta
from opensearch.store.tables import Table, Transaction

CHUNK = 2**22
"""Bytes copied in one transaction, about."""

_COUNTED = ("items", "keys", "paths", "digests", "thumbnails")
"""Tables whose rows are the same in number in both stores."""

Pair = tuple[bytes, bytes]


def size(txn: Transaction, tables: dict[str, Table]) -> int:
    """Bytes of the pages that the tables fill: as much as a copy takes, or more."""
    total = 0
    for table in tables.values():
        stat = txn.stat(table)
        pages = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        total += pages * stat["psize"]
    return total


def copy(txn: Transaction, tables: dict[str, Table], meta: Meta, target: Environment) -> None:
    """Copy every live row of a store to an empty environment.

    Raises:
        StoreError: there is a store, it cannot be written, the old one is damaged, or the copy
            would lack something.
    """
    with target.read() as fresh:
        if books.exists(target, fresh):
            raise StoreError(f"there is a store in {str(target.folder)!r}; it is left as it is.")
    for name in ("keys", "paths", "digests"):
        _put(target, name, txn.cursor(tables[name]))
    _put(target, "items", _records(txn, tables, meta))
    _put(target, "thumbnails", _pictures(txn, tables, meta))
    if "imprints" in tables:
        _put(target, "imprints", _imprints(txn, tables))
    if meta.posted:
        _put(target, "postings", txn.cursor(tables["postings"]))
    else:
        _post_all(txn, tables, meta, target)
    for number in range(len(meta.domains)):
        dead = lmdb_keys.ids_under(txn, tables["tombstones"], lmdb_keys.domain(number))
        for name, width in (("codes", meta.bits // 8), ("embeddings", 2 * meta.dim)):
            blocks = Blocks(tables[name], width)
            live = _live(blocks.walk(txn, number, check=True), dead)
            _append(target, name, number, _in_full_blocks(live, blocks.limit), width)
    _check(txn, tables, meta, target)
    _put(target, "meta", books.marks(txn, tables["meta"]), append=False)
    fresh_books = replace(
        meta,
        identity=secrets.token_hex(16),
        last_transaction=meta.last_transaction + 1,
        tombstones=dict.fromkeys(meta.tombstones, 0),
        format=FORMAT,
        origin=meta.lineage,
    )
    target.write(lambda write: books.save(target, write, fresh_books))


def _records(txn: Transaction, tables: dict[str, Table], meta: Meta) -> Iterator[Pair]:
    for row, record in txn.cursor(tables["items"]):
        yield row, codec.renewed(int.from_bytes(row, "big"), record, meta.domains)


def _pictures(txn: Transaction, tables: dict[str, Table], meta: Meta) -> Iterator[Pair]:
    for row, picture in txn.cursor(tables["thumbnails"]):
        if meta.summed:
            codec.without_checksum(picture, f"the thumbnail of item {int.from_bytes(row, 'big')}")
        yield row, picture if meta.summed else codec.with_checksum(bytes(picture))


def _imprints(txn: Transaction, tables: dict[str, Table]) -> Iterator[Pair]:
    """Those of items that are there; older versions leave the imprints of items they remove."""
    for row, imprint in txn.cursor(tables["imprints"]):
        if txn.get(row, db=tables["items"]) is not None:
            codec.without_checksum(imprint, f"the imprint of item {int.from_bytes(row, 'big')}")
            yield row, imprint


def _put(target: Environment, name: str, pairs: Iterable[Pair], *, append: bool = True) -> None:
    """Put rows, which are in order unless `append` is false."""
    for chunk in _chunks(pairs):
        target.write(partial(_put_chunk, target.tables[name], chunk, append))


def _put_chunk(table: Table, chunk: list[Pair], append: bool, txn: Transaction) -> None:
    txn.cursor(table).putmulti(chunk, append=append)


def _chunks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    chunk: list[Pair] = []
    held = 0
    for pair in pairs:
        chunk.append(pair)
        held += len(pair[0]) + len(pair[1]) + 64
        if held >= CHUNK:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def _post_all(txn: Transaction, tables: dict[str, Table], meta: Meta, target: Environment) -> None:
    """Make the posting lists that an older format lacks."""
    for chunk in _chunks(txn.cursor(tables["items"])):
        pairs = []
        for row, record in chunk:
            item = codec.unpack_item(int.from_bytes(row, "big"), record, meta.domains)
            lists = postings.row_names(item.category, item.metadata)
            pairs += [(name, bytes(row)) for name in lists]
        _put(target, "postings", sorted(pairs), append=False)


def _live(walk: Iterator[tuple[Ids, Rows]], dead: Ids) -> Iterator[tuple[Ids, Rows]]:
    for ids, held in walk:
        keep = np.isin(ids, dead, invert=True)
        if keep.any():
            yield ids[keep], held[keep]


def _in_full_blocks(pieces: Iterator[tuple[Ids, Rows]], limit: int) -> Iterator[tuple[Ids, Rows]]:
    """The same rows in blocks of `limit`, the last one with what is left."""
    waiting: list[tuple[Ids, Rows]] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece[0])
        if count >= limit:
            ids, held = _joined(waiting)
            whole = count - count % limit
            for start in range(0, whole, limit):
                yield ids[start : start + limit], held[start : start + limit]
            waiting, count = [(ids[whole:], held[whole:])], count - whole
    if count:
        yield _joined(waiting)


def _joined(pieces: list[tuple[Ids, Rows]]) -> tuple[Ids, Rows]:
    return np.concatenate([ids for ids, _ in pieces]), np.concatenate([held for _, held in pieces])


def _append(
    target: Environment, name: str, domain: int, pieces: Iterator[tuple[Ids, Rows]], width: int
) -> None:
    blocks = Blocks(target.tables[name], width, checksums=True)
    for ids, held in pieces:
        target.write(partial(blocks.append, domain=domain, ids=ids, rows=held))


def _check(txn: Transaction, tables: dict[str, Table], meta: Meta, target: Environment) -> None:
    """Refuse a copy with fewer rows than there were; the old store stays the one in use."""
    with target.read() as fresh:
        for name in _COUNTED:
            there = fresh.stat(target.tables[name])["entries"]
            _check_count(target, name, there, txn.stat(tables[name])["entries"])
        for what, counts, width in (
            ("codes", meta.counts, meta.bits // 8),
            ("embeddings", meta.embedded, 2 * meta.dim),
        ):
            blocks = Blocks(target.tables[what], width)
            for number, domain in enumerate(meta.domains):
                there = sum(len(ids) for ids, _ in blocks.walk(fresh, number))
                _check_count(target, f"{what} of {domain!r}", there, counts[domain])


def _check_count(target: Environment, what: str, there: int, wanted: int) -> None:
    if there != wanted:
        raise StoreError(
            f"the copy in {str(target.folder)!r} has {there} of {wanted} {what}; the index"
            " stays as it was; check it with verify."
        )
