"""A collection through a model's encoders: labelled embeddings by split and domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput
from opensearch.records import Failure, Source
from opensearch.training.cache import Progress
from opensearch.training.features import collection_features

WHOLE = "all"
"""Name of the only split of a collection that declares none."""


@dataclass(frozen=True)
class EmbeddedSplit:
    """Embeddings (n, d) and categories (n,) by domain, in order of key."""

    domains: dict[str, tuple[NDArray[np.float32], list[str]]]

    def shared(self) -> EmbeddedSplit:
        """The items of categories that every domain holds."""
        common = set.intersection(*(set(labels) for _, labels in self.domains.values()))
        kept = {}
        for domain, (embeddings, labels) in self.domains.items():
            rows = [row for row, label in enumerate(labels) if label in common]
            kept[domain] = (embeddings[rows], [labels[row] for row in rows])
        return EmbeddedSplit(kept)


@dataclass(frozen=True)
class EmbeddedCollection:
    """A collection's splits, and the files that could not be read."""

    splits: dict[str, EmbeddedSplit]
    failures: list[Failure]


def embed_collection(
    bundle: Bundle, data: Path, cache: Path, progress: Progress
) -> EmbeddedCollection:
    """Embed every labelled file of the domains that both the model and the collection have.

    Features are cached by trunk and reader settings, so models on one frozen trunk share them.

    Raises:
        InvalidInput: no labelled file of a domain that the model has.
    """
    found = [s for s in read_collection(data) if s.domain in bundle.domains and s.category]
    if not found:
        raise InvalidInput(
            f"collection {data} has no labelled files of the model's domains"
            f" {', '.join(bundle.domains)}"
        )
    parts: dict[str, dict[str, tuple[NDArray[np.float32], list[str]]]] = {}
    failures: list[Failure] = []
    for domain in [d for d in bundle.domains if any(s.domain == d for s in found)]:
        sources = [source for source in found if source.domain == domain]
        kept, embeddings, failed = _embed(bundle, domain, sources, cache, progress)
        failures += failed
        for split in sorted({source.split or WHOLE for source in kept}):
            rows = [i for i, source in enumerate(kept) if (source.split or WHOLE) == split]
            labels = [kept[i].category or "" for i in rows]
            parts.setdefault(split, {})[domain] = (embeddings[rows], labels)
    return EmbeddedCollection({s: EmbeddedSplit(part) for s, part in parts.items()}, failures)


def _embed(
    bundle: Bundle, domain: str, sources: Sequence[Source], cache: Path, progress: Progress
) -> tuple[list[Source], NDArray[np.float32], list[Failure]]:
    card = bundle.domain(domain)
    what = f"{domain} features"
    trunk = bundle.trunk(domain)
    rows = collection_features(
        sources, card.reader, trunk, card.trunk.tensors, cache, progress, what
    )
    encoder = bundle.encoder(domain)
    steps = range(0, len(rows), 512)
    embeddings = [
        encoder.embed_features(rows.take(range(start, min(start + 512, len(rows)))))
        for start in steps
    ]
    return rows.sources, np.concatenate(embeddings), rows.failures
