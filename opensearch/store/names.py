"""Names of rows: how texts, digests and numbers become LMDB keys of at most 511 bytes."""

from __future__ import annotations

import hashlib

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
