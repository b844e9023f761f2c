"""A query file that is also in the index is taken to be of the domain it was indexed as.

A folder or a manifest declared that domain; content alone cannot tell paintings from photos.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.catalog import digest, fingerprint
from opensearch.domains.collections.layout import placed
from opensearch.domains.opening.guess import GUESSED
from opensearch.domains.opening.opener import Opened
from opensearch.errors import OpenSearchError
from opensearch.limits import Limits
from opensearch.model import Input
from opensearch.model.inputs import Content, file_and_part
from opensearch.records import Item, Source, Up
from opensearch.store import Store

Embed: TypeAlias = "Callable[[Input, str | None, Up | None], tuple[Opened, NDArray[np.float32]]]"
"""Opens and embeds an input, as `Model.embed_one` does."""


def as_stored(embed: Embed, store: Store, limits: Limits) -> Embed:
    """As `embed`, but an input that is stored is embedded in its stored domain unless one is given.

    Args:
        embed: opens and embeds an input.
        store: where the items are.
        limits: no larger file is looked for.
    """

    def embedded(
        given: Input, domain: str | None, up: Up | None
    ) -> tuple[Opened, NDArray[np.float32]]:
        stored = stored_domain(given, store, limits) if domain is None else None
        found = embed(given, firm(stored) or domain, up)
        return embed(given, stored, up) if _was_said(stored, found[0]) else found

    return embedded


def _was_said(stored: str | None, opened: Opened) -> bool:
    """Whether the stored domain is more than a guess that a closer look at the file corrects."""
    if stored is None or stored == opened.domain:
        return False
    return stored == "sketch" or not opened.sure


def firm(stored: str | None) -> str | None:
    """The domain that something is stored as, where content alone would not have said so."""
    return None if stored in GUESSED else stored


def stored_domain(given: Input, store: Store, limits: Limits) -> str | None:
    """The domain that an input is stored as, by its path or by its content.

    `None` where it is not stored, or under several domains, none of them at its path.
    """
    if not isinstance(given, Path | Content):
        return None
    try:
        items = _at(given, store, limits) if isinstance(given, Path) else None
        if items is None:
            mark = _digest(given, limits)
            items = store.by_digest(mark) if mark else []
    except (OpenSearchError, OSError, ValueError):
        return None  # whoever reads it says why
    domains = {item.domain for item in items}
    return domains.pop() if len(domains) == 1 else None


def _at(given: Path, store: Store, limits: Limits) -> list[Item] | None:
    """The item that was read from a path, if the file there has not changed; `[]` of no file."""
    path, _ = file_and_part(given)
    if not path.is_file():
        return []
    now = fingerprint(path)
    item = store.by_path(str(placed(given)))
    if item is not None and (item.size, item.mtime_ns) == now:
        return [item]
    return [] if now[0] > limits.bytes else None


def _digest(given: Path | Content, limits: Limits) -> bytes:
    if isinstance(given, Content):
        return given.digest() if len(given.data) <= limits.bytes else b""
    path, part = file_and_part(given)
    return digest(Source(path, path.name, part))
