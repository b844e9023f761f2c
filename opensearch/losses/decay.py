"""Weight decay as a term of a loss, as papers print it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def squared_weights(weights: Iterable[Tensor]) -> Tensor:
    """The squared Frobenius norms of layers' weights, summed; without lambda."""
    return torch.stack([weight.square().sum() for weight in weights]).sum()
