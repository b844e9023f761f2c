"""Fitting one domain: a projector, and the backbone if it learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from opensearch.encoders.backbones import Backbone, build_backbone
from opensearch.encoders.pooling import UPRIGHT
from opensearch.encoders.projector import Projector
from opensearch.encoders.tensors import load_tensors
from opensearch.losses.prototype import PrototypeLoss
from opensearch.methods.prototype.settings import PrototypeConfig
from opensearch.methods.prototype.steps import FeatureSamples, Samples, Stage, ViewSamples, fit
from opensearch.training.backbone import write_backbone
from opensearch.training.context import Context, InheritedProjector
from opensearch.training.device import chosen_device
from opensearch.training.domain import DomainData, FittedDomain, arrays

Groups = list[tuple[list[nn.Parameter], float]]
"""Parameters that learn, with the factor of their learning rate."""


def fit_domain(
    context: Context[PrototypeConfig],
    data: DomainData,
    keep: NDArray[np.int64] | None = None,
    stage: str = "",
) -> FittedDomain:
    """Train one domain's encoder.

    Args:
        keep: rows to train on, all by default.
        stage: name of the stage, the domain's by default.
    """
    config = context.config
    keep = np.arange(len(data.rows)) if keep is None else keep
    settings, schedule = config.domain(data.name), config.schedule(data.name)
    module, groups = _module(context, data, schedule.backbone_factor)
    prototypes, labels = _targets(context, [data.categories[i] for i in keep])
    loss = PrototypeLoss(torch.from_numpy(prototypes), schedule.temperature)
    device = chosen_device(schedule.device)
    samples = _samples(data, keep, labels, settings.augment, device)
    made = Stage(stage or data.name, module, groups, loss, samples, config.seed)
    fit(made, schedule, context.run, context.progress)
    return _fitted(context, data, module)


def _module(
    context: Context[PrototypeConfig], data: DomainData, backbone_factor: float
) -> tuple[nn.Module, Groups]:
    """What learns: a projector alone, or a backbone and a projector, in this order."""
    config = context.config
    if context.inherited is not None:
        return _on_inherited(context.inherited, config.projector.dropout)
    backbone: Backbone | None = None
    features = data.rows.take([0]).shape[-1]
    if config.backbone.mode == "finetune":
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
    last = (list(projector.parameters()), 1.0)
    if backbone is None:
        return projector, [last]
    return nn.Sequential(backbone, projector), [
        (list(backbone.parameters()), backbone_factor),
        last,
    ]


def _on_inherited(inherited: InheritedProjector, dropout: float) -> tuple[nn.Module, Groups]:
    """The inherited projector, of which only the tensors that are not shared learn: the norms."""
    dim, hidden = inherited.tensors["linear.weight"].shape
    module = Projector(inherited.tensors["hidden.0.weight"].shape[1], dim, hidden, dropout)
    own = module.state_dict().keys()  # others weigh views
    module.load_state_dict({k: torch.from_numpy(inherited.tensors[k]) for k in own})
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in inherited.shared)
    return module, [([p for p in module.parameters() if p.requires_grad], 1.0)]


def _targets(
    context: Context[PrototypeConfig], categories: Sequence[str]
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
    data: DomainData,
    keep: NDArray[np.int64],
    labels: NDArray[np.int64],
    augmented: bool,
    device: torch.device,
) -> Samples:
    views = data.views
    if data.rows.take([0]).ndim == 3:
        rows = data.rows.take(keep).astype(np.float32)
        return FeatureSamples(rows.reshape(-1, rows.shape[-1]), np.repeat(labels, views))
    return ViewSamples(data.rows, keep, views, np.repeat(labels, views), augmented, device)


def _fitted(context: Context[PrototypeConfig], data: DomainData, module: nn.Module) -> FittedDomain:
    pooling = context.config.domain(data.name).pooling
    if isinstance(module, Projector):
        projector = arrays(module.state_dict())
        if context.inherited is None:
            return FittedDomain(data.start, projector, pooling)
        # as they were, to the bit and in their own precision
        shared = context.inherited.shared
        projector |= {name: context.inherited.tensors[name] for name in shared}
        if pooling == "upright" and UPRIGHT in context.inherited.tensors:
            projector[UPRIGHT] = context.inherited.tensors[UPRIGHT]
        return FittedDomain(data.start, projector, pooling, shared)
    backbone, projector_module = module[0], module[1]  # type: ignore[index]
    card = write_backbone(
        context.out,
        backbone,
        data.reader.size,
        context.note,
        context.config.backbone.half,
    )
    return FittedDomain(card, arrays(projector_module.state_dict()), pooling)
