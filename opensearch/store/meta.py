"""The books of a store: one row and its checksum, written in the transaction they count.

Beside them lie marks: how far a long job has come, set in the transactions of the job itself.
Older versions pass over them; `compact` carries them along.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import msgpack

from opensearch.errors import StoreError
from opensearch.store import lmdb_keys
from opensearch.store.environment import Environment
from opensearch.store.rows import Mark
from opensearch.store.tables import Table, Transaction

FORMAT = 3
"""Version of the layout on disk; a newer one is refused.

A store keeps the format it was made in, and `compact` writes the newest: 1 has no posting lists,
2 no checksums of records, pictures and these books, no reader's version of an item and no `origin`.
"""

_NAME = b"meta"
_SUM = b"meta crc32"
_MARK = b"mark "


@dataclass(slots=True)
class Meta:
    """What a store holds. A domain's number is its place in `counts`.

    `counts`, `embedded`, `tombstones` and `unnamed` are per domain: live items, those of them
    with an embedding, deleted rows that still lie in blocks, and live items without a record,
    where there are any. `identity` is made once for a store, `origin` once for an index: every
    compaction gives the index a store of a new identity and keeps its origin. `readers` counts live
    items by the version of the reader that read their file, where that is known.
    """

    identity: str
    bits: int
    dim: int
    next_id: int = 0
    last_transaction: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    embedded: dict[str, int] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT
    unnamed: dict[str, int] = field(default_factory=dict)
    origin: str = ""
    readers: dict[str, int] = field(default_factory=dict)

    @property
    def summed(self) -> bool:
        """Whether records, thumbnails and these books have a checksum."""
        return self.format >= 3

    @property
    def lineage(self) -> str:
        """What all stores of one index have in common; older formats have their identity alone."""
        return self.origin or self.identity

    @property
    def posted(self) -> bool:
        """Whether fields have posting lists."""
        return self.format >= 2

    @property
    def domains(self) -> list[str]:
        """Names of the domains ever stored, by their numbers."""
        return list(self.counts)

    @property
    def held(self) -> list[str]:
        """Names of the domains that hold items."""
        return [domain for domain, count in self.counts.items() if count]

    def number(self, domain: str) -> int:
        """The number of a domain, given to it now when it is new."""
        if domain not in self.counts:
            for book in (self.counts, self.embedded, self.tombstones):
                book[domain] = 0
        return self.domains.index(domain)


def exists(environment: Environment, txn: Transaction) -> bool:
    """Whether the creation of this store was completed."""
    return txn.get(_NAME, db=environment.tables["meta"]) is not None


def load(environment: Environment, txn: Transaction) -> Meta:
    """The books as this transaction sees them.

    Raises:
        StoreError: they are missing, damaged or of a newer format.
    """
    value = txn.get(_NAME, db=environment.tables["meta"])
    where = repr(str(environment.folder))
    if value is None:
        raise StoreError(f"the creation of {where} was cut short; create it again.")
    try:
        books: dict[str, Any] = msgpack.unpackb(value)
        version = books["format"]
        if version <= FORMAT:
            meta = Meta(**books)
            summed = txn.get(_SUM, db=environment.tables["meta"]) if meta.summed else None
            if meta.summed and (summed is None or bytes(summed) != _sum(value)):
                raise ValueError("their bytes are not those that were written")
            return meta
    except (ValueError, TypeError, KeyError, AttributeError, msgpack.UnpackException) as error:
        raise StoreError(f"the books of {where} are damaged ({error}); rebuild it.") from error
    raise StoreError(
        f"{where} is of format {version}, this version reads up to {FORMAT};"
        " upgrade opensearch, or build the index again."
    )


def save(environment: Environment, txn: Transaction, meta: Meta) -> None:
    """Write the books in the transaction that they count."""
    books = asdict(meta)
    books["unnamed"] = {domain: count for domain, count in meta.unnamed.items() if count}
    if not books["unnamed"]:  # then there is nothing that a reader would have to know of
        del books["unnamed"]
    books["readers"] = {version: count for version, count in meta.readers.items() if count}
    if not books["readers"]:
        del books["readers"]
    if not meta.summed:  # an older version knows its own fields alone
        del books["origin"]
    value = msgpack.packb(books)
    txn.put(_NAME, value, db=environment.tables["meta"])
    if meta.summed:
        txn.put(_SUM, _sum(value), db=environment.tables["meta"])


def _sum(value: bytes | memoryview) -> bytes:
    return zlib.crc32(value).to_bytes(4, "big")


def read_mark(txn: Transaction, table: Table, name: str) -> int:
    """How much of a job is done, 0 where nothing is known of it."""
    value = txn.get(_MARK + lmdb_keys.hashed(name), db=table)
    return 0 if value is None else int.from_bytes(value, "big")


def write_mark(txn: Transaction, table: Table, mark: Mark) -> None:
    """Set a mark, or remove it."""
    row = _MARK + lmdb_keys.hashed(mark.name)
    if mark.done is None:
        txn.delete(row, db=table)
    else:
        txn.put(row, lmdb_keys.number(mark.done), db=table)


def marks(txn: Transaction, table: Table) -> Iterator[tuple[bytes, bytes]]:
    """All marks as rows."""
    for row, value in txn.cursor(table):
        if bytes(row).startswith(_MARK):
            yield row, value
