"""What is wrong with an index in Milvus: counts against the books, and a sample of its rows."""

from __future__ import annotations

from typing import Final

import numpy as np

from opensearch.errors import StoreError
from opensearch.milvus import schema
from opensearch.milvus.rows import hashed, joined
from opensearch.milvus.state import State

SAMPLE: Final = 1000
"""Items whose records are read and looked up by key."""


def problems(state: State) -> list[str]:
    """What is wrong, a sentence each; nothing when it is sound."""
    found = _miscounted(state)
    if found:
        return found
    return _damaged(state)


def _miscounted(state: State) -> list[str]:
    link, meta, found = state.link, state.meta, []
    items, parts = schema.items(link.name), schema.parts(link.name)
    for domain, counted in meta.counts.items():
        mine = joined(state.visible, state.in_domain(domain) or "")
        there = link.count(items, mine, strong=True)
        listed = len(state.ids_where(state.in_domain(domain) or ""))
        if not there == listed == counted:
            found.append(
                f"the books count {counted} items of {domain}, {there} are there, {listed} listed"
            )
    recorded = sum(meta.counts.values()) - sum(meta.unnamed.values())
    embedded = sum(meta.embedded.values())
    books = [
        ("records", items, 'record != ""', recorded),
        ("embeddings", parts, "embedded == true", embedded),
    ]
    for kind, counted in state.books.parts.items():
        name = "items with embedding or pictures" if kind == "rows" else kind
        books.append((name, parts, schema.PARTS[kind], counted))
    for name, collection, passing, counted in books:
        there = link.count(collection, joined(state.visible, passing), strong=True)
        if there != counted:
            found.append(f"the books count {counted} {name}, {there} are there")
    begun = link.count(items, f"id >= {meta.next_id}", strong=True)
    if begun or state.going:
        found.append(
            f"a writer was stopped: {begun} rows were never counted and {len(state.going)} not"
            " deleted yet; no search sees them, and the next one that writes removes them"
        )
    return found


def _damaged(state: State) -> list[str]:
    """Rows of a sample whose record cannot be read, or that their key does not find."""
    found = []
    chance = np.random.default_rng(0)
    next_id = state.meta.next_id
    ids = np.unique(chance.integers(0, max(next_id, 1), min(next_id, SAMPLE))).tolist()
    try:
        items = state.found(ids)
    except StoreError as error:
        return [str(error)]
    codes = state.codes(ids)
    by_key = state.by_keys([item.key for item in items.values()])
    for id_, item in items.items():
        other = by_key.get(item.key)
        if other is None or other.id != id_:
            found.append(f"item {id_} is not found by its key {item.key!r} ({hashed(item.key)})")
        if len(codes.get(id_, b"")) != state.meta.bits // 8:
            found.append(f"item {id_} has no code of {state.meta.bits} bits")
    return found[:20]
