"""What `info` shows of an index."""

from __future__ import annotations

from typing import Any

from opensearch.domains import is_older
from opensearch.encoders.bundle import Bundle
from opensearch.engine.lifecycle.generations import Generations


def describe(generations: Generations, bundle: Bundle) -> dict[str, Any]:
    """What manifest, model and books say, as plain JSON types.

    `older_readers` counts items that an older version of their reader has read.
    """
    now, folder, card = generations.current(), generations.folder, bundle.card
    meta, readers = now.store.meta(), now.store.readers()
    return {
        "path": str(folder.path),
        "items": dict(meta.counts),
        "bits": meta.bits,
        "dim": meta.dim,
        "format": meta.format,
        "generation": int(now.name),
        "last_transaction": meta.last_transaction,
        "next_id": meta.next_id,
        "tombstones": meta.tombstones,
        "unnamed": meta.unnamed,
        "older_readers": sum(count for version, count in readers.items() if is_older(version)),
        "structures": now.searcher.info(),
        "method": card.method,
        "domains": bundle.domains,
        "identities": card.identities,
        "precision": folder.precision,
        "runtime": bundle.runtime(),
    }
