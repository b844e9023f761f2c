"""Projectors at inference: in numpy, so that a query never waits for torch to load.

There are two forms. A `Projector` has tensors `linear.*` and `norm.*`, and with a hidden layer
`hidden.0.*` and `hidden.1.*`. Any other network is a chain of layers whose tensors are named
`layers.<place>.<kind>.<tensor>`, see `LAYERS`; a layer without numbers has an empty tensor
`layers.<place>.<kind>`. Both are written by `networks.projector_tensors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError

EPSILON: Final = 1e-5
"""What torch's BatchNorm1d adds to the variance."""
SMALLEST: Final = 1e-12
"""The least length that a vector is divided by."""

Wide: TypeAlias = NDArray[np.float64]
Tensors: TypeAlias = Mapping[str, Wide]
Layer: TypeAlias = Callable[[Wide], Wide]


class Projection:
    """A trained network from features to an embedding, without torch.

    Computed in float64, so that an item's embedding does not depend on the batch it came in.

    Args:
        tensors: in one of the forms that the module names.

    Raises:
        BundleError: a tensor is missing, or shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        wide = {name: array.astype(np.float64) for name, array in tensors.items()}
        try:
            self._apply = _chain(wide) if _is_chain(wide) else _projector(wide)
        except (KeyError, ValueError, RecursionError) as error:
            raise BundleError(f"the tensors are not those of a projector: {error}") from error

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d) float32, not normalised, of features (n, f)."""
        return self._apply(features.astype(np.float64)).astype(np.float32)


def _projector(tensors: Tensors) -> Layer:
    layers = [_folded(tensors, "linear", "norm")]
    if "hidden.0.weight" in tensors:
        layers.insert(0, _folded(tensors, "hidden.0", "hidden.1"))

    def apply(x: Wide) -> Wide:
        for place, (weight, bias) in enumerate(layers):
            x = (np.maximum(x, 0) if place else x) @ weight + bias
        return x

    return apply


def _folded(tensors: Tensors, linear: str, norm: str) -> tuple[Wide, Wide]:
    """Weight (f, d) and bias (d,) of a linear layer and the batch norm after it, if any, as one."""
    weight, bias = tensors[f"{linear}.weight"].T, tensors[f"{linear}.bias"]
    if not any(name.startswith(f"{norm}.") for name in tensors):
        return weight, bias
    scale, shift = _scale_and_shift(tensors, norm)
    return weight * scale, bias * scale + shift


def _scale_and_shift(tensors: Tensors, norm: str) -> tuple[Wide, Wide]:
    scale = tensors[f"{norm}.weight"] / np.sqrt(tensors[f"{norm}.running_var"] + EPSILON)
    return scale, tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale


def _is_chain(tensors: Tensors) -> bool:
    return any(name.startswith("layers.") for name in tensors)


def _chain(tensors: Tensors, prefix: str = "") -> Layer:
    """A chain of layers, in the order of their numbers.

    Args:
        prefix: of the names of its tensors.
    """
    start = f"{prefix}layers."
    names = [name.removeprefix(start).split(".") for name in tensors if name.startswith(start)]
    places = sorted({(int(place), kind) for place, kind, *_ in names})
    layers = [LAYERS[kind](tensors, f"{start}{place}.{kind}") for place, kind in places]

    def apply(x: Wide) -> Wide:
        for layer in layers:
            x = layer(x)
        return x

    return apply


def _linear(tensors: Tensors, name: str) -> Layer:
    weight, bias = tensors[f"{name}.weight"].T, tensors[f"{name}.bias"]
    return lambda x: x @ weight + bias


def _norm(tensors: Tensors, name: str) -> Layer:
    scale, shift = _scale_and_shift(tensors, name)
    return lambda x: x * scale + shift


def _standard(tensors: Tensors, name: str) -> Layer:
    mean, deviation = tensors[f"{name}.mean"], tensors[f"{name}.deviation"]
    return lambda x: (x - mean) / deviation


def _residual(tensors: Tensors, name: str) -> Layer:
    inner = _chain(tensors, f"{name}.")
    return lambda x: x + inner(x)


def _parallel(tensors: Tensors, name: str) -> Layer:
    start, end = f"{name}.", ".columns"
    numbers = sorted(
        int(key.removeprefix(start).removesuffix(end))
        for key in tensors
        if key.startswith(start) and key.removeprefix(start).removesuffix(end).isdecimal()
    )
    branches = []
    for number in numbers:
        first, last = tensors[f"{start}{number}{end}"].astype(int)
        branches.append((_chain(tensors, f"{start}{number}."), slice(first, last)))
    return lambda x: np.concatenate([branch(x[:, own]) for branch, own in branches], axis=1)


def _relu(x: Wide) -> Wide:
    return np.maximum(x, 0)


def _sigmoid(x: Wide) -> Wide:
    """Without overflow on either side."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _unit(x: Wide) -> Wide:
    lengths = np.sqrt(np.square(x).sum(axis=-1, keepdims=True))
    return np.asarray(x / np.maximum(lengths, SMALLEST))


LAYERS: Final[dict[str, Callable[[Tensors, str], Layer]]] = {
    "linear": _linear,
    "norm": _norm,
    "standard": _standard,
    "relu": lambda tensors, name: _relu,
    "sigmoid": lambda tensors, name: _sigmoid,
    "unit": lambda tensors, name: _unit,
    "residual": _residual,
    "parallel": _parallel,
}
"""Every kind of layer, made from the tensors of its name. `networks` has the same in torch."""
