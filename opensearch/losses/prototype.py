"""Prototype learning: embeddings move to fixed points that the categories' words give.

Source:
    Thong, Mettes, Snoek, "Open cross-domain visual search", CVIU 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PrototypeLoss(nn.Module):
    """Cross entropy over the cosines of embeddings with fixed prototypes.

    p(c | x) is the softmax of cos(x, prototype_c) / T over the categories of one domain.

    Args:
        prototypes: shape (c, d), unit rows; they never learn.
        temperature: T, .05 for sketches and photos, .1 for shapes in the paper.
    """

    prototypes: Tensor

    def __init__(self, prototypes: Tensor, temperature: float) -> None:
        super().__init__()
        self.register_buffer("prototypes", nn.functional.normalize(prototypes.float(), dim=1))
        self.temperature = temperature

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of embeddings (n, d), not normalised, with labels (n,) int64."""
        units = nn.functional.normalize(embeddings.float(), dim=1)
        cosines = units @ self.prototypes.T
        return nn.functional.cross_entropy(cosines / self.temperature, labels)

    @torch.no_grad()
    def accuracy(self, embeddings: Tensor, labels: Tensor) -> float:
        """Share of embeddings whose nearest prototype is their own."""
        units = nn.functional.normalize(embeddings.float(), dim=1)
        return float(((units @ self.prototypes.T).argmax(1) == labels).float().mean())
