"""Equation 3 without its decay, `losses.decay`: outputs near the targets of their categories.

Its constraint, that items of one category have one target in all domains, holds by construction:
targets are numbered by category.
"""

from __future__ import annotations

from torch import Tensor


def target_loss(outputs: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """The mean over items of the squared distance from output to target.

    Args:
        outputs: of a domain's network, shape (n, d).
        labels: numbers of categories, shape (n,).
        targets: of each category, shape (c, d).
    """
    return (targets[labels] - outputs).square().sum(dim=1).mean()
