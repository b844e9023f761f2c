"""The discrete step: codes of categories from codes of items, and the other way round.

Source:
    Zhang et al. 2018, semantic factorisation: min over D and B of the sum over domains of
    ||B_d - Y_d D||^2 + mu ||B_d - H_d||^2, plus ||D||^2, entries of B being -1 or 1. With paired
    items of two domains that is the paper's D = (2 Y^T Y + I)^-1 Y^T (B_I + B_S); the 2 becomes
    the number of domains, and domains may hold different items.

Where an item's category has a code, `Y D` alone decides the signs: mu is 1e-5 and breaks ties.
So codes settle at the first step, and a category's code is the vote of the signs its items
started from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def category_codes(labels: Sequence[Tensor], codes: Sequence[Tensor], categories: int) -> Tensor:
    """D, the ridge solution (sum_d Y_d^T Y_d + I)^-1 sum_d Y_d^T B_d.

    Args:
        labels: of each domain's items, shape (n_d,), int64.
        codes: of each domain's items, shape (n_d, bits), entries -1 or 1.
        categories: how many there are.

    Returns:
        Shape (categories, bits), float32, within -1..1; zero for a category without items.
    """
    # Y^T Y is diagonal, as every item has one category: solving is dividing.
    sums = torch.zeros(categories, codes[0].shape[1], device=codes[0].device)
    counts = torch.zeros(categories, device=codes[0].device)
    for label, code in zip(labels, codes, strict=True):
        sums.index_add_(0, label, code.float())
        counts += torch.bincount(label, minlength=categories)
    return sums / (counts + 1)[:, None]


def item_codes(labels: Tensor, of_categories: Tensor, outputs: Tensor, fidelity: float) -> Tensor:
    """B = sign(Y D + mu H), the minimiser with D fixed; a sum of zero counts as 1.

    Args:
        labels: shape (n,), int64.
        of_categories: D, shape (categories, bits).
        outputs: H, of the network for each item, shape (n, bits).
        fidelity: mu; 1e-5 in the paper's code.

    Returns:
        Shape (n, bits), float32, entries -1 or 1.
    """
    sums = of_categories[labels] + fidelity * outputs
    return torch.where(sums >= 0, 1.0, -1.0)
