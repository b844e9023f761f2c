"""The jobs of joint training: the projector on frozen features, then the whole model, once or more.

Their names on disk, `head`, `trunk`, `trunk-2`, are older than the words used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from opensearch.encoders.projector import SharedProjector
from opensearch.loop import LOSS, Ahead, Descent, Job, Learner, step_seed, warmed
from opensearch.losses.distillation import Distillation
from opensearch.methods.joint.batches import Batch, Batches
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.kept import KeptBatches
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.networks import JointModel
from opensearch.methods.joint.settings import JointConfig, JointSettings
from opensearch.methods.joint.uses import own_uses, uses_of
from opensearch.training.context import Context

_PROJECTOR_EPOCH, _EPOCH = 100, 50  # steps that a line of metrics sums up
_WARM, _FIRST = 0.05, 0.002  # shares of the steps
_AHEAD = 8
"""Batches drawn ahead where a GPU would wait for them; the CPU would only be slowed."""


def projector_job(
    context: Context[JointConfig],
    data: JointData,
    projector: SharedProjector,
    losses: JointLosses,
) -> Job:
    """The projector on features of the frozen backbone."""
    settings, device = context.config.joint, place(projector)
    batches = Batches(context, data, "head", own_uses(data.looks, settings.head_batch), device)
    optimiser = torch.optim.AdamW(projector.parameters(), weight_decay=settings.weight_decay)
    learner = Learner(optimiser, _rate(settings.head_lr), shown_as="lr")

    def step(number: int) -> Iterator[Descent]:
        batch = batches.batch(number)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(batch.seed)  # dropout
            units = normalize(projector(batch.features()), dim=1)
        loss, accuracy = losses.of_categories(units, batch.labels, batches.domains)
        yield Descent({LOSS: loss}, [learner], {"accuracy": accuracy}, len(batch.labels))

    return Job(
        name="head",
        module=projector,
        learners=[learner],
        step=step,
        steps=settings.head_steps,
        epoch=min(settings.head_steps, _PROJECTOR_EPOCH),
        checkpoint=settings.checkpoint,
        setting="joint.head_lr",
    )


def model_job(
    context: Context[JointConfig],
    data: JointData,
    model: JointModel,
    losses: JointLosses,
    settings: JointSettings,
    name: str,
) -> tuple[Job, AveragedModel]:
    """Backbone and projector on augmented views, and the running average of both.

    Args:
        settings: of this run; all runs see the same batches.
        name: of the job.
    """
    device = place(model)
    batches = Batches(context, data, "trunk", uses_of(settings, data.looks), device)
    shown = _kept(context, model, batches) if settings.kept else _fresh(settings, batches, device)
    average = AveragedModel(
        model,
        multi_avg_fn=get_ema_multi_avg_fn(settings.average),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    optimiser = torch.optim.AdamW(_groups(model, losses.distil, settings), betas=(0.9, 0.99))
    learner = Learner(optimiser, _rate(settings.lr), shown_as="lr")

    def step(number: int) -> Iterator[Descent]:
        batch = shown.batch(number)
        with torch.random.fork_rng(devices=[]):
            # Dropout; a batch that is taken again gets another.
            again = settings.kept > 0
            torch.manual_seed(step_seed(batch.seed, name, number) if again else batch.seed)
            units, features = model(shown.views(batch), batches.counts, shown.behind)
        loss, accuracy = losses.of_model(model, batch, batches, units, features)
        yield Descent({LOSS: loss}, [learner], {"accuracy": accuracy}, len(batch.labels))

    job = Job(
        name=name,
        module=nn.ModuleDict({"model": model, "average": average, "distil": losses.distil}),
        learners=[learner],
        step=step,
        steps=settings.steps,
        epoch=min(settings.steps, _EPOCH),
        checkpoint=settings.checkpoint,
        setting="joint.lr",
        after=lambda: average.update_parameters(model),
    )
    return job, average


class _Shown(NamedTuple):
    """The batch of a step, what the model is shown of it, and the parts that see that, if not all.

    See `JointModel.forward`.
    """

    batch: Callable[[int], Batch]
    views: Callable[[Batch], Tensor]
    behind: nn.Module | None


def _fresh(settings: JointSettings, batches: Batches, device: torch.device) -> _Shown:
    """A batch of its own for each step."""
    ahead = _AHEAD if device.type == "cuda" else 0
    drawn = Ahead(lambda number: batches.batch(number).read(), settings.steps, ahead)
    return _Shown(drawn, Batch.views, None)


def _kept(context: Context[JointConfig], model: JointModel, batches: Batches) -> _Shown:
    """A number of batches, which went through the first parts of the backbone already."""
    kept = KeptBatches(context, model.backbone, batches)
    kept.make()
    return _Shown(kept.batch, kept.maps, kept.behind)


def place(module: nn.Module) -> torch.device:
    """The device that a module is on."""
    return next(module.parameters()).device


def _rate(top: float) -> Callable[[float, float], float]:
    """A straight rise over the first twentieth, then half a cosine to a hundredth of `top`."""
    return lambda share, factor: warmed(
        share, top * factor, top * factor / 100, warm=_WARM, first=_FIRST
    )


def _groups(
    model: JointModel, distil: Distillation, settings: JointSettings
) -> list[dict[str, object]]:
    """Backbone, projector and classifier; batch norms and biases do not decay."""
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
            chosen = [p for p in part.parameters() if (p.ndim < 2) is flat and p.requires_grad]
            groups.append({"params": chosen, "factor": factor, "weight_decay": decay})
    return groups
