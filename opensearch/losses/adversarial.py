"""The least-squares loss of discriminators, and of what is made to convince them.

Source:
    Mao et al., "Least squares generative adversarial networks", ICCV 2017.
"""

from __future__ import annotations

from torch import Tensor


def least_squares(scores: Tensor, real: bool) -> Tensor:
    """Mean squared distance of scores from 1, or from 0 where they should say made.

    Args:
        scores: any shape; without scores the loss is 0.
        real: what they should say.
    """
    return (scores.float() - float(real)).square().mean() if len(scores) else scores.sum()
