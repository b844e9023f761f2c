"""What transformed features and the target's are brought together by.

Equations are those of Chen and Fang 2018; (16) and (17) are `losses.hardest`. Discriminators give
logits: D is their sigmoid, and log D(z) = -softplus(-logit), log(1 - D(z)) = -softplus(logit).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from opensearch.losses.hardest import hardest_triplets
from opensearch.methods.dca.settings import DcaSettings


def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
    """Equation 20: -E log D(z2) - E log(1 - D(zt)).

    Args:
        real: logits of the target's features, shape (n, 1).
        made: logits of transformed features, shape (m, 1).
    """
    return softplus(-real).mean() + softplus(made).mean()


def generator_loss(made: Tensor, saturating: bool) -> Tensor:
    """Equation 19, E log(1 - D(zt)), or what is usual in its place, -E log D(zt).

    Args:
        made: logits of transformed features, shape (m, 1).
    """
    return -softplus(made).mean() if saturating else softplus(-made).mean()


def mean_discrepancy(
    made: Tensor, made_labels: Tensor, real: Tensor, real_labels: Tensor, squared: bool
) -> Tensor:
    """Equation 21: the distances between both means of each category, summed over categories.

    Args:
        made: transformed features (m, d), with labels (m,).
        real: the target's features (n, d), with labels (n,).
        squared: of each distance; not in the paper.

    Returns:
        A scalar; categories that only one of them holds do not count.
    """
    shared = sorted(set(made_labels.tolist()) & set(real_labels.tolist()))
    gaps = torch.stack(
        [made[made_labels == c].mean(dim=0) - real[real_labels == c].mean(dim=0) for c in shared]
    )
    squares = gaps.square().sum(dim=1)
    return squares.sum() if squared else gaps.norm(dim=1).sum()


def transformation_losses(
    made: Tensor,
    made_labels: Tensor,
    logits: Tensor,
    real: Tensor,
    real_labels: Tensor,
    settings: DcaSettings,
) -> dict[str, Tensor]:
    """Equation 22: semantic, adversary and discrepancy, whose sum is L_T.

    Args:
        made: transformed features (m, d), with labels (m,) and logits (m, 1).
        real: the target's features (n, d), with labels (n,).
    """
    return {
        "semantic": settings.semantic * metric_loss(made, made_labels, settings),
        "adversary": settings.adversary
        * generator_loss(logits, settings.generator == "saturating"),
        "discrepancy": settings.discrepancy
        * mean_discrepancy(made, made_labels, real, real_labels, settings.squared),
    }


def metric_loss(points: Tensor, labels: Tensor, settings: DcaSettings) -> Tensor:
    """Equations 16 and 17 as the settings want them."""
    return hardest_triplets(
        points,
        labels,
        settings.margin,
        importance=settings.importance,
        mean=settings.reduction == "mean",
    )
