"""Text of an unknown encoding."""

from __future__ import annotations


def as_utf8(data: bytes) -> bytes:
    """Text of an unknown encoding made readable; only comments and names can be garbled."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode("utf-8")
    return data
