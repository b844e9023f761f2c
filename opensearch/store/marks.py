"""How far a long job has come, kept in the transactions of the job itself.

A mark is a row beside the books, which older versions pass over; `compact` carries it along.
"""

from __future__ import annotations

from collections.abc import Iterator

from opensearch.store import names
from opensearch.store.environment import Table, Transaction
from opensearch.store.protocol import Mark

_PREFIX = b"mark "


def read(txn: Transaction, table: Table, name: str) -> int:
    """How much of a job is done, 0 where nothing is known of it."""
    value = txn.get(_PREFIX + names.hashed(name), db=table)
    return 0 if value is None else int.from_bytes(value, "big")


def write(txn: Transaction, table: Table, mark: Mark) -> None:
    """Set a mark, or remove it."""
    row = _PREFIX + names.hashed(mark.name)
    if mark.done is None:
        txn.delete(row, db=table)
    else:
        txn.put(row, names.number(mark.done), db=table)


def walk(txn: Transaction, table: Table) -> Iterator[tuple[bytes, bytes]]:
    """All marks as rows."""
    for row, value in txn.cursor(table):
        if bytes(row).startswith(_PREFIX):
            yield row, value
