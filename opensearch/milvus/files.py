"""Files in the books' collection, in pieces as large as a row holds, named by their sha256."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from opensearch.errors import StoreError
from opensearch.milvus.books import Shelf

_PIECE: Final = 45_000
"""Bytes of a file in one row; base64 makes 60,000 letters of them."""
_AT_ONCE: Final = 200
"""Pieces read or written at once."""


def write_file(shelf: Shelf, sha256: str, raw: bytes) -> None:
    """Keep a file of the model; one that is there is written over with the same."""
    names = _pieces(sha256, len(raw))
    for start in range(0, len(names), _AT_ONCE):
        texts = {}
        for place, name in enumerate(names[start : start + _AT_ONCE], start):
            piece = raw[place * _PIECE : (place + 1) * _PIECE]
            texts[name] = base64.b64encode(piece).decode("ascii")
        shelf.write(texts)


def read_file(shelf: Shelf, name: str, about: Mapping[str, Any]) -> bytes:
    """A file of the model.

    Args:
        shelf: where it is kept.
        name: for the message.
        about: its `sha256` and its size in `bytes`.

    Raises:
        StoreError: pieces are missing or damaged.
    """
    sha256, names = about["sha256"], _pieces(about["sha256"], int(about["bytes"]))
    parts: list[bytes] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        found = shelf.texts(*some)
        parts += [base64.b64decode(found.get(each, "")) for each in some]
    raw = b"".join(parts)
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise StoreError(
            f"the file {name} of the model in {shelf.address} is damaged or not whole; put the"
            f" model there again: `Engine.open({str(shelf.address)!r}, model, adopt=True)`"
        )
    return raw


def _pieces(sha256: str, size: int) -> list[str]:
    return [f"model/{sha256}/{place}" for place in range(-(-size // _PIECE))]
