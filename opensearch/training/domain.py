"""Fitting one domain: its data, the stage that trains it, and the embeddings it then gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.config import LoopSettings, Pooling, ReaderSettings, TrainConfig
from opensearch.domains import reader_kind, reader_settings
from opensearch.encoders.backbones import Backbone, build_backbone
from opensearch.encoders.card import BackboneCard
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.projector import Projector
from opensearch.encoders.runtime import LoadedBackbone, open_backbone
from opensearch.encoders.tensors import load_tensors
from opensearch.losses.prototype import PrototypeLoss
from opensearch.records import Source
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context, Lent
from opensearch.training.features import collection_features, collection_views
from opensearch.training.loop import Stage, fit
from opensearch.training.samples import FeatureSamples, Samples, ViewSamples
from opensearch.training.trunk import write_backbone


@dataclass(frozen=True)
class DomainData:
    """Cached rows of one domain's training files, and the trunk its encoder starts from.

    `rows` are a frozen trunk's features (v, f), or views (v, s, s, 3) where the trunk learns.
    """

    name: str
    reader: ReaderSettings
    start: BackboneCard
    rows: CachedRows

    @property
    def views(self) -> int:
        """Views an item has here; the encoder may see fewer, see `encoded`."""
        return int(self.rows.take([0]).shape[1])

    @property
    def encoded(self) -> int:
        """Views of an item that the encoder sees, the first of them."""
        reader = self.reader
        several = reader_kind(reader.reader).several
        return reader.views + reader.line_views if several else self.views

    @property
    def categories(self) -> list[str]:
        """Category of each row."""
        return [source.category or "" for source in self.rows.sources]


@dataclass(frozen=True)
class FittedDomain:
    """A trained encoder of a domain, still as arrays.

    `projector` is whole; `shared` names those of its tensors that other domains hold, too.
    """

    backbone: BackboneCard
    projector: dict[str, NDArray[np.generic]]
    pooling: Pooling
    shared: frozenset[str] = frozenset()


def backbone_of(context: Context, card: BackboneCard) -> LoadedBackbone:
    """The backbone of a card in this run's folder, in the best runtime and in f32."""
    graph = context.out / card.graph if card.graph else None
    return open_backbone(card.name, context.out / card.tensors, graph)


def load_domain(
    context: Context, name: str, sources: Sequence[Source], start: BackboneCard
) -> DomainData:
    """Read a domain's files into cached features or views; say which could not be read."""
    reader = reader_settings(context.config, name)
    if not context.config.learns:
        backbone = backbone_of(context, start)
        rows = collection_features(
            sources,
            reader,
            backbone,
            start.tensors,
            context.cache,
            context.progress,
            f"{name} features",
        )
    else:
        rows = collection_views(
            sources,
            reader.model_copy(update={"line_views": drawn_lines(context.config, reader)}),
            context.cache,
            context.progress,
            f"{name} views",
        )
    for failure in rows.failures:
        context.note(f"skipped {failure.path}: {failure.reason}")
    return DomainData(name, reader, start, rows)


def drawn_lines(config: TrainConfig, reader: ReaderSettings) -> int:
    """Line views that training draws of an item: its reader's, or more."""
    more = config.method == "joint" and reader_kind(reader.reader).several
    return max(reader.line_views, config.joint.lines if more else 0)


def fit_domain(
    context: Context, data: DomainData, keep: NDArray[np.int64], stage: str
) -> FittedDomain:
    """Train one domain's encoder on the rows at `keep`."""
    config, settings = context.config, context.config.domain(data.name)
    given = {"epochs": settings.epochs, "lr": settings.lr, "temperature": settings.temperature}
    loop = config.loop.model_copy(update={k: v for k, v in given.items() if v is not None})
    categories = [data.categories[i] for i in keep]
    module, groups = _module(context, data, loop)
    prototypes, labels = _targets(context, categories)
    loss = PrototypeLoss(torch.from_numpy(prototypes), loop.temperature)
    samples = _samples(data, keep, labels, settings.augment)
    fit(
        Stage(stage, module, groups, loss, samples, config.seed),
        loop,
        context.run,
        context.progress,
    )
    return _fitted(context, data, module, settings.pooling)


def embed_domain(
    context: Context, data: DomainData, fitted: FittedDomain, keep: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Embeddings (n, d), unit rows, of the rows at `keep`."""
    encoder = Encoder(backbone_of(context, fitted.backbone), fitted.projector, fitted.pooling)
    embed = encoder.embed_features if data.rows.take([0]).ndim == 3 else encoder.embed
    parts = [keep[i : i + 256] for i in range(0, len(keep), 256)]
    return np.concatenate([embed(data.rows.take(part)[:, : data.encoded]) for part in parts])


def _module(
    context: Context, data: DomainData, loop: LoopSettings
) -> tuple[nn.Module, list[tuple[list[nn.Parameter], float]]]:
    config = context.config
    if context.lent is not None:
        return _on_lent(context.lent, config.projector.dropout)
    frozen = not config.learns
    features = data.rows.take([0]).shape[-1] if frozen else 0
    backbone: Backbone | None = None
    if not frozen:
        backbone = build_backbone(data.start.name)
        state = load_tensors(context.out / data.start.tensors)
        backbone.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
        backbone.to(memory_format=torch.channels_last)
        features = backbone.dim
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        projector = Projector(
            features, context.space.dim, config.projector.hidden, config.projector.dropout
        )
    head = (list(projector.parameters()), 1.0)
    if backbone is None:
        return projector, [head]
    trunk = (list(backbone.parameters()), loop.backbone_factor)
    return nn.Sequential(backbone, projector), [trunk, head]


def _on_lent(
    lent: Lent, dropout: float
) -> tuple[nn.Module, list[tuple[list[nn.Parameter], float]]]:
    """The lent projector, of which the tensors that are not shared learn: the batch norms."""
    dim, hidden = lent.tensors["linear.weight"].shape
    module = Projector(lent.tensors["hidden.0.weight"].shape[1], dim, hidden, dropout)
    module.load_state_dict({k: torch.from_numpy(v) for k, v in lent.tensors.items()})
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in lent.shared)
    return module, [([p for p in module.parameters() if p.requires_grad], 1.0)]


def _targets(
    context: Context, categories: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Prototypes of the softmax (c, d), and each row's place among them."""
    own = sorted(set(categories))
    names = own
    if context.config.loop.negatives == "all":
        names = own + sorted(set(context.categories) - set(own))
    place = {category: i for i, category in enumerate(names)}
    labels = np.array([place[category] for category in categories], np.int64)
    return context.space.prototypes(names), labels


def _samples(
    data: DomainData, keep: NDArray[np.int64], labels: NDArray[np.int64], augmented: bool
) -> Samples:
    views = data.views
    if data.rows.take([0]).ndim == 3:
        rows = data.rows.take(keep).astype(np.float32)
        return FeatureSamples(rows.reshape(-1, rows.shape[-1]), np.repeat(labels, views))
    return ViewSamples(data.rows, keep, views, np.repeat(labels, views), augmented)


def _fitted(
    context: Context, data: DomainData, module: nn.Module, pooling: Pooling
) -> FittedDomain:
    if isinstance(module, Projector):
        projector = arrays(module.state_dict())
        if context.lent is None:
            return FittedDomain(data.start, projector, pooling)
        # as they were, to the bit and in their own precision
        projector |= {name: context.lent.tensors[name] for name in context.lent.shared}
        return FittedDomain(data.start, projector, pooling, context.lent.shared)
    backbone, projector = module[0], module[1]  # type: ignore[index]
    card = write_backbone(
        context.out,
        backbone,
        data.reader.size,
        context.note,
        context.config.backbone.half,
    )
    return FittedDomain(card, arrays(projector.state_dict()), pooling)


def arrays(state: Mapping[str, Tensor]) -> dict[str, NDArray[np.generic]]:
    """A state dict as arrays."""
    return {key: value.detach().numpy() for key, value in state.items()}
