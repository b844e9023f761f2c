"""All items of one moment, whatever is written while they are read.

Their records are copied to a temporary file as they are, within one read; they are unpacked one by
one, after it has ended. So no read stays open for as long as a caller takes, which would keep
writers of this process from growing the map, and memory stays flat.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

import numpy as np

from opensearch.records import Item
from opensearch.store import codec, implied_keys
from opensearch.store.reader import Reader
from opensearch.store.rows import Ids

IN_MEMORY: Final = 2**24
"""Bytes of records from which they go to the disk."""

_ROW: Final = struct.Struct(">QI")
"""Id, and bytes of the record that follows."""


def set_aside(reader: Reader, file: IO[bytes]) -> dict[str, Ids]:
    """Write the records of all items to a file; give the ids of those without one, by domain."""
    file.seek(0)
    file.truncate()
    for name, record in reader.txn.cursor(reader.tables["items"]):
        file.write(_ROW.pack(int.from_bytes(name, "big"), len(record)))
        file.write(record)
    meta = reader.meta
    return {
        domain: implied_keys.among(
            reader.txn, reader.tables, meta.number(domain), reader.ids(domain)
        )
        for domain in meta.domains
        if meta.unnamed.get(domain)
    }


def read_back(
    file: IO[bytes], domains: Sequence[str], without: Mapping[str, Ids]
) -> Iterator[Item]:
    """The items: those with records by id, then those without, by domain and id.

    Args:
        file: what `set_aside` has written.
        domains: by their numbers.
        without: ids of items without a record, by domain.

    Raises:
        StoreError: a record is damaged.
    """
    file.seek(0)
    while head := file.read(_ROW.size):
        id_, size = _ROW.unpack(head)
        yield codec.unpack_item(id_, file.read(size), domains)
    for domain, ids in without.items():
        for id_ in np.sort(ids).tolist():
            yield Item(id_, implied_keys.key_of(domain, id_), domain)
