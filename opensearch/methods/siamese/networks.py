"""The networks of Siamese training: one for each domain, none of them shared."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.backbones.drawings import start_evenly


class SiameseModel(nn.Module):
    """A backbone and a layer to the code for each domain, in order; codes are active, too.

    Args:
        backbone: that all start from.
        count: of domains.
        code: numbers of a code.
        seed: of the last layers.
    """

    def __init__(self, backbone: Backbone, count: int, code: int, seed: int) -> None:
        super().__init__()
        self.backbones = nn.ModuleList(deepcopy(backbone) for _ in range(count))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.heads = nn.ModuleList(_head(backbone.dim, code) for _ in range(count))

    def forward(self, views: Sequence[Tensor]) -> list[Tensor]:
        """Codes (n, code), float32, of each domain's views (n, s, s, 3), values 0..255."""
        networks = zip(self.backbones, self.heads, views, strict=True)
        with torch.autocast(views[0].device.type, dtype=torch.bfloat16):
            return [head(backbone(part)).float() for backbone, head, part in networks]


def _head(features: int, code: int) -> nn.Sequential:
    linear = nn.Linear(features, code)
    start_evenly(linear, features + code)
    return nn.Sequential(linear, nn.ReLU())
