"""The networks: a metric network a domain; of each but the target, a transformation and a critic.

A critic is the paper's discriminator, which tells the target's features from transformed ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from opensearch.encoders.networks import Residual, Unit, perceptron
from opensearch.methods.dca.settings import DcaSettings
from opensearch.training.heads import chance, new_head, pooled
from opensearch.training.items import Batch, Items


class DcaModel(nn.Module):
    """All networks, by the names of domains.

    Args:
        items: of all domains.
        settings: their widths, and which domain is the target.
        seed: of the first weights.
    """

    def __init__(self, items: Sequence[Items], settings: DcaSettings, seed: int) -> None:
        super().__init__()
        end = [Unit()] if settings.unit else []
        self.metrics = nn.ModuleDict(
            {own.name: nn.Sequential(new_head(own, settings, seed), *end) for own in items}
        )
        others = [own.name for own in items if own.name != settings.target]
        dim = settings.dim
        with chance(seed, "dca networks", 0):
            self.transforms = nn.ModuleDict(
                {
                    name: nn.Sequential(
                        Residual(perceptron([dim, *settings.transform_layers, dim])), *end
                    )
                    for name in others
                }
            )
            self.critics = nn.ModuleDict(
                {name: perceptron([dim, *settings.critic_layers, 1]) for name in others}
            )

    def encoder(self, name: str) -> nn.Sequential:
        """The whole network of a domain."""
        parts = [self.metrics[name]]
        return nn.Sequential(*parts, *([self.transforms[name]] if name in self.transforms else []))

    @torch.no_grad()
    def features(self, batch: Batch) -> Tensor:
        """Features (b, d) as the metric network gives them at inference; nothing is learnt."""
        network = self.metrics[batch.domain]
        learning = network.training
        points = pooled(network.eval(), batch.rows, batch.pooling)
        network.train(learning)
        return points

    def transformed(self, batch: Batch) -> Tensor:
        """Features (b, d) brought to the target's; the transformation learns, and nothing else."""
        n, v, f = batch.rows.shape
        by_view = Batch(
            batch.domain, batch.place, batch.rows.reshape(n * v, 1, f), batch.labels, "mean"
        )
        views = self.features(by_view).reshape(n, v, -1)
        return pooled(self.transforms[batch.domain], views, batch.pooling)
