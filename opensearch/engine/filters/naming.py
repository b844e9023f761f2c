"""Items by the keys that a person gives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from opensearch.errors import InvalidInput
from opensearch.records import Item
from opensearch.spelling import several_in
from opensearch.store import Store

_ESCAPED: Final = re.compile(r"\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4})")


def item_named(store: Store, key: str) -> Item | None:
    """The item of a key, or of one that reads the same.

    An accent may be a part of its letter or a mark behind it (macOS names files so), which nobody
    sees and keyboards decide; and lists print what cannot be printed with a backslash.
    """
    return next(filter(None, map(store.by_key, dict.fromkeys(_readings(key)))), None)


def wanted_item(store: Store, key: str, several: str | None = None) -> Item:
    """The item of a key as `item_named` finds it.

    Args:
        several: the argument that takes a list of keys; `None` if only one is accepted.

    Raises:
        InvalidInput: there is none.
    """
    item = item_named(store, key)
    if item is None:
        meant = several_in(key, several, store.by_key) if several else ""
        raise InvalidInput(f"the index has no item {key!r}; hits show the keys there are{meant}")
    return item


def _readings(key: str) -> Iterator[str]:
    plain = _ESCAPED.sub(lambda found: found[0].encode().decode("unicode_escape"), key)
    for text in (key, plain):
        yield text
        yield unicodedata.normalize("NFC", text)
        yield unicodedata.normalize("NFD", text)
