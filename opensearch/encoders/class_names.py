"""Class names: the predictions of the backbone's own classifier, as words.

A backbone that was trained on ImageNet tells a thousand classes apart, most of which a collection
has no files of. Its classifier is kept, each class as the word that names it, and its prediction
for an item pulls the item's meaning towards the likely classes: the surer it is, and the closer
these are in meaning, the harder.

Source:
    Norouzi et al., "Zero-shot learning by convex combination of semantic embeddings", ICLR 2014,
    section 3.2, over all classes that have a word; there the combination is the whole embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.projection import SMALLEST
from opensearch.errors import BundleError

PREFIX: Final = "classes."
NAMES: Final = ("weight", "bias", "points", "settings")
"""Tensors, behind the prefix; all domains of a model have them in common."""


class ClassNames:
    """Draws meanings toward the names of the classes that a classifier finds likely.

    With W and b the classifier (c, f) and (c,), and N the points of the classes' names (c, d):
    m' = unit(m + share · softmax((W f + b) / temperature) N).
    Computed in float64, so that an item's meaning does not depend on the batch it came in: in
    float32 a product of one row has other last digits than that of many.

    Args:
        tensors: of an encoder; `NAMES` among them, where settings are temperature and share.

    Raises:
        BundleError: a tensor is missing, or their shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        try:
            found = {name: tensors[PREFIX + name].astype(np.float64) for name in NAMES}
        except KeyError as error:
            raise BundleError(f"the model lacks a tensor of its class names: {error}") from error
        _check(found)
        self._temperature, share = found["settings"]
        self._weight, self._bias = np.ascontiguousarray(found["weight"].T), found["bias"]
        self._points = share * found["points"]

    def __call__(
        self, meanings: NDArray[np.floating], features: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Meanings (n, d), unit rows.

        Args:
            meanings: what the projector gives, pooled, unit rows, shape (n, d).
            features: of the backbone, pooled alike, shape (n, f).
        """
        wide = features.astype(np.float64)
        logits = (wide @ self._weight + self._bias) / self._temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        drawn = meanings + odds / odds.sum(axis=1, keepdims=True) @ self._points
        lengths = np.sqrt(np.square(drawn).sum(axis=1, keepdims=True))
        return np.asarray(drawn / np.maximum(lengths, SMALLEST), np.float32)


def has_class_names(tensors: Mapping[str, NDArray[np.generic]]) -> bool:
    """Whether the tensors of an encoder hold a classifier."""
    return any(name.startswith(PREFIX) for name in tensors)


def _check(found: Mapping[str, NDArray[np.float64]]) -> None:
    shapes = {name: tensor.shape for name, tensor in found.items()}
    classes = len(found["weight"])
    fits = (
        all(found[name].ndim == 2 for name in ("weight", "points"))
        and classes == len(found["points"])
        and shapes["bias"] == (classes,)
        and shapes["settings"] == (2,)
    )
    if not classes or not fits:
        raise BundleError(f"the tensors of the model's class names do not fit together: {shapes}")
