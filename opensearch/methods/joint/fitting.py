"""Joint training from data to encoders: one backbone, one projector, norms for each domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from opensearch.encoders.backbones import build_classifier
from opensearch.encoders.pooling import UPRIGHT
from opensearch.encoders.projector import SharedProjector
from opensearch.encoders.tensors import halved
from opensearch.loop import run_job
from opensearch.methods.joint.data import JointData, joint_data
from opensearch.methods.joint.kept import forget, parted
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.networks import JointModel
from opensearch.methods.joint.settings import JointConfig, JointSettings
from opensearch.methods.joint.steps import model_job, projector_job
from opensearch.methods.joint.uses import unknown_domains
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import Start, write_backbone
from opensearch.training.context import Context
from opensearch.training.device import chosen_device
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.weights import on_the_way


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
    """Train, or resume, all jobs; return the model that is kept, in evaluation mode.

    That is the running average of the backbone and projector as they learn, or the mean of several
    runs' from the same start, or what lies between them and the start.

    Args:
        domains: with views as rows.
        start: pretrained; its backbone is trained in place.

    Source:
        Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves
        accuracy without increasing inference time", ICML 2022, the uniform soup; and "Robust
        fine-tuning of zero-shot models", CVPR 2022, for going a share of the way. There the way
        begins at the model before any fine-tuning; here its projector has learnt already.
    """
    config, backbone = context.config, start.backbone
    if config.joint.kept:
        parted(backbone, config.joint.kept)  # who names too many is told before hours of reading
    device = chosen_device(config.joint.device)
    teacher = start
    if config.joint.teacher is not None:
        teacher = Start(*build_classifier(backbone.name, weights=config.joint.teacher))
    data = joint_data(context, domains, backbone, teacher.backbone, device)
    if unknown := unknown_domains(config.joint, data.looks):
        context.note(
            f"there are no files of {', '.join(unknown)}, which settings of the group joint name"
        )

    def losses(settings: JointSettings) -> JointLosses:
        apart = teacher is not start
        return JointLosses(data, teacher.classifier, settings, device, pictures_alone=apart)

    shape = (backbone.dim, context.space.dim, config.projector.hidden, config.projector.dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        projector = SharedProjector(list(data.views), *shape).to(device)
    run_job(
        projector_job(context, data, projector, losses(config.joint)), context.run, context.progress
    )
    upright = any(config.domain(name).pooling == "upright" for name in data.views)
    layout = torch.channels_last
    model = JointModel(backbone.to(memory_format=layout), projector, upright).to(device)
    if config.joint.steps:
        tuned = _tuned(context, data, model, losses)
        if model.upright is not None and data.direction is not None:
            model.upright.point_along(data.direction)
        model.load_state_dict(on_the_way(model.state_dict(), tuned, config.joint.toward))
    return model.cpu().eval()


def _tuned(
    context: Context[JointConfig],
    data: JointData,
    model: JointModel,
    losses: Callable[[JointSettings], JointLosses],
) -> list[dict[str, Tensor]]:
    """The state that each run leaves a copy of the model in: its running average."""
    states = []
    forget(context, all_of_them=False)
    for number, settings in enumerate(context.config.joint.runs(), start=1):
        name = "trunk" if number == 1 else f"trunk-{number}"
        learning = deepcopy(model)
        job, average = model_job(context, data, learning, losses(settings), settings, name)
        run_job(job, context.run, context.progress)
        states.append(average.module.state_dict())
    forget(context)
    return states
