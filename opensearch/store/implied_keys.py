"""Items without a record: a row of codes, and a key that its id implies.

Ready codes in bulk need no more. An id that has a row in the blocks of a domain, no record and
no tombstone is such an item; the books count them, so that `verify` tells them from lost records.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from opensearch.records import Item
from opensearch.store import lmdb_keys
from opensearch.store.blocks import Blocks
from opensearch.store.meta import Meta
from opensearch.store.tables import Table, Transaction

_MARK = "/#"
_DIGITS = 15
"""Longest number of an implied key, far above any id."""


def key_of(domain: str, id_: int) -> str:
    """The key that an id implies: `photo/#17`."""
    return f"{domain}{_MARK}{id_}"


def split_key(key: str) -> tuple[str, int] | None:
    """Domain and id that a key implies; `None` for a key of any other form."""
    domain, mark, number = key.rpartition(_MARK)
    if not mark or not number.isascii() or not number.isdigit() or len(number) > _DIGITS:
        return None
    return (domain, int(number)) if number == str(int(number)) else None


def find(
    txn: Transaction, tables: dict[str, Table], meta: Meta, ids: Iterable[int]
) -> dict[int, Item]:
    """Those of the ids, none of which has a record, that are live items."""
    wanted = np.array(sorted({id_ for id_ in ids if id_ >= 0}), np.int64)
    blocks = Blocks(tables["codes"], meta.bits // 8)
    found: dict[int, Item] = {}
    for number, domain in enumerate(meta.domains):
        if meta.unnamed.get(domain) and len(wanted):
            if meta.unnamed[domain] == meta.next_id:  # every id ever given: nothing to look up
                live = wanted[wanted < meta.next_id].tolist()
            else:
                held = wanted[blocks.find(txn, number, wanted)[1]]
                live = _live(txn, tables, number, held.tolist())
            found |= {id_: Item(id_, key_of(domain, id_), domain) for id_ in live}
    return found


def ids_of(
    txn: Transaction, tables: dict[str, Table], meta: Meta, keys: Iterable[str]
) -> list[int]:
    """Ids of the live items without a record whose implied keys are among `keys`."""
    if not any(meta.unnamed.values()):
        return []
    ids = []
    for key in keys:
        implied = split_key(key) if _MARK in key else None
        if (
            implied is not None
            and txn.get(lmdb_keys.number(implied[1]), db=tables["items"]) is None
        ):
            id_ = implied[1]
            item = find(txn, tables, meta, [id_]).get(id_)
            if item is not None and item.key == key:
                ids.append(id_)
    return ids


def free_start(txn: Transaction, tables: dict[str, Table], domain: str, first: int, n: int) -> int:
    """The lowest id from `first` on, from which n ids imply keys that no record has.

    A record has such a key when a caller gave it; then its number is passed over.
    """
    head = lmdb_keys.text_bytes(domain + _MARK)[: lmdb_keys.HEAD]
    cursor = txn.cursor(tables["keys"])
    if not cursor.set_range(head) or not bytes(cursor.key()).startswith(head):
        return first
    while True:
        by_name = {lmdb_keys.ordered(key_of(domain, id_)): id_ for id_ in range(first, first + n)}
        taken = [by_name[bytes(name)] for name, _ in cursor.getmulti(list(by_name))]
        if not taken:
            return first
        first = max(taken) + 1


def among(
    txn: Transaction, tables: dict[str, Table], number: int, ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Those of the ascending ids of a block of this domain that are live without a record."""
    rows, last = [], lmdb_keys.number(int(ids[-1]))
    cursor = txn.cursor(tables["items"])
    found = cursor.set_range(lmdb_keys.number(int(ids[0])))
    while found and bytes(cursor.key()) <= last:
        rows.append(bytes(cursor.key()))
        found = cursor.next()
    recorded = np.frombuffer(b"".join(rows), ">i8").astype(np.int64)
    left: NDArray[np.int64] = ids[np.isin(ids, recorded, invert=True)]
    return np.array(_live(txn, tables, number, left.tolist()), np.int64)


def _live(txn: Transaction, tables: dict[str, Table], number: int, ids: Iterable[int]) -> list[int]:
    """The ids of a domain without a tombstone."""
    cursor, domain = txn.cursor(tables["tombstones"]), lmdb_keys.domain(number)
    return [id_ for id_ in ids if not cursor.set_key_dup(domain, lmdb_keys.number(id_))]
