"""Bytes of a stored item: domain number, whether it has an embedding, then msgpack."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import repeat

import msgpack

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item, Metadata

HEADER = struct.Struct(">H?")
"""Domain number and whether the item has an embedding; readable without unpacking the rest."""


def pack_items(items: Iterable[Item], headers: Iterable[bytes]) -> list[bytes]:
    """Records of items, each behind its header.

    Raises:
        InvalidInput: metadata that are not JSON values.
    """
    pack = msgpack.Packer(unicode_errors="surrogatepass").pack
    records = []
    for item, header in zip(items, headers, strict=True):
        fields = (item.key, item.path, item.category, item.size, item.mtime_ns, item.digest)
        try:
            records.append(header + pack((*fields, item.metadata)))
        except (TypeError, ValueError, OverflowError) as error:
            raise _refused(item.key, error) from error
    return records


def pack_codes(
    keys: Sequence[str],
    categories: Sequence[str | None] | None,
    metadata: Sequence[Metadata] | None,
    header: bytes,
) -> list[bytes]:
    """Records of ready codes of one domain, which have no file; as `pack_items` does."""
    pack = msgpack.Packer(unicode_errors="surrogatepass").pack
    nothing: Metadata = {}
    records = []
    every = repeat(None) if categories is None else categories
    rest = repeat(nothing) if metadata is None else metadata
    for key, category, more in zip(keys, every, rest, strict=False):
        try:
            records.append(header + pack((key, "", category, 0, 0, b"", more)))
        except (TypeError, ValueError, OverflowError) as error:
            raise _refused(key, error) from error
    return records


def _refused(key: str, error: Exception) -> InvalidInput:
    return InvalidInput(f"item {key!r} cannot be stored: {error}; metadata must be JSON values.")


def unpack_item(id_: int, record: bytes | memoryview, domains: Sequence[str]) -> Item:
    """The item behind a record.

    Raises:
        StoreError: the record is damaged.
    """
    try:
        number, _ = HEADER.unpack_from(record)
        key, path, category, size, mtime_ns, digest, metadata = msgpack.unpackb(
            record[HEADER.size :], unicode_errors="surrogatepass", strict_map_key=False
        )
        domain = domains[number]
    except (ValueError, TypeError, IndexError, struct.error, msgpack.UnpackException) as error:
        raise StoreError(
            f"the record of item {id_} is damaged ({error}); build the index again."
        ) from error
    return Item(id_, key, domain, path, category, size, mtime_ns, digest, metadata)


def checked(item: Item, domain: str) -> Item:
    """`item` under the domain it is stored in.

    Raises:
        InvalidInput: it names another one; its code is of the old domain.
    """
    if item.domain not in ("", domain):
        raise InvalidInput(
            f"item {item.key!r} is of domain {domain!r}, not {item.domain!r};"
            " put it again to move it to another domain."
        )
    return replace(item, domain=domain)
