"""Names of rows: how texts, digests and numbers become LMDB keys of at most 511 bytes.

And the ids that lie under such a name, in the tables that list several under one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONG = 495
"""Bytes of the name of a long key: `HEAD` bytes of its text and 16 of its blake2b."""

HEAD = LONG - 16


def text_bytes(text: str) -> bytes:
    """Any text as bytes that sort as the text does; lone surrogates of odd file names pass."""
    return text.encode("utf-8", "surrogatepass")


def ordered(key: str) -> bytes:
    """The name of an item's key: its own text, so that rows lie in order of key.

    A text of `LONG` bytes or more keeps its first `HEAD` bytes, and the blake2b of the whole
    stands for the rest; such rows are in order only up to their first `HEAD` bytes.
    """
    raw = text_bytes(key)
    return raw if len(raw) < LONG else raw[:HEAD] + blake16(raw)


def blake16(raw: bytes) -> bytes:
    """The 16-byte blake2b of `raw`."""
    return hashlib.blake2b(raw, digest_size=16).digest()


def hashed(value: str | bytes) -> bytes:
    """The name of a path or a digest: 16-byte blake2b."""
    return blake16(text_bytes(value) if isinstance(value, str) else value)


def number(value: int) -> bytes:
    """An id as eight bytes, big-endian, so that rows lie in order of id."""
    return value.to_bytes(8, "big")


def domain(value: int) -> bytes:
    """A domain's number as two bytes, big-endian."""
    return value.to_bytes(2, "big")


def ids_under(txn: Any, table: Any, name: bytes) -> NDArray[np.int64]:
    """The ids that lie under one name, ascending."""
    return ids_under_all(txn, table, [name])


def ids_under_all(txn: Any, table: Any, row_names: Sequence[bytes]) -> NDArray[np.int64]:
    """The ids that lie under names of one width, ascending within each name."""
    pairs = txn.cursor(table).getmulti(row_names, dupdata=True, dupfixed_bytes=8, keyfixed=True)
    fields = np.dtype([("name", f"V{len(row_names[0])}"), ("id", ">i8")])
    return np.frombuffer(pairs, fields)["id"].astype(np.int64)
