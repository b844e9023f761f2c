"""How a student is guided by the teacher's class centres.

Equations are those of Dai and Liang 2020. (30) and (31) are called cosine distances and printed as
cosines, with (29) as L_c - lambda L_a. Of distances 1 - cos, as named, (29) is

    (1 - cos_own) - lambda sum_j (1 - cos_j) = lambda sum_j cos_j - cos_own + a constant,

so what is minimised is lambda L_a - L_c with the cosines as printed. The sign as printed would
drive items away from their own centre.

(31) sums the cosines with all N - 1 other centres; with a lambda that does not fall with N they
would outweigh L_c, which is one cosine. So lambda here is `others` / (N - 1).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def own_cosine(points: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
    """Equation 30: the mean cosine of points with the centres of their own categories.

    Args:
        points: shape (m, d).
        centres: shape (n, d).
        labels: each point's centre, shape (m,).
    """
    return (normalize(points, dim=1) * normalize(centres, dim=1)[labels]).sum(dim=1).mean()


def other_cosines(points: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
    """Equation 31: the mean, over points, of the sum of cosines with all other centres.

    Points, centres and labels are those of `own_cosine`.
    """
    cosines = normalize(points, dim=1) @ normalize(centres, dim=1).T
    own = torch.zeros_like(cosines).scatter(1, labels[:, None], 1.0)
    return (cosines * (1 - own)).sum(dim=1).mean()


def guidance_loss(points: Tensor, centres: Tensor, labels: Tensor, others: float) -> Tensor:
    """Equation 29 with the sign that trains, lambda L_a - L_c; see the module.

    Args:
        others: lambda (n - 1).
    """
    share = others / max(len(centres) - 1, 1)
    return share * other_cosines(points, centres, labels) - own_cosine(points, centres, labels)


def transfer_loss(points: Tensor, centres: Tensor, labels: Tensor, weight: float) -> Tensor:
    """The sister code's: `weight` times the mean over points (m, d) of 2 ||f - c||^2."""
    return weight * 2 * (points - centres[labels]).square().sum(dim=1).mean()
