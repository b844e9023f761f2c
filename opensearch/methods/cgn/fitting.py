"""The teacher, its centres, and the students."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.loop import LOSS, Descent, run_job
from opensearch.losses.margin_softmax import MarginSoftmax
from opensearch.methods.cgn.losses import guidance_loss, transfer_loss
from opensearch.methods.cgn.settings import CgnConfig, CgnSettings
from opensearch.training.assemble import FittedModel
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.heads import (
    chance,
    embed,
    embed_all,
    fitted_head,
    head_job,
    learner,
    new_head,
    refuse_no_pairs,
)
from opensearch.training.items import Batches, Items, domain_items, only
from opensearch.training.learnt_space import space_of_means

Centres = Mapping[str, NDArray[np.float32]]
"""A point (d,) for each category."""


def fit_cgn(context: Context[CgnConfig], domains: Sequence[DomainData]) -> FittedModel:
    """Train the teacher, then a student for each other domain.

    Args:
        domains: with features as rows.
    """
    target = context.config.cgn.target
    items, _ = domain_items(context, domains)
    teacher = next(own for own in items if own.name == target)
    fitted, centres = _teacher(context, teacher)
    encoders = {target: fitted}
    for own in items:
        if own is not teacher:
            encoders[own.name] = _student(context, own, centres)
    return FittedModel(encoders, space=space_of_means(context, domains, encoders, centres))


def extend_cgn(context: Context[CgnConfig], data: DomainData) -> FittedDomain:
    """Train a student on the points of the model's space, which are the centres.

    Args:
        data: with features as rows.
    """
    (items,), categories = domain_items(context, [data])
    points = context.space.prototypes(categories)
    centres = dict(zip(categories, points, strict=True))
    config = context.config.model_copy(
        update={"cgn": context.config.cgn.model_copy(update={"dim": context.space.dim})}
    )
    return _student(replace(context, config=config), items, centres)


def _teacher(context: Context[CgnConfig], items: Items) -> tuple[FittedDomain, Centres]:
    """The encoder of the teacher's domain, and the centre of each of its categories."""
    config = context.config
    settings = config.cgn.model_copy(update={"steps": config.cgn.teacher_steps})
    categories = sorted(set(items.data.categories))
    items = only(items, categories)
    head = new_head(items, settings, config.seed)
    with chance(config.seed, "cgn softmax", 0):
        softmax = MarginSoftmax(
            settings.dim, len(categories), settings.scale, settings.margin, settings.smoothing
        )
    module = nn.ModuleList([head, softmax])
    adjusts = learner([module], settings)
    stage = f"cgn-{items.name}"
    batches = Batches(stage, [items], settings, config.seed)

    def losses(step: int) -> Iterator[Descent]:
        (batch,) = batches.draw(step)
        refuse_no_pairs(batch)
        points = embed(head, batch)
        told = {"accuracy": softmax.accuracy(points, batch.labels)}
        yield Descent({LOSS: softmax(points, batch.labels)}, [adjusts], told, len(points))

    job = head_job(config, stage, module, [adjusts], losses, settings, batches.epoch)
    run_job(job, context.run, context.progress)
    return fitted_head(items, head), _centres(head, items, categories)


def _centres(head: nn.Module, items: Items, categories: Sequence[str]) -> Centres:
    """The mean of the teacher's features of each category."""
    points, labels = embed_all(head, items), torch.from_numpy(items.labels)
    return {
        name: points[labels == number].mean(dim=0).numpy() for number, name in enumerate(categories)
    }


def _student(context: Context[CgnConfig], items: Items, centres: Centres) -> FittedDomain:
    """The encoder of a domain that follows centres; items without one are left out."""
    config, settings = context.config, context.config.cgn
    names = sorted(centres)
    if left := set(items.data.categories) - set(names):
        context.note(f"{len(left)} categories of {items.name} have no centre: not learnt from")
    known = only(items, names)
    points = torch.from_numpy(np.stack([centres[name] for name in names]))
    head = new_head(known, settings, config.seed)
    adjusts = learner([head], settings)
    stage = f"cgn-{items.name}"
    batches = Batches(stage, [known], settings, config.seed)

    def losses(step: int) -> Iterator[Descent]:
        (batch,) = batches.draw(step)
        embedded = embed(head, batch)
        loss = _guidance(embedded, points, batch.labels, settings)
        yield Descent({LOSS: loss}, [adjusts], samples=len(embedded))

    job = head_job(config, stage, head, [adjusts], losses, settings, batches.epoch)
    run_job(job, context.run, context.progress)
    return fitted_head(items, head)


def _guidance(points: Tensor, centres: Tensor, labels: Tensor, settings: CgnSettings) -> Tensor:
    if settings.guidance == "squared":
        return transfer_loss(points, centres, labels, settings.transfer)
    return guidance_loss(points, centres, labels, settings.others)
