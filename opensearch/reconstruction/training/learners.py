"""What moves the networks of a reconstruction model."""

from __future__ import annotations

from torch import nn
from torch.optim import Adam

from opensearch.loop import Learner, cosine

_LOWEST = 0.05  # of the learning rate, at the end


def adam(module: nn.Module, top: float, betas: tuple[float, float], shown_as: str = "") -> Learner:
    """Adam, whose learning rate falls along a cosine from `top` to a twentieth of it.

    Args:
        module: whose parameters learn.
        top: the learning rate of the first step.
        betas: of Adam's two running means.
        shown_as: name of the rate in lines of metrics; not shown where empty.

    Source:
        Kingma and Ba, "Adam", ICLR 2015.
    """
    optimiser = Adam(module.parameters(), betas=betas)

    def rate(share: float, factor: float) -> float:
        return factor * cosine(share, top, _LOWEST * top)

    return Learner(optimiser, rate, shown_as)
