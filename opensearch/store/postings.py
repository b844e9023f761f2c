"""Posting lists: for each value of each field the ids of the items that have it.

A row of the table is named by the field (16-byte blake2b), the kind of value and the value, and
holds ids, ascending. Names of one field and kind lie in the order of the values, so a range of
values is a range of rows:

    n  a number as float64, its bits turned so that bytes sort as numbers do; x  not a number
    b  true or false
    t  text, or anything else as `str` writes it; a long one keeps its first `HEAD` bytes and a
       hash of the whole, so that only its record tells on which side of another it lies

The fields are the category and what metadata declare; a missing or null field has no row.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgpack
import numpy as np

from opensearch.records import Metadata
from opensearch.store import lmdb_keys
from opensearch.store.fields import Found
from opensearch.store.rows import Ids
from opensearch.store.tables import Table, Transaction

OWN = frozenset(("id", "key", "path", "domain", "category", "size"))
"""Fields that every item has; metadata of these names cannot be asked for."""

HEAD = 200
"""Bytes of a long text that stand in its name."""

_NUMBER, _NAN, _TRUTH, _TEXT = b"n", b"x", b"b", b"t"
_PLAIN = (str, int, float, bool, type(None))


def row_names(category: str | None, metadata: Metadata) -> Iterator[bytes]:
    """The rows that an item is entered in; its values as its record gives them back."""
    if category is not None:
        yield _prefix("category") + _value(category)
    for field, value in metadata.items():
        value = value if type(value) in _PLAIN else _as_stored(value)
        if value is not None and isinstance(field, str) and field not in OWN:
            yield _prefix(field) + _value(value)


def _prefix(field: str) -> bytes:
    return lmdb_keys.hashed(field)


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return _TRUTH + bytes([value])
    if isinstance(value, int | float):
        return _NUMBER + _sortable(float(value)) if value == value else _NAN
    return _TEXT + _text(str(value))


def _as_stored(value: Any) -> Any:
    """What a record gives back: tuples are lists, numbers of numpy are plain ones."""
    packed = msgpack.packb(value, unicode_errors="surrogatepass")
    return msgpack.unpackb(packed, unicode_errors="surrogatepass", strict_map_key=False)


def _sortable(value: float) -> bytes:
    """Eight bytes in the order of the numbers; -0.0 is 0.0."""
    raw = struct.pack(">d", value + 0.0)
    if raw[0] & 0x80:
        return bytes(255 - byte for byte in raw)
    return bytes([raw[0] | 0x80]) + raw[1:]


def _text(text: str) -> bytes:
    raw = lmdb_keys.text_bytes(text)
    return raw if len(raw) < HEAD else raw[:HEAD] + lmdb_keys.blake16(raw)


class Postings:
    """Ids by the values of their fields, as one transaction sees them."""

    def __init__(self, txn: Transaction, table: Table, keys: Table) -> None:
        self._txn = txn
        self._table = table
        self._keys = keys

    def has(self, field: str) -> bool:
        """Whether any item has a value of this field."""
        cursor, prefix = self._txn.cursor(self._table), _prefix(field)
        return bool(cursor.set_range(prefix)) and bytes(cursor.key()).startswith(prefix)

    def keys(self, accept: Callable[[str], bool]) -> Found:
        """Items with records whose key is accepted; of long keys the record must tell."""
        sure, unsure = [], []
        for name, id_ in self._txn.cursor(self._keys):
            raw = bytes(name)
            if len(raw) >= lmdb_keys.LONG:
                unsure.append(bytes(id_))
            elif accept(raw.decode("utf-8", "surrogatepass")):
                sure.append(bytes(id_))
        return Found(_numbers(sure), _numbers(unsure))

    def numbers(self, field: str, low: float, high: float, *, ends: tuple[bool, bool]) -> Ids:
        """Items whose number lies between `low` and `high`, each included if `ends` says so."""
        if math.isnan(low) or math.isnan(high):
            return np.zeros(0, np.int64)
        prefix = _prefix(field) + _NUMBER
        start = prefix + _sortable(low) + (b"" if ends[0] else b"\0")
        stop = prefix + _sortable(high) + (b"\0" if ends[1] else b"")
        return self._ids(self._between(start, stop))

    def equal_numbers(self, field: str, values: Iterable[float]) -> Ids:
        """Items whose number is one of these."""
        prefix = _prefix(field) + _NUMBER
        return self._ids({prefix + _sortable(value) for value in values})

    def equal_texts(self, field: str, values: Iterable[str]) -> Found:
        """Items whose text is one of these; of long ones the record must tell."""
        prefix = _prefix(field) + _TEXT
        found = {prefix + _text(value) for value in values}
        long = {name for name in found if len(name) >= len(prefix) + HEAD}
        return Found(self._ids(found - long), self._ids(long))

    def not_numbers(self, field: str) -> Ids:
        """Items whose value is the float that equals nothing, itself included."""
        return self._ids([_prefix(field) + _NAN])

    def truths(self, field: str, accept: Callable[[bool], bool]) -> Ids:
        """Items whose value is true or false and accepted."""
        accepted = [_value(value) for value in (False, True) if accept(value)]
        return self._ids(_prefix(field) + name for name in accepted)

    def texts(
        self, field: str, accept: Callable[[str], bool], low: str = "", high: str | None = None
    ) -> Found:
        """Items whose text is accepted; those below `low` and above `high` are not looked at."""
        prefix = _prefix(field) + _TEXT
        start = prefix + lmdb_keys.text_bytes(low)[:HEAD]
        stop = prefix[:-1] + b"u" if high is None else prefix + _behind(high)
        sure, unsure = [], []
        for name in self._between(start, stop):
            text = name[len(prefix) :]
            if len(text) >= HEAD:
                unsure.append(name)
            elif accept(text.decode("utf-8", "surrogatepass")):
                sure.append(name)
        return Found(self._ids(sure), self._ids(unsure))

    def _between(self, start: bytes, stop: bytes) -> list[bytes]:
        """Names of the rows from `start` on, before `stop`."""
        cursor = self._txn.cursor(self._table)
        found = []
        if cursor.set_range(start):
            for raw in cursor.iternext_nodup(keys=True, values=False):
                name = bytes(raw)
                if name >= stop:
                    break
                found.append(name)
        return found

    def _ids(self, row_names: Iterable[bytes]) -> Ids:
        """The ids of rows, ascending within each; rows of one width are read in one go."""
        by_width: dict[int, list[bytes]] = {}
        for name in row_names:
            by_width.setdefault(len(name), []).append(name)
        parts = [
            lmdb_keys.ids_under_all(self._txn, self._table, group) for group in by_width.values()
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _numbers(rows: list[bytes]) -> Ids:
    """Ids as rows hold them, as an array."""
    return np.frombuffer(b"".join(rows), ">i8").astype(np.int64)


def _behind(text: str) -> bytes:
    """A name past all that start as the name of `text` does, and past no other."""
    raw = lmdb_keys.text_bytes(text)
    return raw + b"\0" if len(raw) < HEAD else raw[:HEAD] + b"\xff" * 17
