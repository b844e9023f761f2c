"""Networks on features: perceptrons of any depth, and their tensors as a bundle keeps them.

`projection` runs them at inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

Activation: TypeAlias = Literal["relu", "sigmoid"]

ACTIVATIONS: Final[dict[str, type[nn.Module]]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


class Standard(nn.Module):
    """Features brought to mean 0 and deviation 1 in every number, by what training data had.

    Args:
        mean, deviation: shape (f,); a deviation of 0 counts as 1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("deviation", torch.where(deviation > 0, deviation, 1.0).float())

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, f) of the same shape."""
        return (features - self.mean) / self.deviation


class Unit(nn.Module):
    """Every row brought to length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, d) of the same shape."""
        return normalize(x, dim=-1)


class Parallel(nn.Module):
    """Networks side by side, each on columns of its own; their outputs are put in a row.

    Args:
        branches: one network each.
        columns: of the input, first and last + 1 of each branch.
    """

    def __init__(
        self, branches: Sequence[nn.Sequential], columns: Sequence[tuple[int, int]]
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.columns = list(columns)

    def outputs(self, x: Tensor) -> list[Tensor]:
        """What each branch makes of rows (n, f)."""
        pairs = zip(self.branches, self.columns, strict=True)
        return [branch(x[:, start:stop]) for branch, (start, stop) in pairs]

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, f) to the outputs of all branches, (n, d)."""
        return torch.cat(self.outputs(x), dim=1)


class Residual(nn.Module):
    """A network that is added to its input.

    Args:
        inner: keeps the width of its input.
    """

    def __init__(self, inner: nn.Sequential) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, d) of the same shape."""
        out: Tensor = x + self.inner(x)
        return out


def perceptron(
    widths: Sequence[int],
    activation: Activation = "relu",
    *,
    norm: bool = False,
    dropout: float = 0.0,
    active_end: bool = False,
) -> nn.Sequential:
    """Linear layers, each but the last with batch norm if asked, its activation, and dropout.

    Args:
        widths: of the input, of each hidden layer, and of the output; Xavier init.
        activation: a key of `ACTIVATIONS`.
        norm: whether batch norms stand before activations, and after the last layer.
        dropout: share of hidden units dropped in training.
        active_end: whether the output is active, too, as of sigmoid networks.
    """
    layers: list[nn.Module] = []
    for place, (inner, outer) in enumerate(pairwise(widths), start=1):
        linear, last = nn.Linear(inner, outer), place == len(widths) - 1
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        if norm:
            layers.append(nn.BatchNorm1d(outer))
        if not last or active_end:
            layers.append(ACTIVATIONS[activation]())
        if dropout and not last:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


_KINDS: Final[dict[type[nn.Module], str]] = {
    nn.Linear: "linear",
    nn.BatchNorm1d: "norm",
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    Standard: "standard",
    Unit: "unit",
}


def projector_tensors(network: nn.Sequential) -> dict[str, NDArray[np.generic]]:
    """The tensors of a trained chain as `projection.Projection` takes them.

    Chains within the chain are taken apart, and what only acts in training is left out.

    Raises:
        TypeError: a layer that inference does not know.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for place, layer in enumerate(_flat(network)):
        if isinstance(layer, Residual):
            inner = projector_tensors(layer.inner)
            found |= {f"layers.{place}.residual.{name}": tensor for name, tensor in inner.items()}
            continue
        if isinstance(layer, Parallel):
            found |= _parallel_tensors(layer, f"layers.{place}.parallel")
            continue
        if type(layer) not in _KINDS:
            raise TypeError(f"no layer of inference is a {type(layer).__name__}")
        name = f"layers.{place}.{_KINDS[type(layer)]}"
        state = layer.state_dict()
        found |= {f"{name}.{key}": value.detach().cpu().numpy() for key, value in state.items()}
        if not state:
            found[name] = np.zeros(0, np.float32)
    return found


def _parallel_tensors(layer: Parallel, name: str) -> dict[str, NDArray[np.generic]]:
    found: dict[str, NDArray[np.generic]] = {}
    for number, columns in enumerate(layer.columns):
        branch: nn.Sequential = layer.branches[number]  # type: ignore[assignment]
        inner = projector_tensors(branch)
        found |= {f"{name}.{number}.{key}": tensor for key, tensor in inner.items()}
        found[f"{name}.{number}.columns"] = np.array(columns, np.int32)
    return found


def _flat(network: nn.Sequential) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, nn.Sequential):
            layers += _flat(layer)
        elif not isinstance(layer, nn.Dropout):
            layers.append(layer)
    return layers
