"""Bytes of a stored item: domain number, whether it has an embedding, msgpack, a checksum.

The seven fields of formats 1 and 2 stand alone; eight, with the reader's version, are followed by
a crc32 of all before it. The byte in which msgpack counts fields tells one from the other: they
differ in four bits.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import msgpack

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import NESTED, Item, Metadata

HEADER = struct.Struct(">H?")
"""Domain number and whether the item has an embedding; readable without unpacking the rest."""

SUM = 4
"""Bytes of a checksum."""

_METADATA = 6
"""The place of the metadata among the fields."""

_LEAST, _MOST = -(2**63), 2**64 - 1
"""Whole numbers that msgpack holds."""

EIGHT = 0x98
"""How msgpack begins a list of eight fields, a record's first byte behind its header."""


def with_checksum(value: bytes) -> bytes:
    """A value with its checksum behind it."""
    return value + zlib.crc32(value).to_bytes(SUM, "big")


def without_checksum(value: bytes | memoryview, what: str) -> memoryview:
    """A value without the checksum behind it.

    Raises:
        StoreError: the checksum does not match; `what` names the bytes in the text.
    """
    view = memoryview(value)
    body = view[:-SUM]
    if len(view) < SUM or zlib.crc32(body).to_bytes(SUM, "big") != view[-SUM:]:
        raise StoreError(
            f"{what} is damaged: its bytes are not those that were written; restore the index from"
            " a copy, or build it again."
        )
    return body


def pack_items(items: Iterable[Item], headers: Iterable[bytes], *, sums: bool) -> list[bytes]:
    """Records of items, each behind its header; with reader and checksum where `sums` says so.

    Raises:
        InvalidInput: metadata that are not JSON values.
    """
    rows = (
        (i.key, i.path, i.category, i.size, i.mtime_ns, i.digest, i.metadata, i.reader)
        for i in items
    )
    return _packed(rows, headers, sums)


def pack_codes(
    keys: Sequence[str],
    categories: Sequence[str | None] | None,
    metadata: Sequence[Metadata] | None,
    header: bytes,
    *,
    sums: bool,
) -> list[bytes]:
    """Records of ready codes of one domain, which have no file; as `pack_items` does."""
    nothing: Metadata = {}
    every = repeat(None) if categories is None else categories
    rest = repeat(nothing) if metadata is None else metadata
    fields = zip(keys, every, rest, strict=False)
    rows = ((key, "", category, 0, 0, b"", more, "") for key, category, more in fields)
    return _packed(rows, repeat(header), sums)


def _packed(rows: Iterable[tuple[Any, ...]], headers: Iterable[bytes], sums: bool) -> list[bytes]:
    pack = msgpack.Packer(unicode_errors="surrogatepass").pack
    records = []
    for fields, header in zip(rows, headers, strict=False):
        try:
            _check_json(fields[_METADATA])
            record = header + pack(fields if sums else fields[:-1])
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidInput(
                f"item {fields[0]!r} cannot be stored: {error}; metadata must be JSON values."
            ) from error
        records.append(with_checksum(record) if sums else record)
    return records


def _check_json(metadata: Any) -> None:
    """Refuse what msgpack would keep and no JSON can show: bytes, NaN, names that are no text.

    A loop, not recursion: what is nested may be deeper than Python can recurse.

    Raises:
        ValueError, TypeError: what it is; or lists and dicts lie too deep in each other.
    """
    rest: list[tuple[Iterable[Any], int]] = [((metadata,), 0)]
    while rest:
        values, deep = rest.pop()
        for value in values:
            if not isinstance(value, dict | list | tuple):
                _check_scalar(value)
            elif deep > NESTED:
                raise ValueError(f"lists and dicts lie more than {NESTED} deep in each other")
            else:
                rest.append((_inside(value), deep + 1))


def _inside(value: Any) -> Iterable[Any]:
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name of a field")
        name.encode()
    return value.values()


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise ValueError("it holds a whole number outside of -2**63 to 2**64 - 1; write it as text")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    elif isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("bytes are no text")


def unpack_item(id_: int, record: bytes | memoryview, domains: Sequence[str]) -> Item:
    """The item behind a record.

    Raises:
        StoreError: the record is damaged.
    """
    body, reader = record, ""
    if len(record) > HEADER.size and record[HEADER.size] == EIGHT:
        body = without_checksum(record, f"the record of item {id_}")
    try:
        number, _ = HEADER.unpack_from(body)
        fields = msgpack.unpackb(
            body[HEADER.size :], unicode_errors="surrogatepass", strict_map_key=False
        )
        if body is not record:
            reader = fields.pop()
        key, path, category, size, mtime_ns, digest, metadata = fields
        domain = domains[number]
    except (ValueError, TypeError, IndexError, struct.error, msgpack.UnpackException) as error:
        raise StoreError(
            f"the record of item {id_} is damaged ({error}); build the index again."
        ) from error
    return Item(id_, key, domain, path, category, size, mtime_ns, digest, metadata, reader)


def renewed(id_: int, record: bytes | memoryview, domains: Sequence[str]) -> bytes:
    """A sound record as the newest format has it.

    Raises:
        StoreError: the record is damaged.
    """
    unpack_item(id_, record, domains)
    raw = bytes(record)
    if raw[HEADER.size] == EIGHT:
        return raw
    fields = bytes([EIGHT]) + raw[HEADER.size + 1 :] + msgpack.packb("")
    return with_checksum(raw[: HEADER.size] + fields)


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
