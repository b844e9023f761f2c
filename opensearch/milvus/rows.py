"""An item as a row of Milvus and back, and what expressions say of rows.

The record is the truth, as JSON in ASCII letters. `fields` repeats what filters can ask the server
for: texts, finite numbers and flags. An item with anything else has `plain` false and no fields;
there are few of them, and their records are read instead.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus.schema import TEXT
from opensearch.records import Item, Metadata, is_number
from opensearch.store import implied_key

OWN: Final = frozenset(("id", "key", "path", "domain", "category", "size"))
"""Fields that every item has; metadata of these names cannot be asked for."""

_NAME: Final = re.compile(r"[\w .:@+-]{1,100}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST: Final = 60_000
"""Bytes of fields; a row of more than 64 KiB of them is refused by the server."""


def hashed(text: str | bytes) -> int:
    """A number of 63 bits that finds a text again, 0 for an empty one; two may share it."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    digest = hashlib.blake2b(raw, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 if raw else 0


def record_of(item: Item) -> str:
    """The record of an item, without id and domain.

    Raises:
        InvalidInput: metadata that are not JSON values, or more than a row can hold.
    """
    fields = (item.key, item.path, item.category, item.size, item.mtime_ns, item.digest.hex(),
              item.metadata, item.reader)  # fmt: skip
    try:
        _check_names(item.metadata)
        text = json.dumps(fields, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"item {item.key!r} cannot be stored: {error}; metadata must be JSON values."
        ) from error
    if len(text) > TEXT:
        raise InvalidInput(
            f"item {item.key[:200]!r} cannot be stored: its record has {len(text)} bytes, and"
            f" Milvus holds {TEXT} of one; give it shorter metadata, or keep this index in a folder"
        )
    return text


def _check_names(value: Any) -> None:
    """Refuse names that are no texts, which JSON would make into texts."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if not isinstance(name, str):
                raise TypeError(f"{name!r} is no name of a field")
            _check_names(inside)
    elif isinstance(value, list | tuple):
        for inside in value:
            _check_names(inside)


def item_of(id_: int, record: str, domain: str) -> Item:
    """The item behind a record; an empty one is of a ready code, whose id names it.

    Raises:
        StoreError: the record is damaged.
    """
    if not record:
        return Item(id_, implied_key(domain, id_), domain)
    try:
        key, path, category, size, mtime_ns, digest, metadata, reader = json.loads(record)
        raw = bytes.fromhex(digest)
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"the record of item {id_} is damaged ({error}); build the index again."
        ) from error
    return Item(id_, key, domain, path, category, size, mtime_ns, raw, metadata, reader)


def fields_of(category: str | None, metadata: Metadata) -> dict[str, Any] | None:
    """What filters can ask the server for; `None` where the record must be asked."""
    found: dict[str, Any] = {}
    values = {name: value for name, value in metadata.items() if name not in OWN}
    if category is not None:
        values["category"] = category
    for name, value in values.items():
        if value is None:
            continue
        if not _NAME.fullmatch(name) or not _is_plain(value):
            return None
        found[name] = float(value) if is_number(value) else value
    return found if _size(found) <= _LONGEST else None


def _size(fields: dict[str, Any]) -> int:
    """Bytes of fields as JSON, at most."""
    texts = (len(value) if isinstance(value, str) else 0 for value in fields.values())
    return sum(6 * (len(name) + 10) for name in fields) + 6 * sum(texts)


def _is_plain(value: Any) -> bool:
    match value:
        case bool():
            return True
        case int():
            return abs(value) < 2**53
        case float():
            return math.isfinite(value)
        case str():
            return not _CONTROL.search(value)
    return False


def row_of(item: Item, id_: int, code: bytes, number: int, *, bare: bool = False) -> dict[str, Any]:
    """A row of the items' collection; `bare` is a ready code without a record.

    Raises:
        InvalidInput: as `record_of`.
    """
    fields = fields_of(item.category, item.metadata)
    return {
        "id": id_,
        "code": code,
        "domain": number,
        "key_hash": hashed(item.key),
        "path_hash": hashed(item.path),
        "digest_hash": hashed(item.digest),
        "plain": fields is not None,
        "fields": fields or {},
        "record": "" if bare else record_of(item),
    }


def part_of(
    id_: int, embedding: NDArray[np.float16] | None, thumbnail: bytes, imprint: bytes, dim: int
) -> dict[str, Any]:
    """A row of the parts' collection.

    Raises:
        InvalidInput: a thumbnail or an imprint of more bytes than a row can hold.
    """
    vector = bytes(max(1, 2 * dim)) if embedding is None or not dim else embedding.tobytes()
    row: dict[str, Any] = {
        "id": id_,
        "embedding": vector,
        "embedded": embedding is not None,
        "thumbnail": base64.b64encode(thumbnail).decode("ascii"),
        "imprint": base64.b64encode(imprint).decode("ascii"),
    }
    for name in ("thumbnail", "imprint"):
        if len(row[name]) > TEXT:
            raise InvalidInput(
                f"a {name} has more bytes than the {TEXT * 3 // 4} that Milvus holds of one; make"
                " it smaller, or keep this index in a folder"
            )
    return row


def parts_in(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many rows of the parts' collection there are, by kind."""
    thumbnails, imprints = (
        sum(1 for row in rows if row[name]) for name in ("thumbnail", "imprint")
    )
    return {"rows": len(rows), "thumbnails": thumbnails, "imprints": imprints}


def bytes_of(vector: Any) -> bytes:
    """The bytes of a binary vector, as pymilvus of any version gives it."""
    return bytes(vector[0] if isinstance(vector, list) else vector)


def quoted(text: str) -> str:
    """A text as an expression writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def among(field: str, numbers: Iterable[int]) -> str:
    """An expression: a number is one of these."""
    return f"{field} in [{','.join(map(str, numbers))}]"


def joined(*expressions: str) -> str:
    """An expression that all of these make true; empty ones always are."""
    return " and ".join(f"({each})" for each in expressions if each)


def windows(stop: int, width: int, start: int = 0) -> Iterable[tuple[int, int]]:
    """Ids from `start` to below `stop` in windows, each from and to below."""
    return ((at, min(at + width, stop)) for at in range(start, stop, width))


def ascending(ids: Sequence[int]) -> NDArray[np.int64]:
    """Ids in order."""
    return np.sort(np.array(ids, np.int64))
