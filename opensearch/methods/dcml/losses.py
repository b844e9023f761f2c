"""The losses of correlated metric learning, equations (7) to (13).

Two networks map a source and a target domain into one space. Within each domain, and across both,
pairs of one category attract and others repel up to a margin h of the squared distance; and the
categories' pairs are to lie as far apart in one domain as in the other. The equations are for two
domains; of more, every domain has its term of (8) and every two have theirs of (11).

Pairs are unordered and of two items: (x, y) and (y, x) are one, (x, x) is none.

Source:
    Dai, Xie, Zhu, Fang, "Deep correlated metric learning for sketch-based 3D shape retrieval",
    AAAI 2017; "Deep correlated holistic metric learning", IEEE TIP 27(7), 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from opensearch.losses.margins import (
    Points,
    Reduction,
    own_pairs,
    pairs_of_two,
    pulled_and_pushed,
    reduced,
)


@dataclass(frozen=True)
class CorrelatedLoss:
    """Equation (7) without its weight decay, which is `squared_weights`.

    Attributes:
        alpha: weight of discrimination, (8); correlation, (11), has the rest.
        margin: h.
        reduction: of sums over pairs, see `losses.margins`.
        bounded: whether the second term of (11)'s L_2 ends at h, see `scatter_correlation`.
    """

    alpha: float
    margin: float
    reduction: Reduction
    bounded: bool

    def __call__(self, domains: Sequence[Points]) -> Tensor:
        """Both terms of two domains or more, a scalar."""
        own, across = self.discrimination(domains), self.correlation(domains)
        return self.alpha * own + (1 - self.alpha) * across

    def discrimination(self, domains: Sequence[Points]) -> Tensor:
        """L_d, equation (8): the sum of (9) or (10) over domains."""
        parts = [own_discrimination(own, self.margin, self.reduction) for own in domains]
        return torch.stack(parts).sum()

    def correlation(self, domains: Sequence[Points]) -> Tensor:
        """L_c, the first line of equation (11): L_1 and L_2 of every two domains."""
        bound = self.margin if self.bounded else None
        parts = []
        for source, target in combinations(domains, 2):
            parts.append(pair_correlation(source, target, self.margin, self.reduction))
            parts.append(scatter_correlation(source, target, bound, self.reduction))
        return torch.stack(parts).sum()


def own_discrimination(own: Points, margin: float, reduction: Reduction) -> Tensor:
    """L_d of one domain, equations (9) and (10)."""
    squared, first, second = own_pairs(own)
    return pulled_and_pushed(squared, first == second, margin, reduction)


def pair_correlation(source: Points, target: Points, margin: float, reduction: Reduction) -> Tensor:
    """L_1 of the correlation, equations (11) and (12): pairs of an item of each domain."""
    return pulled_and_pushed(*pairs_of_two(source, target), margin, reduction)


def scatter_correlation(
    source: Points, target: Points, bound: float | None, reduction: Reduction
) -> Tensor:
    """L_2 of the correlation, equation (11): R small within a category, large across two.

    Args:
        bound: most that R of different categories counts. As printed (`None`) its weight is
            negative and R has no end but that of the networks' outputs: those of sigmoids are
            bounded, any others run away. Our choice there is h, as in (12).
    """
    ours, labels = own_distances(source)
    theirs, others = own_distances(target)
    difference = scatter_difference(ours[:, None], theirs[None])
    same = labels[:, None] == others[None]
    apart = difference[~same] if bound is None else difference[~same].clamp(max=bound)
    how: Reduction = "sum" if reduction == "sum" else "mean"
    return reduced(difference[same], how) - reduced(apart, how)


def scatter_difference(source: Tensor, target: Tensor) -> Tensor:
    """R, equation (13): squared difference of two distances, one within each domain."""
    return (source - target).square()


def own_distances(own: Points) -> tuple[Tensor, Tensor]:
    """Distances of every two items of one category, and their category, both of shape (p,).

    The root has no slope where two items coincide; it is taken as 0.
    """
    squared, first, second = own_pairs(own)
    squared, labels = squared[first == second], first[first == second]
    apart = squared > 0
    roots = torch.where(apart, torch.where(apart, squared, 1.0).sqrt(), 0.0)
    return roots, labels
