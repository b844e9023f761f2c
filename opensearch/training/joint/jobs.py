"""The two jobs of joint training: the head on frozen features, then trunk and head."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from opensearch.encoders.projector import SharedProjector
from opensearch.methods.distil import Distillation
from opensearch.settings import JointSettings
from opensearch.training.context import Context
from opensearch.training.joint.batches import Batches
from opensearch.training.joint.data import JointData
from opensearch.training.joint.losses import JointLosses
from opensearch.training.joint.model import JointModel
from opensearch.training.loop import Job, Outcome, cosine

_HEAD_EPOCH, _EPOCH = 100, 50  # steps that a line of metrics sums up
_WARM = 0.05


def head_job(context: Context, data: JointData, head: SharedProjector, losses: JointLosses) -> Job:
    """The head on features of the frozen trunk."""
    settings = context.config.joint
    batches = Batches(context, data, "head", settings.head_batch)
    group = {"params": list(head.parameters()), "factor": 1.0}

    def forward(step: int) -> Outcome:
        batch = batches.batch(step)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(batch.seed)  # dropout
            units = normalize(head(batch.features()), dim=1)
        return losses.outcome(units, batch.labels, batches.domains)

    return Job(
        name="head",
        module=head,
        optimiser=torch.optim.AdamW([group], weight_decay=settings.weight_decay),
        steps=settings.head_steps,
        epoch=min(settings.head_steps, _HEAD_EPOCH),
        checkpoint=settings.checkpoint,
        forward=forward,
        rate=lambda share, factor: warmed(share, settings.head_lr * factor),
        setting="joint.head_lr",
    )


def trunk_job(
    context: Context, data: JointData, model: JointModel, losses: JointLosses
) -> tuple[Job, AveragedModel]:
    """Trunk and head on varied views, and the running average of both."""
    settings = context.config.joint
    batches = Batches(context, data, "trunk", settings.batch)
    average = AveragedModel(
        model,
        multi_avg_fn=get_ema_multi_avg_fn(settings.average),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )

    def forward(step: int) -> Outcome:
        batch = batches.batch(step)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(batch.seed)  # dropout
            units, features = model(batch.views(), batches.counts)
        outcome = losses.outcome(units, batch.labels, batches.domains)
        loss = outcome.loss
        if model.upright is not None:
            loss = loss + settings.upright_weight * model.upright.loss(features, batch.stands)
        if settings.distil:
            frozen = torch.cat(batch.taught())
            loss = loss + losses.preserved(features, frozen, batch.labels, batches.image)
        return Outcome(outcome.samples, loss, outcome.accuracy)

    job = Job(
        name="trunk",
        module=nn.ModuleDict({"model": model, "average": average, "distil": losses.distil}),
        optimiser=torch.optim.AdamW(_groups(model, losses.distil, settings), betas=(0.9, 0.99)),
        steps=settings.steps,
        epoch=min(settings.steps, _EPOCH),
        checkpoint=settings.checkpoint,
        forward=forward,
        rate=lambda share, factor: warmed(share, settings.lr * factor),
        after=lambda: average.update_parameters(model),
        setting="joint.lr",
    )
    return job, average


def warmed(share: float, top: float) -> float:
    """A straight rise over the first twentieth, then half a cosine to a hundredth of `top`."""
    if share < _WARM:
        return top * (share + 0.002) / (_WARM + 0.002)
    return cosine((share - _WARM) / (1 - _WARM), top, top / 100)


def _groups(
    model: JointModel, distil: Distillation, settings: JointSettings
) -> list[dict[str, object]]:
    """Trunk, head and classifier; batch norms and biases do not decay."""
    parts: list[tuple[nn.Module, float]] = [
        (model.backbone, 1.0),
        (model.head, settings.head_factor),
        (distil, 1.0),
    ]
    if model.upright is not None:
        parts.append((model.upright, settings.head_factor))
    groups: list[dict[str, object]] = []
    for part, factor in parts:
        for flat, decay in ((False, settings.weight_decay), (True, 0.0)):
            chosen = [p for p in part.parameters() if (p.ndim < 2) is flat]
            groups.append({"params": chosen, "factor": factor, "weight_decay": decay})
    return groups
