"""Contrast across domains: items of one category attract, whatever domains they come from.

Source:
    Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equation 2, with the pairs
    of one domain left out: within a domain the prototypes already do that work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_FAR = -1e4  # a logit that a softmax over a batch never sees


class CrossDomainContrast(nn.Module):
    """Softmax of each item over the items of all other domains.

    Args:
        temperature: of the softmax over cosines.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, units: Tensor, labels: Tensor, domains: Tensor) -> Tensor:
        """Mean loss of the items that have a partner in another domain; 0 if none has.

        Args:
            units: shape (n, d), unit rows.
            labels: shape (n,), int64.
            domains: shape (n,), int64.
        """
        other = domains[:, None] != domains[None]
        logits = (units @ units.T / self.temperature).masked_fill(~other, _FAR)
        logs = logits - torch.logsumexp(logits, dim=1, keepdim=True)
        partners = (labels[:, None] == labels[None]) & other
        counts = partners.sum(dim=1)
        sums = (logs * partners).sum(dim=1)
        means = sums / counts.clamp(min=1)
        return -means.sum() / (counts > 0).sum().clamp(min=1)
