"""Softmax over cosines with a margin, for networks whose features are compared by cosines.

Source:
    Wang, Cheng, Liu, Liu, "Additive margin softmax for face verification", 2018.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize, one_hot


class MarginSoftmax(nn.Module):
    """Cross entropy of s (cos - m) for the own category against s cos for the others.

    Cosines are those of features with a weight vector a category, which is learnt.

    Args:
        dim: width of features.
        categories: how many there are.
        scale: s.
        margin: m; only in the loss, not where a category is told.
        smoothing: share of the target that all categories get alike.
    """

    def __init__(
        self, dim: int, categories: int, scale: float, margin: float, smoothing: float
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(categories, dim))
        nn.init.xavier_uniform_(self.weight)
        self.scale, self.margin, self.smoothing = scale, margin, smoothing

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of features (n, d), not normalised, with labels (n,) int64."""
        own = one_hot(labels, len(self.weight))
        logits = self.scale * (self._cosines(features) - self.margin * own)
        return cross_entropy(logits, labels, label_smoothing=self.smoothing)

    @torch.no_grad()
    def accuracy(self, features: Tensor, labels: Tensor) -> float:
        """Share of features whose nearest weight vector is their own."""
        return float((self._cosines(features).argmax(dim=1) == labels).float().mean())

    def _cosines(self, features: Tensor) -> Tensor:
        return normalize(features, dim=1) @ normalize(self.weight, dim=1).T
