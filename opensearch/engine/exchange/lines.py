"""The lines of an export: each is checked, whoever has written it, and they come in batches."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO

from opensearch.config import DOMAINS, is_domain
from opensearch.domains.collections.layout import encodable
from opensearch.engine.exchange.exporting import ITEMS, PAGE, THUMBNAILS
from opensearch.errors import UnreadableFile
from opensearch.records import Item

_KINDS: dict[str, tuple[type, ...]] = {
    "id": (int,),
    "key": (str, type(None)),
    "domain": (str,),
    "path": (str,),
    "category": (str, type(None)),
    "size": (int,),
    "mtime_ns": (int,),
    "digest": (str,),
    "metadata": (dict,),
    "embedded": (bool,),
    "thumbnail": (int,),
    "reader": (str,),
}
"""What a line may hold, whoever has written it."""

_LATER = ("reader",)
"""What lines of older exports lack."""


@dataclass(frozen=True)
class Line:
    """An item of the export, and what belongs to it; one without a key is a ready code."""

    row: int
    item: Item
    embedded: bool
    picture: bytes

    @property
    def kind(self) -> tuple[bool, str, bool]:
        """What lines of a batch share: an embedding or none; if keyless, domain and fields."""
        keyless = not self.item.key
        fields = self.item.category is not None or bool(self.item.metadata)
        return self.embedded, self.item.domain if keyless else "", keyless and not fields


def batches(folder: Path, total: int) -> Iterator[list[Line]]:
    """The lines of an export in batches of one kind.

    Raises:
        UnreadableFile: a line is no item, or there are not `total` of them.
    """
    count = 0
    with (
        (folder / ITEMS).open("rb") as text,
        (folder / THUMBNAILS).open("rb") as file,
    ):
        lines = (_line(folder, row, raw, file) for row, raw in enumerate(text))
        while page := list(islice(lines, PAGE)):
            count += len(page)
            if count > total:
                break
            for _, group in groupby(page, key=lambda line: line.kind):
                yield list(group)
    if count != total:
        raise UnreadableFile(
            f"{folder / ITEMS} does not have the {total} lines that the manifest counts; export"
            " the index again"
        )


def _line(folder: Path, row: int, raw: bytes, pictures: BinaryIO) -> Line:
    try:
        fields = json.loads(raw, parse_constant=_none)
        wrong = _wrong(fields)
        if wrong:
            raise ValueError(wrong)
        embedded, size = fields.pop("embedded"), fields.pop("thumbnail")
        fields["digest"] = bytes.fromhex(fields["digest"])
        fields["key"] = fields["key"] or ""
        item = Item(**fields)
        if not item.key and (embedded or size or item.path or item.digest):
            raise ValueError("without a key there can be no file and no embedding")
        left = os.fstat(pictures.fileno()).st_size - pictures.tell()
        if size > left:
            raise ValueError(f"its thumbnail has {size} bytes, {left} are left")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableFile(
            f"line {row + 1} of {folder / ITEMS} is not an item ({error}); export the index again"
        ) from error
    return Line(row, item, embedded, pictures.read(size))


def _wrong(fields: Any) -> str:
    """What an export would not have written, empty when all is well."""
    if not isinstance(fields, dict):
        return "it is not an object"
    for name, kinds in _KINDS.items():
        if name not in fields:
            if name in _LATER:
                continue
            return f"it lacks {name}"
        value: Any = fields[name]
        if not _is(value, kinds):
            return f"its {name} has the wrong type"
        least, most = (-(2**63), 2**64) if name == "mtime_ns" else (0, 2**63)
        if kinds == (int,) and not least <= value < most:
            return f"its {name} is out of range"
    return _wrong_domain(fields["domain"])


def _wrong_domain(name: str) -> str:
    if not name:
        return "it has no domain"
    if not encodable(name):
        return "its domain is not text in UTF-8"
    return "" if is_domain(name) else f"its domain {name!r} cannot name one: names have {DOMAINS}"


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value has one of these types; a bool is not a number."""
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _none(name: str) -> None:
    """What takes the place of NaN and infinity, which older exports may hold."""
