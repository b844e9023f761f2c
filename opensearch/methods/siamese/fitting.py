"""Siamese training from data to encoders: a backbone and a layer to the code for each domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.card import Published
from opensearch.encoders.networks import projector_tensors
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.methods.siamese.networks import SiameseModel
from opensearch.methods.siamese.settings import SiameseConfig
from opensearch.methods.siamese.steps import Drawn, siamese_job
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import write_backbone
from opensearch.training.context import Context
from opensearch.training.device import chosen_device
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.learnt_space import space_of_means

PUBLISHED = Published(distance="l1", views="min")


def fit_siamese(
    context: Context[SiameseConfig], domains: Sequence[DomainData], backbone: Backbone
) -> FittedModel:
    """Train the networks of all domains; a category's prototype is the mean of its items.

    Args:
        domains: with views as rows.
        backbone: that every domain's network starts from.
    """
    config, settings = context.config, context.config.siamese
    categories = sorted({category for data in domains for category in data.categories})
    place = {category: number for number, category in enumerate(categories)}
    labels = [np.array([place[c] for c in data.categories], np.int64) for data in domains]
    model = SiameseModel(backbone, len(domains), settings.code, config.seed)
    model.to(chosen_device(settings.device)).to(memory_format=torch.channels_last)
    drawn = Drawn(domains, labels, settings, config.seed)
    run_job(siamese_job(model, drawn, config), context.run, context.progress)
    model.cpu()
    fitted = {
        data.name: _fitted(context, data, model, number) for number, data in enumerate(domains)
    }
    return FittedModel(fitted, space=space_of_means(context, domains, fitted), published=PUBLISHED)


def _fitted(
    context: Context[SiameseConfig], data: DomainData, model: SiameseModel, number: int
) -> FittedDomain:
    config, half = context.config, context.config.backbone.half
    backbone: Backbone = model.backbones[number].eval()  # type: ignore[assignment]
    card = write_backbone(context.out, backbone, config.size, context.note, half)
    projector = projector_tensors(model.heads[number])  # type: ignore[arg-type]
    return FittedDomain(
        card, halved(projector) if half else projector, config.domain(data.name).pooling
    )
