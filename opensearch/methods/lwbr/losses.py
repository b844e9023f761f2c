"""The loss of barycentric representations, equation (14).

Source:
    Xie, Dai, Zhu, Fang, "Learning barycentric representations of 3D shapes for sketch-based 3D
    shape retrieval", CVPR 2017.
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
class BarycentricLoss:
    """Equation (14): pairs across domains, and the scatter of each domain.

    It is for two domains; of more, every two have the first two terms.

    Attributes:
        margin: alpha, of squared distances.
        scatter: weight of each domain's L, beta_1 and beta_2, in the order of the domains.
        reduction: `mean`, as printed, or `sum`.
    """

    margin: float
    scatter: Sequence[float]
    reduction: Reduction

    def __call__(self, domains: Sequence[Points]) -> Tensor:
        """A scalar, of two domains or more."""
        across = [
            cross_domain(one, other, self.margin, self.reduction)
            for one, other in combinations(domains, 2)
        ]
        own = [
            weight * domain_scatter(points, self.margin, self.reduction)
            for weight, points in zip(self.scatter, domains, strict=True)
        ]
        return torch.stack([*across, *own]).sum()


def cross_domain(points: Points, others: Points, margin: float, reduction: Reduction) -> Tensor:
    """The first two terms of (14): mean pull of one category, mean hinge of different ones."""
    return pulled_and_pushed(*pairs_of_two(points, others), margin, reduction)


def domain_scatter(points: Points, margin: float, reduction: Reduction) -> Tensor:
    """L_1 or L_2 of (14): little scatter within categories, much between them, in one domain.

    The paper's regulariser asks for both. Scatter between categories has no upper end, so it is
    bounded here, which is our choice: means of two categories gain nothing by being further apart
    than the margin. The loss is the squared distance of points from their category's mean, plus
    what the squared distance of two means lacks of the margin.
    """
    kinds, place = torch.unique(points.labels, return_inverse=True)
    means = category_centres(points.values, place, len(kinds))
    within = (points.values - means[place]).square().sum(dim=1)
    between, _, _ = own_pairs(Points(means, kinds))
    lacking = (margin - between).clamp(min=0)
    return reduced(within, reduction) + reduced(lacking, reduction)


def category_centres(values: Tensor, place: Tensor, count: int) -> Tensor:
    """Mean of each category's values, (count, d); `place` (n,) numbers categories from 0."""
    sums = values.new_zeros(count, values.shape[1]).index_add(0, place, values)
    return sums / torch.bincount(place, minlength=count)[:, None]
