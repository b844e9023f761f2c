"""A backbone whose features are pooled over the cells of a pyramid, not over the whole view."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from opensearch.encoders.backbones.backbone import Backbone
from opensearch.errors import InvalidInput

PREFIX = "pyramid-"
"""What the front of such a backbone's name starts with: `pyramid-1x2x4/resnet18`."""


class CellMeans(nn.Module):
    """Means of a feature map over the cells of each level, the coarsest level first.

    A level of n has n × n cells; where a map does not divide evenly, neighbours overlap.

    Args:
        levels: cells along a side.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.levels = tuple(levels)

    def forward(self, features: Tensor) -> Tensor:
        """Maps (n, c, h, w) to (n, c × cells, 1, 1): cell by cell, row by row."""
        height, width = features.shape[-2:]
        means = []
        for level in self.levels:
            for top, bottom in _bounds(height, level):
                for left, right in _bounds(width, level):
                    cell = features[:, :, top:bottom, left:right]
                    means.append(cell.mean(dim=(2, 3), keepdim=True))
        return torch.cat(means, dim=1)


class PyramidBackbone(Backbone):
    """A backbone with cells in place of its last pooling; see `CellMeans`.

    Args:
        levels: cells along a side, of each level.
        backbone: which is left as it is.

    Raises:
        InvalidInput: it does not end in a mean over its feature map.
    """

    levels: Tensor

    def __init__(self, levels: Sequence[int], backbone: Backbone) -> None:
        network = deepcopy(backbone.trunk)
        name = f"{PREFIX}{'x'.join(map(str, levels))}/{backbone.name}"
        cells = sum(level**2 for level in levels)
        super().__init__(name, network, backbone.dim * cells, backbone.expected)
        # Its weights are another backbone's: this tells their files apart.
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.int64))
        if not _replace_pooling(network, CellMeans(levels)) or not self._fits():
            raise InvalidInput(
                f"backbone {backbone.name} does not end in a mean over its feature map, so it has"
                " no pyramid; give another by backbone.name, efficientnet_lite2 or resnet18"
            )

    @torch.no_grad()
    def _fits(self) -> bool:
        """Whether what comes behind the pooling takes all cells."""
        side, training = self.expected.size if self.expected.fixed else 64, self.training
        try:
            features = self.eval()(torch.zeros(1, side, side, 3))
        except RuntimeError:  # shapes
            return False
        self.train(training)
        return tuple(features.shape) == (1, self.dim)


def levels_of(front: str) -> tuple[int, ...] | None:
    """The levels that a front names, `None` if it names none."""
    numbers = front.removeprefix(PREFIX).split("x")
    if not front.startswith(PREFIX) or not all(n.isdecimal() and 0 < int(n) < 9 for n in numbers):
        return None
    return tuple(int(number) for number in numbers)


def _bounds(size: int, parts: int) -> list[tuple[int, int]]:
    """First and last + 1 of each part of a row, as of torch's adaptive pooling."""
    return [(at * size // parts, -(-(at + 1) * size // parts)) for at in range(parts)]


def _replace_pooling(network: nn.Module, cells: CellMeans) -> bool:
    """Put cells where a network's last mean over everything is; whether there is one."""
    pools = [n for n, m in network.named_modules() if isinstance(m, nn.AdaptiveAvgPool2d)]
    if not pools or network.get_submodule(pools[-1]).output_size not in (1, (1, 1)):
        return False
    network.set_submodule(pools[-1], cells)
    return True
