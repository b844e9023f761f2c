"""The loss of a Siamese pair: distances of one category shrink, others grow.

Source:
    Wang, Kang, Li, "Sketch-based 3D shape retrieval using convolutional neural networks", CVPR
    2015, equation 2, and their code.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor, nn

KEPT: Final = (0.5, 0.06)
"""Shares of the pairs of one category, and of the others, that the paper's code keeps."""
HALVED: Final = 2.0
"""What the code divides the sum over pairs of different categories by."""


class SiameseLoss(nn.Module):
    """Equation 2 with y = 0 for one category: (1 - y) a d^2 + y b exp(c d), d an L1 distance.

    b is C_n and c is -2.77 / C_n. What a is, the paper and its authors' code give differently.

    Args:
        positive: C_p.
        negative: C_n.
        scale: a as `paper` (1 / C_p) or as `code` (C_p).
        pairs: `means` (ours): the mean over pairs of one category plus the mean over the others,
            which weighs both alike whatever a batch holds. `code`: the sums over a random half of
            the former and six in a hundred of the latter, these halved.
    """

    def __init__(
        self,
        positive: float = 0.2,
        negative: float = 10.0,
        scale: Literal["paper", "code"] = "code",
        pairs: Literal["means", "code"] = "means",
    ) -> None:
        super().__init__()
        self.pull = 1 / positive if scale == "paper" else positive
        self.push = negative
        self.pairs = pairs

    def forward(self, one: Tensor, labels: Tensor, other: Tensor, others: Tensor) -> Tensor:
        """The loss over all pairs of two batches, which may be one and the same.

        Pairs of a batch with itself are taken once each, and no item with itself; a kind of pairs
        that does not occur counts 0.

        Args:
            one: codes, shape (n, d).
            labels: category of each of `one`, shape (n,).
            other: codes, shape (m, d).
            others: category of each of `other`, shape (m,).
        """
        distances = torch.cdist(one.float(), other.float(), p=1)
        wanted = torch.ones_like(distances, dtype=torch.bool)
        if one is other:
            wanted = wanted.triu(diagonal=1)
        same = labels[:, None] == others[None]
        near = self.pull * distances.square()
        far = self.push * torch.exp(-2.77 / self.push * distances)
        if self.pairs == "code":
            near_kept, far_kept = (torch.rand_like(distances) < share for share in KEPT)
            pulled = (near * (wanted & same & near_kept)).sum()
            return pulled + (far * (wanted & ~same & far_kept)).sum() / HALVED
        return _mean(near, wanted & same) + _mean(far, wanted & ~same)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
