"""Single items: found by id, and relabelled."""

from __future__ import annotations

from dataclasses import replace

from opensearch.engine.filters.naming import wanted_item
from opensearch.errors import StoreError
from opensearch.records import Item, Metadata
from opensearch.store import Store


def found_item(store: Store, id_: int) -> Item | None:
    """The item of an id, `None` where there is none."""
    with store.snapshot():
        if id_ >= store.meta().next_id:
            return None
        try:
            return store.items([id_])[0]
        except StoreError:
            return None  # it was removed or replaced; ids are never given twice


def relabelled(
    store: Store, key: str, category: str | None, metadata: Metadata | None = None
) -> Item:
    """The item of a key with another category, stored; metadata stay where they are `None`.

    Raises:
        InvalidInput: there is no such item, or metadata are not JSON values.
    """
    item = wanted_item(store, key)
    kept = item.metadata if metadata is None else metadata
    item = replace(item, category=category, metadata=dict(kept))
    store.update([item])
    return item
