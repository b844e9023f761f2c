"""The networks of one domain: one for each level of the pyramid, and their layers to targets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from opensearch.encoders.networks import Parallel, Standard, perceptron
from opensearch.methods.cdnn.settings import CdnnSettings
from opensearch.training.heads import chance
from opensearch.training.items import Items


class LevelNetworks(nn.Module):
    """The hidden layers of one network per level, side by side.

    The layers to the target are passed in with each call, as domains may share them.

    Args:
        items: of the domain.
        settings: of the networks.
        seed: of the first weights.
    """

    def __init__(self, items: Items, settings: CdnnSettings, seed: int) -> None:
        super().__init__()
        columns = _columns(items, settings.levels)
        with chance(seed, f"cdnn {items.name}", 0):
            bodies = [_hidden(stop - start, settings) for start, stop in columns]
        flat = items.rows.flatten(0, 1)
        self.standard: nn.Module = nn.Identity()
        if settings.standardise:
            self.standard = Standard(flat.mean(0), flat.std(0, correction=0))
        self.hidden = Parallel(bodies, columns)

    def forward(self, rows: Tensor, lasts: nn.ModuleList) -> tuple[Tensor, list[Tensor]]:
        """Hidden values (n, h), and outputs (n, d) of each level, for features (n, v, f) of items.

        Both are means over views.

        Args:
            lasts: a layer to the target for each level.
        """
        n, v, f = rows.shape
        hidden = self.hidden.outputs(self.standard(rows.reshape(n * v, f)))
        outputs = [
            last(own).reshape(n, v, -1).mean(dim=1) for last, own in zip(lasts, hidden, strict=True)
        ]
        return torch.cat(hidden, dim=1).reshape(n, v, -1).mean(dim=1), outputs

    def encoder(self, representation: str, lasts: nn.ModuleList) -> nn.Sequential:
        """From features to the values that items are compared by, all levels in a row."""
        network: nn.Module = self.hidden
        if representation == "target":
            pairs = zip(self.hidden.branches, lasts, strict=True)
            branches = [nn.Sequential(body, last) for body, last in pairs]
            network = Parallel(branches, self.hidden.columns)
        if isinstance(self.standard, nn.Identity):
            return nn.Sequential(network)
        return nn.Sequential(self.standard, network)


def last_layers(settings: CdnnSettings, seed: int, name: str) -> nn.ModuleList:
    """A linear layer to the target for each level; first weights depend on seed and name."""
    with chance(seed, f"cdnn targets of {name}", 0):
        layers = [nn.Linear(settings.layers[-1], settings.dim) for _ in settings.levels]
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.ModuleList(layers)


def _hidden(features: int, settings: CdnnSettings) -> nn.Sequential:
    return perceptron(
        [features, *settings.layers],
        settings.activation,
        norm=settings.norm,
        dropout=settings.dropout,
        active_end=True,
    )


def _columns(items: Items, levels: Sequence[int]) -> list[tuple[int, int]]:
    """The features of each level: cells of a drawing, and of other domains the same for all."""
    width = items.rows.shape[-1]
    if not has_pyramid(items.data.looks, levels):
        return [(0, width)] * len(levels)
    one = width // sum(level**2 for level in levels)
    ends = [one * sum(level**2 for level in levels[:count]) for count in range(len(levels) + 1)]
    return list(pairwise(ends))


def has_pyramid(looks: str, levels: Sequence[int]) -> bool:
    """Whether a domain's views are cut into cells: drawings are, where there are several levels.

    Args:
        looks: what its views are like, see `ReaderKind.looks`.
    """
    return looks == "sketch" and list(levels) != [1]
