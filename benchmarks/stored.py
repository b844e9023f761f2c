"""What an index holds, straight from its store: what benchmarks of kills compare."""

from __future__ import annotations

from opensearch.store import Store


def codes_by_id(store: Store) -> dict[int, bytes]:
    """The code of every item, and of removed ones that still lie in blocks."""
    return {
        int(id_): code.tobytes()
        for domain in store.meta().counts
        for block in store.blocks(domain)
        for id_, code in zip(block.ids, block.codes, strict=True)
    }
