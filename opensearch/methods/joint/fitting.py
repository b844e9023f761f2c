"""Joint training from data to encoders: one backbone, one projector, norms for each domain."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from opensearch.encoders.backbones import build_classifier
from opensearch.encoders.encoder import UPRIGHT
from opensearch.encoders.projector import SharedProjector
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.methods.joint.data import joint_data
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.networks import JointModel
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.joint.steps import model_job, projector_job
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import Start, write_backbone
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, arrays


def by_domain(
    context: Context[JointConfig], domains: Sequence[DomainData], model: JointModel
) -> FittedModel:
    """A trained model split by domain: one backbone, the projector with each domain's norms."""
    config, half = context.config, context.config.backbone.half
    backbone = write_backbone(context.out, model.backbone, config.size, context.note, half)
    shared = arrays(model.head.shared())
    fitted = {}
    for data in domains:
        projector = {**shared, **arrays(model.head.own(data.name))}
        pooling = config.domain(data.name).pooling
        if pooling == "upright" and model.upright is not None:
            projector[UPRIGHT] = model.upright.direction()
        kept = halved(projector) if half else projector
        fitted[data.name] = FittedDomain(backbone, kept, pooling, frozenset(shared))
    return FittedModel(fitted)


def fit_joint(
    context: Context[JointConfig], domains: Sequence[DomainData], start: Start
) -> JointModel:
    """Train, or resume, both jobs; return the averaged model in evaluation mode.

    Args:
        domains: with views as rows.
        start: pretrained; its backbone is trained in place.
    """
    config, backbone, teacher = context.config, start.backbone, start
    if config.joint.teacher is not None:
        built = build_classifier(backbone.name, weights=config.joint.teacher)
        teacher = Start(*built)
    data = joint_data(context, domains, backbone, teacher.backbone)
    losses = JointLosses(data, teacher.classifier, config.joint, teacher is not start)
    shape = (backbone.dim, context.space.dim, config.projector.hidden, config.projector.dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        projector = SharedProjector(list(data.views), *shape)
    job = projector_job(context, data, projector, losses)
    run_job(job, context.run, context.progress)
    upright = any(config.domain(name).pooling == "upright" for name in data.views)
    model = JointModel(backbone.to(memory_format=torch.channels_last), projector, upright)
    if not config.joint.steps:
        return model.eval()
    job, average = model_job(context, data, model, losses)
    run_job(job, context.run, context.progress)
    kept: JointModel = average.module  # type: ignore[assignment]
    return kept.eval()
