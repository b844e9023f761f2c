"""Trained networks at work, without torch: what those of this room have in common.

Convolutions are products of matrices, as projectors are in `encoders.encoder`: the networks are
small, and nobody who makes a model waits for torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.tensors import identity, load_tensors
from opensearch.errors import BundleError
from opensearch.reconstruction.card import Part

Array: TypeAlias = NDArray[np.float32]
Tensors: TypeAlias = Mapping[str, NDArray[np.generic]]


class Layers:
    """Weight and bias of each layer of a network, float32, by the layer's name.

    Args:
        tensors: the state dict of the network as arrays.
        names: of its layers.
        network: what it is called in messages.

    Raises:
        BundleError: a tensor is missing, or there are others.
    """

    def __init__(self, tensors: Tensors, names: Iterable[str], network: str) -> None:
        self._network = network
        wanted = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
        if wanted != set(tensors):
            raise BundleError(
                f"the tensors are not those of {network}:"
                f" {', '.join(sorted(wanted ^ set(tensors)))} are missing or too many"
            )
        self._tensors = {name: array.astype(np.float32) for name, array in tensors.items()}

    def __getitem__(self, name: str) -> tuple[Array, Array]:
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]

    def linear(self, name: str, x: Array) -> Array:
        """Torch's Linear: shape (..., a) to (..., b)."""
        weight, bias = self[name]
        return np.asarray(x @ weight.T + bias, np.float32)

    @contextmanager
    def tried(self) -> Iterator[None]:
        """The first run of the network, in the block, shows whether its tensors fit.

        Raises:
            BundleError: the shapes of its tensors do not fit together.
        """
        try:
            yield
        except ValueError as error:
            raise BundleError(f"the tensors are not those of {self._network}: {error}") from error


def load_part(folder: Path, part: Part) -> Tensors:
    """The tensors of a part of the reconstruction model in a folder.

    Raises:
        BundleError: they are damaged, or not those that the model was written with.
    """
    tensors = load_tensors(folder / part.tensors)
    if identity(tensors, part.settings) != part.identity:
        raise BundleError(
            f"tensor file {folder / part.tensors} is not the one that its model was written with;"
            " copy the whole folder again"
        )
    return tensors


def in_batches(function: Callable[[Array], Array], rows: Array, size: int, *shape: int) -> Array:
    """The rows (n, *shape) that a function makes of `size` at a time, so that memory stays flat."""
    parts = [function(rows[at : at + size]) for at in range(0, len(rows), size)]
    return np.concatenate(parts) if parts else np.zeros((0, *shape), np.float32)


def elu(x: Array) -> Array:
    """Torch's ELU."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
