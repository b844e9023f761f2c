"""What moves the networks of a reconstruction model."""

from __future__ import annotations

from torch import nn
from torch.optim import Adam

from opensearch.loop import Learner, cosine

_LOWEST = 0.05  # of the learning rate, at the end


def adam(module: nn.Module, top: float, betas: tuple[float, float], shown_as: str = "") -> Learner:
    """Adam, whose learning rate falls along a cosine from `top` to a twentieth of it."""
    optimiser = Adam(module.parameters(), betas=betas)

    def rate(share: float, factor: float) -> float:
        return factor * cosine(share, top, _LOWEST * top)

    return Learner(optimiser, rate, shown_as)
