"""Joint training from data to bundle: one trunk, one projector, norms a domain."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from opensearch.encoders.backbones import Backbone, build_classifier
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.encoder import UPRIGHT
from opensearch.encoders.projector import SharedProjector
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.training.assemble import assemble, finish_domain
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.joint.data import joint_data
from opensearch.training.joint.jobs import head_job, trunk_job
from opensearch.training.joint.losses import JointLosses
from opensearch.training.joint.model import JointModel
from opensearch.training.trunk import write_backbone
from opensearch.training.validation import given_rule


def train_joint(
    context: Context, domains: Sequence[DomainData], backbone: Backbone, classifier: nn.Linear
) -> Bundle:
    """Train all domains together and write the bundle.

    Args:
        domains: with views as rows.
        backbone: pretrained; it is trained in place.
        classifier: that was cut off the backbone.
    """
    return write_joint(context, domains, _fitted(context, domains, backbone, classifier))


def write_joint(context: Context, domains: Sequence[DomainData], model: JointModel) -> Bundle:
    """Write the bundle of a trained model, codes and all; `domains` as for `train_joint`."""
    config, half = context.config, context.config.backbone.half
    backbone = write_backbone(context.out, model.backbone, config.size, context.note, half)
    shared = arrays(model.head.shared())
    trained = {}
    for data in domains:
        projector = {**shared, **arrays(model.head.own(data.name))}
        if config.domain(data.name).pooling == "upright" and model.upright is not None:
            projector[UPRIGHT] = model.upright.direction()
        fitted = FittedDomain(
            backbone,
            halved(projector) if half else projector,
            config.domain(data.name).pooling,
            frozenset(shared),
        )
        trained[data.name] = finish_domain(context, data, fitted)
    return assemble(context, trained, given_rule(context))


def _fitted(
    context: Context, domains: Sequence[DomainData], backbone: Backbone, classifier: nn.Linear
) -> JointModel:
    """The averaged model, in evaluation mode; both jobs go on from their checkpoints."""
    config = context.config
    teacher = backbone
    if config.joint.teacher is not None:
        given = config.joint.teacher
        teacher, classifier = build_classifier(config.backbone.name, weights=given)
    data = joint_data(context, domains, backbone, teacher)
    losses = JointLosses(data, classifier, config.joint, teacher is not backbone)
    shape = (backbone.dim, context.space.dim, config.projector.hidden, config.projector.dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = SharedProjector(list(data.views), *shape)
    run_job(head_job(context, data, head, losses), context.run, context.progress)
    upright = any(config.domain(name).pooling == "upright" for name in data.views)
    model = JointModel(backbone.to(memory_format=torch.channels_last), head, upright)
    if not config.joint.steps:
        return model.eval()
    job, average = trunk_job(context, data, model, losses)
    run_job(job, context.run, context.progress)
    kept: JointModel = average.module  # type: ignore[assignment]
    return kept.eval()
