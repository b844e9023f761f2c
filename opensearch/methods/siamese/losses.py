"""Equation 1: the losses of every domain's pairs and of the pairs across domains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from torch import Tensor

from opensearch.losses.siamese import SiameseLoss


def siamese_losses(
    codes: Sequence[Tensor], labels: Sequence[Tensor], loss: SiameseLoss
) -> dict[str, Tensor]:
    """L(s1, s2) + L(v1, v2) + L(s1, v1), summed over domains and over pairs of domains.

    Args:
        codes: of each domain's batch, shape (n, d).
        labels: their categories, shape (n,).
        loss: equation 2 over all pairs.

    Returns:
        `within` and `across`, scalars whose sum is equation 1.
    """
    halves = list(zip(codes, labels, strict=True))
    within = [loss(*half, *half) for half in halves]
    across = [loss(*one, *other) for one, other in combinations(halves, 2)]
    return {"within": sum(within[1:], within[0]), "across": sum(across[1:], across[0])}
