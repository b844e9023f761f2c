"""The paper's schedule: metric networks alone, transformations alone, then all of them in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from torch import Tensor, nn

from opensearch.loop import LOSS, Descent, Learner, run_job
from opensearch.methods.dca.losses import discriminator_loss, metric_loss, transformation_losses
from opensearch.methods.dca.networks import DcaModel
from opensearch.methods.dca.settings import DcaConfig, DcaSettings
from opensearch.training.assemble import FittedModel
from opensearch.training.centred import EUCLIDEAN
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.heads import (
    embed,
    fitted_head,
    head_job,
    learner,
    refuse_collapse,
    refuse_no_pairs,
)
from opensearch.training.items import Batch, Batches, Items, domain_items
from opensearch.training.learnt_space import space_of_means

STAGE = "dca"


def fit_dca(context: Context[DcaConfig], domains: Sequence[DomainData]) -> FittedModel:
    """Train all networks in the paper's order.

    Args:
        domains: with features as rows.
    """
    settings, seed = context.config.dca, context.config.seed
    items, _ = domain_items(context, domains)
    model = DcaModel(items, settings, seed)
    for own in items:
        _pretrain_metric(context, model, own)
    batches = Batches(f"{STAGE}-transform", items, settings, seed)
    adapting = nn.ModuleList([model.transforms, model.critics])
    learners = _adapting_learners(model, settings)
    alone = settings.model_copy(update={"steps": settings.transform_steps})

    def adapt(step: int) -> Iterator[Descent]:
        yield from _adaptation(model, batches.draw(step), learners, settings)

    _run(context, f"{STAGE}-transform", adapting, list(learners.values()), adapt, alone, batches)
    _in_turn(context, model, items)
    fitted = {own.name: fitted_head(own, model.encoder(own.name)) for own in items}
    published = None if settings.unit else EUCLIDEAN
    return FittedModel(fitted, space=space_of_means(context, domains, fitted), published=published)


def _pretrain_metric(context: Context[DcaConfig], model: DcaModel, items: Items) -> None:
    """A domain's metric network alone, by (16)."""
    settings = context.config.dca
    stage, network = f"{STAGE}-metric-{items.name}", model.metrics[items.name]
    batches = Batches(stage, [items], settings, context.config.seed)
    adjusts = learner([network], settings)

    def losses(step: int) -> Iterator[Descent]:
        (batch,) = batches.draw(step)
        yield Descent({LOSS: _metric(model, batch, settings)}, [adjusts])

    alone = settings.model_copy(update={"steps": settings.metric_steps})
    _run(context, stage, network, [adjusts], losses, alone, batches)


def _in_turn(context: Context[DcaConfig], model: DcaModel, items: Sequence[Items]) -> None:
    """All networks: the metric ones by (16), discriminators by (20), transformations by (22)."""
    settings = context.config.dca
    batches = Batches(STAGE, items, settings, context.config.seed)
    metrics = learner([model.metrics], settings)
    learners = _adapting_learners(model, settings)

    def losses(step: int) -> Iterator[Descent]:
        drawn = batches.draw(step)
        yield Descent({f"metric-{b.domain}": _metric(model, b, settings) for b in drawn}, [metrics])
        yield from _adaptation(model, drawn, learners, settings)

    _run(context, STAGE, model, [metrics, *learners.values()], losses, settings, batches)


def _metric(model: DcaModel, batch: Batch, settings: DcaSettings) -> Tensor:
    refuse_no_pairs(batch)
    return metric_loss(embed(model.metrics[batch.domain], batch), batch.labels, settings)


def _adapting_learners(model: DcaModel, settings: DcaSettings) -> dict[str, Learner]:
    slow = settings.model_copy(update={"lr": settings.transform_lr})
    return {
        "critics": learner([model.critics], slow, shown_as=""),
        "transforms": learner([model.transforms], slow),
    }


def _adaptation(
    model: DcaModel,
    drawn: Sequence[Batch],
    learners: Mapping[str, Learner],
    settings: DcaSettings,
) -> Iterator[Descent]:
    """A descent of the discriminators, then one of the transformations."""
    target = next(batch for batch in drawn if batch.domain == settings.target)
    others = [batch for batch in drawn if batch is not target]
    real = model.features(target)
    made = {batch.domain: model.transformed(batch) for batch in others}
    for batch in others:
        refuse_no_pairs(batch)
        refuse_no_pairs(batch, target)
        refuse_collapse(made[batch.domain], batch)
    told = {
        f"critic-{name}": discriminator_loss(
            model.critics[name](real), model.critics[name](points.detach())
        )
        for name, points in made.items()
    }
    yield Descent(told, [learners["critics"]])
    losses: dict[str, Tensor] = {}
    for batch in others:
        points = made[batch.domain]
        logits = model.critics[batch.domain](points)
        parts = transformation_losses(points, batch.labels, logits, real, target.labels, settings)
        losses |= {f"{name}-{batch.domain}": loss for name, loss in parts.items()}
    yield Descent(losses, [learners["transforms"]])


def _run(
    context: Context[DcaConfig],
    stage: str,
    module: nn.Module,
    learners: list[Learner],
    losses: Callable[[int], Iterator[Descent]],
    settings: DcaSettings,
    batches: Batches,
) -> None:
    job = head_job(context.config, stage, module, learners, losses, settings, batches.epoch)
    run_job(job, context.run, context.progress)
