"""Pairs of points: those of one category attract, others repel up to a margin of squared distance.

Sums over pairs are `sum` as papers print them, or `mean`: each set of pairs, those that attract and
those that repel, is averaged on its own, so that neither the size of a batch nor the many pairs of
different categories outweigh the rest. `pairs` averages both sets as one.

Source:
    Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006,
    with the margin on squared distances as in Dai et al. 2017 and Xie et al. 2017.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

Reduction: TypeAlias = Literal["sum", "mean", "pairs"]


class Points(NamedTuple):
    """What the network of one domain gives for a batch: values (n, d) and labels (n,) int64."""

    values: Tensor
    labels: Tensor


def pulled_and_pushed(squared: Tensor, same: Tensor, margin: float, reduction: Reduction) -> Tensor:
    """Squared distances of pairs of one category, and what others lack of the margin.

    Args:
        squared: squared distances, any shape.
        same: whether a pair is of one category, the same shape, bool.
        margin: that pairs of different categories are to keep, of the squared distance.

    Returns:
        A scalar; a set without pairs counts nothing.
    """
    pull, push = squared[same], (margin - squared[~same]).clamp(min=0)
    if reduction == "pairs":
        return reduced(torch.cat([pull, push]), "mean")
    return reduced(pull, reduction) + reduced(push, reduction)


def reduced(values: Tensor, reduction: Reduction) -> Tensor:
    """The sum of values of any shape, or their mean; 0 where there are none."""
    total = values.sum()
    return total if reduction == "sum" else total / max(values.numel(), 1)


def squared_distances(points: Tensor, others: Tensor) -> Tensor:
    """Squared Euclidean distances (n, m) of points (n, d) and others (m, d).

    They come from differences: products of the points would lose small distances.
    """
    mode = "donot_use_mm_for_euclid_dist"
    return torch.cdist(points, others, compute_mode=mode).square()


def own_pairs(points: Points) -> tuple[Tensor, Tensor, Tensor]:
    """Every pair of two points, once: its squared distance and the labels of both.

    Returns:
        Three tensors of shape (n (n - 1) / 2,).
    """
    values, labels = points
    first, second = torch.triu_indices(len(values), len(values), 1, device=values.device)
    squared = squared_distances(values, values)[first, second]
    return squared, labels[first], labels[second]


def pairs_of_two(points: Points, others: Points) -> tuple[Tensor, Tensor]:
    """Every pair across two domains: squared distances (n, m), and whether of one category."""
    same = points.labels[:, None] == others.labels[None]
    return squared_distances(points.values, others.values), same
