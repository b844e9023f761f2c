"""Training on pixels from data to bundle: a front and the hash network's backbone a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from opensearch.encoders.backbones import Backbone, FrontedBackbone
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.migration import Masking, Migration
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.semantic import Space
from opensearch.semantic.names import normalise
from opensearch.semantic.tables import TableProvider
from opensearch.semantic.vocabulary import Vocabulary
from opensearch.training.assemble import TrainedDomain, assemble, finish_domain
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.pixel.check import check_pairs
from opensearch.training.pixel.data import load_pixels
from opensearch.training.pixel.model import PixelModel
from opensearch.training.pixel.run import pixel_job
from opensearch.training.trunk import write_backbone
from opensearch.training.validation import given_rule


def train_pixel(context: Context, domains: Sequence[DomainData], backbone: Backbone) -> Bundle:
    """Train generators, critics and hash network on all domains, and write the bundle.

    A domain's trunk is its generator (of the pivot: the mask) and the hash network's backbone;
    its projector is the linear layer to the bits. So an embedding is the unit vector of an item's
    logits, the mean of its views', and its code their signs. The prototypes are the categories'
    codes of the last discrete step: only trained categories have one.

    Args:
        domains: with views as rows.
        backbone: of the hash network; it is trained in place.
    """
    config = context.config
    check_pairs(config.pixel.pivot, {data.name: set(data.categories) for data in domains})
    data, categories = load_pixels(context, domains)
    labels = [domain.labels for domain in data.domains]
    model = PixelModel(config, backbone, labels, len(categories))
    model.to(_device(config.pixel.device)).to(memory_format=torch.channels_last)
    run_job(pixel_job(context, data, model), context.run, context.progress)
    model.cpu()
    model.discrete_step(config.pixel.fidelity)
    context = replace(context, space=code_space(categories, model.category_codes()))
    fronts: list[Masking | Migration] = [Masking([pair.from_pivot.focus for pair in model.pairs])]
    fronts += [Migration(pair.to_pivot) for pair in model.pairs]
    trained = {
        domain.data.name: _finished(context, domain.data, front, model)
        for domain, front in zip(data.domains, fronts, strict=True)
    }
    return assemble(context, dict(sorted(trained.items())), given_rule(context))


def code_space(categories: Sequence[str], codes: Tensor) -> Space:
    """The space whose prototypes are the codes of categories, as unit vectors.

    Args:
        categories: n names.
        codes: shape (n, bits).
    """
    words = [normalise(category) for category in categories]
    provider = TableProvider("codes", Vocabulary(words, codes.numpy()))
    return Space.fit(provider, categories)


def _finished(
    context: Context, data: DomainData, front: Masking | Migration, model: PixelModel
) -> TrainedDomain:
    config, half = context.config, context.config.backbone.half
    backbone = write_backbone(
        context.out,
        FrontedBackbone(front, model.hash.backbone).eval(),
        config.size,
        context.note,
        half,
    )
    linear = arrays(model.hash.linear.state_dict())
    projector = {f"linear.{name}": array for name, array in linear.items()}
    fitted = FittedDomain(
        backbone, halved(projector) if half else projector, config.domain(data.name).pooling
    )
    return finish_domain(context, data, fitted)


def _device(asked: str) -> torch.device:
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(asked)
