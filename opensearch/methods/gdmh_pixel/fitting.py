"""Training on pixels from data to encoders: a front for each domain, one hash network behind."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from opensearch.encoders.backbones import Backbone, FrontedBackbone
from opensearch.encoders.migration import Masking, Migration
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.methods.gdmh_pixel.data import load_pixels
from opensearch.methods.gdmh_pixel.networks import PixelModel
from opensearch.methods.gdmh_pixel.settings import PixelConfig
from opensearch.methods.gdmh_pixel.steps import pixel_job
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import write_backbone
from opensearch.training.context import Context
from opensearch.training.device import chosen_device
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.learnt_space import learnt_space


def fit_pixel(
    context: Context[PixelConfig], domains: Sequence[DomainData], backbone: Backbone
) -> FittedModel:
    """Train generators, discriminators and hash network on all domains.

    The backbone of a domain is its generator (of the pivot: the mask) and the hash network's
    backbone; its projector is the linear layer to the bits. So an embedding is the unit vector of
    an item's logits, the mean of its views', and its code their signs. The prototypes are the
    categories' codes of the last discrete step: only trained categories have one.

    Args:
        domains: with views as rows.
        backbone: of the hash network; it is trained in place.
    """
    config = context.config
    data, categories = load_pixels(context, domains)
    labels = [domain.labels for domain in data.domains]
    model = PixelModel(config, backbone, labels, len(categories))
    model.to(chosen_device(config.pixel.device)).to(memory_format=torch.channels_last)
    run_job(pixel_job(context, data, model), context.run, context.progress)
    model.cpu()
    model.discrete_step(config.pixel.fidelity)
    fronts: list[Masking | Migration] = [Masking([pair.from_pivot.focus for pair in model.pairs])]
    fronts += [Migration(pair.to_pivot) for pair in model.pairs]
    fitted = {
        domain.data.name: _fitted(context, domain.data, front, model)
        for domain, front in zip(data.domains, fronts, strict=True)
    }
    return FittedModel(fitted, space=learnt_space(categories, model.category_codes().numpy()))


def _fitted(
    context: Context[PixelConfig], data: DomainData, front: Masking | Migration, model: PixelModel
) -> FittedDomain:
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
    return FittedDomain(
        backbone, halved(projector) if half else projector, config.domain(data.name).pooling
    )
