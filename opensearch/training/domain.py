"""One domain in training: its data, its fitted encoder, and the embeddings that this gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from opensearch.config import Pooling, ReaderSettings, TrainConfig
from opensearch.domains import reader_kind, reader_settings
from opensearch.domains.collections.catalog import pass_over
from opensearch.encoders.barycentre import COST
from opensearch.encoders.card import BackboneCard
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pipeline import encode_views
from opensearch.encoders.pooling import SOFTMAX
from opensearch.encoders.runtime import LoadedBackbone, open_backbone
from opensearch.records import Source
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.features import collection_features, collection_views


@dataclass(frozen=True)
class DomainData:
    """Cached rows of one domain's training files, and the backbone its encoder starts from.

    `rows` are a frozen backbone's features (v, f), or views (v, s, s, 3) where it learns. Where
    features are pooled before the method sees them they are (1, f), and `pooling` holds the tensors
    that it was done by.
    """

    name: str
    reader: ReaderSettings
    start: BackboneCard
    rows: CachedRows
    pooling: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)

    @property
    def views(self) -> int:
        """Views an item has here; the encoder may see fewer, see `encoded`."""
        return int(self.rows.take([0]).shape[1])

    @property
    def looks(self) -> str:
        """What its views are like; see `ReaderKind.looks`."""
        return reader_kind(self.reader.reader).looks

    @property
    def encoded(self) -> int:
        """Views of an item that the encoder sees, the first of them."""
        reader = self.reader
        several = reader_kind(reader.reader).several
        return reader.views + reader.line_views if several else self.views

    @property
    def lines(self) -> int:
        """Line views of an item here, the last ones; more than `encoded` counts if asked for."""
        several = reader_kind(self.reader.reader).several
        return self.views - self.reader.views if several else 0

    @property
    def categories(self) -> list[str]:
        """Category of each row."""
        return [source.category or "" for source in self.rows.sources]


@dataclass(frozen=True)
class FittedDomain:
    """A trained encoder of a domain, its projector still as arrays.

    `projector` is whole; `shared` names those of its tensors that other domains hold, too.
    """

    backbone: BackboneCard
    projector: dict[str, NDArray[np.generic]]
    pooling: Pooling
    shared: frozenset[str] = frozenset()


def load_domain(
    context: Context[TrainConfig],
    name: str,
    sources: Sequence[Source],
    start: BackboneCard,
    learns: bool,
    line_views: int = 0,
) -> DomainData:
    """Read a domain's files into cached features or views, telling each that fails.

    Args:
        learns: whether the backbone learns and so needs views.
        line_views: line views to draw of a shape, if more than the encoder will see.
    """
    reader = reader_settings(context.config, name)
    if learns:
        lines = max(reader.line_views, line_views if reader_kind(reader.reader).several else 0)
        drawn = reader.model_copy(update={"line_views": lines})
        rows = collection_views(sources, drawn, context.cache, context.progress, f"{name} views")
    else:
        rows = collection_features(
            sources,
            reader,
            backbone_of(context, start),
            start.tensors,
            context.cache,
            context.progress,
            f"{name} features",
        )
    pass_over(rows.failures, len(rows), f"domain {name!r}", context.failed)
    return DomainData(name, reader, start, rows)


def embed_domain(
    context: Context[TrainConfig], data: DomainData, fitted: FittedDomain, keep: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Embeddings (n, d), unit rows, of the rows at `keep`.

    Views whose pooling is not fitted yet, see `view_pooling`, count alike.
    """
    late = {"softmax": SOFTMAX, "barycentre": COST}.get(fitted.pooling)
    pooling = fitted.pooling if late is None or late in fitted.projector else "mean"
    encoder = Encoder(backbone_of(context, fitted.backbone), fitted.projector, pooling)
    parts = [keep[i : i + 256] for i in range(0, len(keep), 256)]
    return np.concatenate(
        [encoder.embed_features(domain_features(data, encoder.backbone, part)) for part in parts]
    )


def domain_features(
    data: DomainData, backbone: LoadedBackbone, keep: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Features (n, v, f) of the views that the encoder sees, of the rows at `keep`."""
    rows = data.rows.take(keep)[:, : data.encoded]
    if rows.ndim == 3:
        return rows
    n, v = rows.shape[:2]
    return encode_views(rows.reshape(n * v, *rows.shape[2:]), backbone).reshape(n, v, -1)


def backbone_of(context: Context[TrainConfig], card: BackboneCard) -> LoadedBackbone:
    """A backbone in this run's folder, in the best runtime and in f32."""
    graph = context.out / card.graph if card.graph else None
    return open_backbone(card.name, context.out / card.tensors, graph)


def arrays(state: Mapping[str, Tensor]) -> dict[str, NDArray[np.generic]]:
    """A state dict as arrays."""
    return {key: value.detach().numpy() for key, value in state.items()}


def even_sample(count: int, most: int | None) -> NDArray[np.int64]:
    """Indices of at most `most` of `count` items, evenly spread; all if there is no bound."""
    most = count if most is None else most
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
