"""A labelled collection embedded by a model, by split and domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.catalog import pass_over, read_collection
from opensearch.domains.shapes.upright import axis_of
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.encoder import Encoder
from opensearch.errors import InvalidInput
from opensearch.progress import Progress, unheard
from opensearch.records import Failure, Source
from opensearch.spelling import hint
from opensearch.training.features import collection_features

Embed: TypeAlias = Callable[[Encoder, NDArray[np.floating]], NDArray[np.float32]]
"""An encoder and items' view features (n, v, f) to their rows (n, ...)."""
WHOLE = "all"
"""The split that is every file of a collection; the only one where none is declared."""


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
    """A collection's splits through a model.

    Attributes:
        splits: those embedded.
        names: of all its splits.
        domains_without_encoder: its domains that the model cannot embed.
        failures: files that could not be read.
    """

    splits: dict[str, EmbeddedSplit]
    names: list[str]
    domains_without_encoder: list[str]
    failures: list[Failure]

    def split(self, name: str) -> EmbeddedSplit:
        """A split by its name, or everything embedded by `WHOLE`.

        Raises:
            InvalidInput: no such split.
        """
        if name in self.splits:
            return self.splits[name]
        if name == WHOLE:
            return self._whole()
        if self.names == [WHOLE]:
            raise InvalidInput(
                f"the collection has no split {name!r}: nothing says which split its files are in;"
                " `split_collection(DIR)` makes one"
            )
        raise InvalidInput(
            f"the collection has no split {name!r}; it has {', '.join(self.names)},"
            f" and {WHOLE!r} is every file{hint(name, self.names, 'splits')}"
        )

    def _whole(self) -> EmbeddedSplit:
        merged: dict[str, tuple[NDArray[np.float32], list[str]]] = {}
        for split in self.splits.values():
            for domain, (embeddings, labels) in split.domains.items():
                before, known = merged.get(domain, (embeddings[:0], []))
                merged[domain] = (np.concatenate([before, embeddings]), known + labels)
        return EmbeddedSplit(merged)


def embed_collection(
    bundle: Bundle,
    data: Path,
    cache: Path,
    progress: Progress,
    borrowed: Mapping[str, str] | None = None,
    keep: Callable[[str], bool] = lambda split: True,
    embed: Embed = Encoder.embed_features,
) -> EmbeddedCollection:
    """Embed the labelled files of the domains that both the model and the collection have.

    Features are cached by backbone and reader settings: models on one frozen backbone share them.

    Args:
        borrowed: domains of the collection that the encoder of another domain embeds, by name:
            `{"cartoon": "photo"}`. They are measured under their own name. `None` where no
            domain may borrow, which messages then do not speak of.
        keep: whether the files of a split are wanted.
        embed: rows (n, ...) of an encoder for features (n, v, f).

    Raises:
        InvalidInput: no labelled file of a domain that the model has, one most of whose files
            cannot be read, or a borrowed encoder or its domain does not exist.
    """
    failures: list[Failure] = []
    labelled = [s for s in read_collection(data, failures.append) if s.domain and s.category]
    present = sorted({s.domain for s in labelled if s.domain})
    encoders = _encoders(bundle, data, present, borrowed)
    parts: dict[str, dict[str, tuple[NDArray[np.float32], list[str]]]] = {}
    for domain, encoder in encoders.items():
        own = [source for source in labelled if source.domain == domain]
        sources = [source for source in own if keep(source.split or WHOLE)]
        if not sources:
            continue
        kept, embeddings, failed = embed_sources(bundle, encoder, sources, cache, progress, embed)
        failures += failed
        for split in sorted({source.split or WHOLE for source in kept}):
            rows = [i for i, source in enumerate(kept) if (source.split or WHOLE) == split]
            labels = [kept[i].category or "" for i in rows]
            parts.setdefault(split, {})[domain] = (embeddings[rows], labels)
    splits = {name: EmbeddedSplit(part) for name, part in parts.items()}
    names = sorted({source.split or WHOLE for source in labelled})
    domains_without_encoder = [domain for domain in present if domain not in encoders]
    return EmbeddedCollection(splits, names, domains_without_encoder, failures)


def _encoders(
    bundle: Bundle, data: Path, present: Sequence[str], borrowed: Mapping[str, str] | None
) -> dict[str, str]:
    """Which encoder embeds each domain of the collection, its own or a borrowed one.

    Raises:
        InvalidInput: a borrowed encoder or its domain does not exist, or there is none at all.
    """
    for domain, encoder in (borrowed or {}).items():
        asked = f"`borrowed={{{domain!r}: {encoder!r}}}`"
        if domain not in present:
            raise InvalidInput(
                f"{asked}: collection {data} has no labelled files of domain"
                f" {domain!r}; it has {', '.join(present) or 'none'}"
            )
        if encoder not in bundle.domains:
            raise InvalidInput(
                f"{asked}: the model has no encoder {encoder!r}; it has {', '.join(bundle.domains)}"
            )
    encoders = {domain: domain for domain in bundle.domains if domain in present}
    encoders |= borrowed or {}
    if not encoders:
        if not present:
            raise InvalidInput(
                f"collection {data} has no labelled files; a label is the category in"
                " <domain>/<category>/<file>, or in a manifest"
            )
        lends = ", and `borrowed={DOMAIN: ENCODER}` embeds one by the encoder of another"
        raise InvalidInput(
            f"collection {data} has no labelled files of the model's domains"
            f" {', '.join(bundle.domains)}; it has {', '.join(present)}"
            f"{'' if borrowed is None else lends}"
        )
    return encoders


def embed_sources(
    bundle: Bundle,
    domain: str,
    sources: Sequence[Source],
    cache: Path,
    progress: Progress,
    embed: Embed = Encoder.embed_features,
) -> tuple[list[Source], NDArray[np.float32], list[Failure]]:
    """The sources that could be read, their embeddings by the encoder of `domain`, and failures.

    Raises:
        InvalidInput: most cannot be read.
    """
    card = bundle.domain(domain)
    what = f"{domain} features"
    backbone = bundle.backbone(domain)
    rows = collection_features(
        sources, card.reader, backbone, card.backbone.tensors, cache, progress, what, axis_of
    )
    pass_over(rows.failures, len(rows), f"the {domain} encoder", unheard)
    encoder = bundle.encoder(domain)
    steps = range(0, len(rows), 512)
    embeddings = [
        embed(encoder, rows.take(range(start, min(start + 512, len(rows))))) for start in steps
    ]
    return rows.sources, np.concatenate(embeddings), rows.failures
