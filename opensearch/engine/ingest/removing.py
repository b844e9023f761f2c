"""Removing items by key, filter or folder, and telling `add` to ignore their files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from opensearch.engine.filters.finding import find, items, refuse_remarks
from opensearch.engine.ingest import left_out
from opensearch.engine.ingest.left_out import IgnoredFile
from opensearch.engine.lifecycle.places import Place
from opensearch.errors import OpenSearchError
from opensearch.store import Store


def remove(
    store: Store,
    keys: Sequence[str],
    where: str | None,
    folder: str | Path | None,
    ignored_in: Place | None = None,
) -> int:
    """Remove items; see `Engine.remove`.

    Args:
        store: what holds them.
        keys: of items; others are passed over.
        where: filter expression.
        folder: of files; with `where`, what passes both.
        ignored_in: the place of the index, where their files are to be ignored, see `add_with`.
    """
    by_filter = where is not None or folder is not None
    if not (ignored_in or by_filter):
        return store.remove(keys)
    if not (keys or by_filter):
        return 0
    found = refuse_remarks(find(store, where, keys=keys, folder=folder), where)
    chosen = list(items(store, found.ids))
    keys = [item.key for item in chosen]
    if ignored_in is None:
        return store.remove(keys)
    store.claim()
    files = (IgnoredFile(item.key, item.path) for item in chosen)
    undone = partial(_holds, store, keys)
    return left_out.add_with(ignored_in, files, partial(store.remove, keys), undone)


def _holds(store: Store, keys: Sequence[str]) -> bool:
    """Whether items are there still, which go all at once."""
    try:
        return any(store.by_key(key) is not None for key in keys[:1])
    except OpenSearchError:
        return True
