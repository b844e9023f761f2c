"""Barycentric representations from data to encoders: all networks are trained together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from opensearch.loop import LOSS, Descent, run_job
from opensearch.losses.margins import Points
from opensearch.methods.lwbr.losses import BarycentricLoss
from opensearch.methods.lwbr.settings import LwbrConfig
from opensearch.training.assemble import FittedModel
from opensearch.training.centred import centred_model
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.heads import (
    embed,
    embed_all,
    fitted_head,
    head_job,
    learner,
    new_head,
    refuse_unpaired,
    shifted,
)
from opensearch.training.items import Batches, domain_items


def fit_lwbr(context: Context[LwbrConfig], domains: Sequence[DomainData]) -> FittedModel:
    """Train the networks of all domains; the paper ranks by their Euclidean distance.

    Args:
        domains: with features as rows, those of shapes pooled already.
    """
    config, settings = context.config, context.config.lwbr
    items, _ = domain_items(context, domains)
    heads = [new_head(own, settings, config.seed) for own in items]
    module = nn.ModuleList(heads)
    betas = [settings.scatter_of(own.name) for own in items]
    loss = BarycentricLoss(settings.margin, betas, settings.reduction)
    batches = Batches(config.method, items, settings, config.seed)
    adjusts = learner([module], settings)

    def losses(step: int) -> Iterator[Descent]:
        parts = batches.draw(step)
        refuse_unpaired(parts)
        points = [
            Points(embed(head, part), part.labels) for head, part in zip(heads, parts, strict=True)
        ]
        yield Descent({LOSS: loss(points)}, [adjusts], samples=len(parts[0].labels))

    job = head_job(config, config.method, module, [adjusts], losses, settings, batches.epoch)
    run_job(job, context.run, context.progress)

    def encoder(place: int, centre: Tensor) -> FittedDomain:
        return fitted_head(items[place], shifted(heads[place], centre))

    points = [embed_all(head, own) for own, head in zip(items, heads, strict=True)]
    return centred_model(context, domains, points, encoder)
