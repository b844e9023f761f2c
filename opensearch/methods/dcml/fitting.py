"""Correlated metric learning from data to encoders: all networks are trained together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from opensearch.loop import LOSS, Descent, run_job
from opensearch.losses.decay import squared_weights
from opensearch.losses.margins import Points
from opensearch.methods.dcml.losses import CorrelatedLoss
from opensearch.methods.dcml.networks import DomainNetwork
from opensearch.methods.dcml.settings import CorrelatedConfig, DcmlSettings
from opensearch.training.assemble import FittedModel
from opensearch.training.centred import centred_model
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.heads import (
    head_job,
    learner,
    refuse_collapse,
    refuse_no_pairs,
    refuse_unpaired,
)
from opensearch.training.items import Batch, Batches, domain_items


def fit_dcml(context: Context[CorrelatedConfig], domains: Sequence[DomainData]) -> FittedModel:
    """Train the networks of all domains; the papers rank by their Euclidean distance.

    Args:
        domains: with features as rows.
    """
    config, settings = context.config, context.config.settings()
    items, _ = domain_items(context, domains)
    networks = [DomainNetwork(own, settings, config.seed) for own in items]
    module = nn.ModuleList(networks)
    loss = CorrelatedLoss(settings.alpha, settings.margin, settings.reduction, settings.cuts)
    batches = Batches(config.method, items, settings, config.seed)
    # The weights' decay is a term of the loss, so that biases have none.
    adjusts = learner([module], settings.model_copy(update={"weight_decay": 0}))
    weights = [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear)]

    def losses(step: int) -> Iterator[Descent]:
        parts = batches.draw(step)
        refuse_unpaired(parts)
        for part in parts:
            refuse_no_pairs(part)
        outputs = [net(part.rows) for net, part in zip(networks, parts, strict=True)]
        for output, part in zip(outputs, parts, strict=True):
            refuse_collapse(output[-1], part)
        decay = settings.weight_decay * squared_weights(weights)
        terms = {LOSS: holistic_loss(loss, outputs, parts, settings), "decay": decay}
        yield Descent(terms, [adjusts], samples=len(parts[0].labels))

    job = head_job(config, config.method, module, [adjusts], losses, settings, batches.epoch)
    run_job(job, context.run, context.progress)

    def encoder(place: int, centre: Tensor) -> FittedDomain:
        return networks[place].fitted(items[place], centre)

    points = [network.points(own.rows) for own, network in zip(items, networks, strict=True)]
    return centred_model(context, domains, points, encoder)


def holistic_loss(
    loss: CorrelatedLoss,
    outputs: Sequence[Sequence[Tensor]],
    parts: Sequence[Batch],
    settings: DcmlSettings,
) -> Tensor:
    """The loss at the last layer, and at `holistic` hidden ones from the last back.

    Args:
        outputs: of each domain, what its layers give (n, w), the last layer's last.
        parts: of the batch, in the same order.
    """

    def at(back: int) -> Tensor:
        own = zip(outputs, parts, strict=True)
        return loss([Points(layers[-1 - back], part.labels) for layers, part in own])

    total = at(0)
    for back in range(1, settings.holistic + 1):
        total = total + settings.holistic_weight * at(back)
    return total
