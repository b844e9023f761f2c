"""Appearance: what an item looks like, beside what it is, in one embedding.

A trained embedding says what an item is by its place among the categories of training; items of
a category that was not there lie somewhere between, and much of what tells them apart is lost. The
backbone's features still hold it. Word vectors leave many directions of the space nearly empty:
there an embedding keeps the principal directions of its features, standardised in each domain. A
word has next to nothing in these directions, so it is compared by meaning alone.

The meaning itself is drawn toward the points of trained categories, the more the nearer it is to
few of them.

Source:
    The pull: Norouzi et al., "Zero-shot learning by convex combination of semantic embeddings",
    ICLR 2014, there the whole embedding, of the likeliest categories. The rest is our own choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.projection import SMALLEST
from opensearch.errors import BundleError

PREFIX: Final = "appearance."
SHARED: Final = ("points", "directions", "axes", "settings")
"""Tensors, behind the prefix, that all domains of a model have in common."""
OWN: Final = ("mean", "deviation")
"""Tensors, behind the prefix, of each domain."""


class Appearance:
    """Completes embeddings of meaning by what items look like.

    With U the directions (k, d), orthonormal rows, A the axes (k, f), K the points (c, d):
    m' = unit(m + pull · unit(softmax(K m / temperature) K)), z = unit(A (f - mean) / deviation),
    and the embedding is unit(unit(m' - Uᵀ U m') + share · Uᵀ z).

    Args:
        tensors: of an encoder; `SHARED` and `OWN` among them, where settings are temperature,
            pull and share.

    Raises:
        BundleError: a tensor is missing, or their shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        found = _wide(tensors, (*SHARED, *OWN))
        _check(found)
        self._pull, self._directions = Pull(tensors), found["directions"]
        self._mean, self._axes = found["mean"], (found["axes"] / found["deviation"]).T
        self._share = found["settings"][2]

    def __call__(
        self, meanings: NDArray[np.floating], features: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows.

        Args:
            meanings: what the projector gives, pooled, unit rows, shape (n, d).
            features: of the backbone, pooled alike, shape (n, f).
        """
        drawn = self._pull(meanings)
        meant = _unit(drawn - drawn @ self._directions.T @ self._directions)
        looks = _unit((features.astype(np.float64) - self._mean) @ self._axes)
        found = _unit(meant + self._share * looks @ self._directions)
        return np.asarray(found, np.float32)


class Pull:
    """Draws meanings toward the points of trained categories, each as likely as it is near.

    Args:
        tensors: `SHARED` among them.

    Raises:
        BundleError: a tensor is missing.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        found = _wide(tensors, ("points", "settings"))
        self._points = found["points"]
        self._temperature, self._weight = found["settings"][:2]

    def __call__(self, meanings: NDArray[np.floating]) -> NDArray[np.float64]:
        """Unit rows (n, d) of unit rows (n, d): unit(m + weight · unit(softmax(K m / t) K))."""
        wide = meanings.astype(np.float64)
        if not self._weight:
            return wide
        logits = wide @ self._points.T / self._temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return _unit(wide + self._weight * _unit(odds @ self._points))


def has_appearance(tensors: Mapping[str, NDArray[np.generic]]) -> bool:
    """Whether the tensors of an encoder are to be completed."""
    return any(name.startswith(PREFIX) for name in tensors)


def _wide(
    tensors: Mapping[str, NDArray[np.generic]], names: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """The tensors of these names, which stand behind the prefix, in float64."""
    try:
        return {name: tensors[PREFIX + name].astype(np.float64) for name in names}
    except KeyError as error:
        raise BundleError(f"the model lacks a tensor of its appearance: {error}") from error


def _check(found: Mapping[str, NDArray[np.float64]]) -> None:
    shapes = {name: tensor.shape for name, tensor in found.items()}
    if any(len(shapes[name]) != 2 for name in ("points", "directions", "axes")):
        raise BundleError(f"the model's appearance has tensors of other shapes: {shapes}")
    (count, dim), (width, features) = shapes["points"], shapes["axes"]
    wanted = {
        "points": (count, dim),
        "directions": (width, dim),
        "axes": (width, features),
        "settings": (3,),
        "mean": (features,),
        "deviation": (features,),
    }
    if shapes != wanted:
        raise BundleError(
            f"the tensors of the model's appearance do not fit together: {shapes}, not {wanted}"
        )


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(lengths, SMALLEST))
