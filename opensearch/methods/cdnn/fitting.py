"""Cross-domain networks from features to encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from opensearch.encoders.networks import projector_tensors
from opensearch.loop import Descent, Job, run_job
from opensearch.losses.decay import squared_weights
from opensearch.methods.cdnn.losses import target_loss
from opensearch.methods.cdnn.networks import LevelNetworks, last_layers
from opensearch.methods.cdnn.settings import CdnnConfig, CdnnSettings
from opensearch.training.assemble import FittedModel
from opensearch.training.centred import EUCLIDEAN
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.heads import chance, head_job, learner, refuse_collapse, spread
from opensearch.training.items import Batches, Items, domain_items
from opensearch.training.learnt_space import space_of_means

STAGE = "cdnn"


def fit_cdnn(context: Context[CdnnConfig], domains: Sequence[DomainData]) -> FittedModel:
    """Train the networks of all levels and domains; a category's prototype is its items' mean.

    Args:
        domains: with features as rows.
    """
    config, settings = context.config, context.config.cdnn
    items, categories = domain_items(context, domains)
    networks = [LevelNetworks(own, settings, config.seed) for own in items]
    lasts = layers_to_targets([own.name for own in items], settings, config.seed)
    targets = fixed_targets(len(categories), settings, config.seed)
    run_job(_job(items, networks, lasts, targets, config), context.run, context.progress)
    fitted = {}
    for own, network, layers in zip(items, networks, lasts, strict=True):
        encoder = network.eval().encoder(settings.representation, layers)
        fitted[own.name] = FittedDomain(own.data.start, projector_tensors(encoder), own.pooling)
    return FittedModel(fitted, space=space_of_means(context, domains, fitted), published=EUCLIDEAN)


def layers_to_targets(
    names: Sequence[str], settings: CdnnSettings, seed: int
) -> list[nn.ModuleList]:
    """The layers to the target of each domain; all domains share them if the settings say so."""
    if settings.last == "own":
        return [last_layers(settings, seed, name) for name in names]
    return [last_layers(settings, seed, "all")] * len(names)


def fixed_targets(count: int, settings: CdnnSettings, seed: int) -> Tensor:
    """A unit vector (d,) for each of so many categories."""
    if settings.targets == "onehot":
        return torch.eye(count, settings.dim)
    with chance(seed, "cdnn fixed targets", 0):
        return normalize(torch.randn(count, settings.dim), dim=1)


def _job(
    items: Sequence[Items],
    networks: Sequence[LevelNetworks],
    lasts: Sequence[nn.ModuleList],
    targets: Tensor,
    config: CdnnConfig,
) -> Job:
    settings, module = config.cdnn, nn.ModuleList([*networks, *dict.fromkeys(lasts)])
    adjusts = learner([module], settings)
    weights = [layer.weight for layer in module.modules() if isinstance(layer, nn.Linear)]
    batches = Batches(STAGE, items, settings, config.seed)

    def losses(step: int) -> Iterator[Descent]:
        near, least = [], []
        for network, layers, batch in zip(networks, lasts, batches.draw(step), strict=True):
            hidden, outputs = network(batch.rows, layers)
            refuse_collapse(hidden, batch)
            near += [target_loss(output, batch.labels, targets) for output in outputs]
            least.append(spread(hidden))
        made = {
            "targets": torch.stack(near).sum(),
            "decay": settings.decay * squared_weights(weights),
        }
        yield Descent(made, [adjusts], {"spread": min(least)})

    return head_job(config, STAGE, module, [adjusts], losses, settings, batches.epoch)
