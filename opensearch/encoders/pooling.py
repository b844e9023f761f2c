"""Pooling: the embeddings of an item's views become one, or their features do before that.

Where embeddings are pooled, weights may come from the views: `upright` has them from features,
`softmax` from all embeddings. The barycentre of features is in `encoders.barycentre`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.config import UP_AXES
from opensearch.encoders.barycentre import BarycentrePooling
from opensearch.errors import BundleError, InvalidInput

Array = NDArray[np.float32]
Tensors: TypeAlias = Mapping[str, NDArray[np.generic]]

UPRIGHT: Final = "upright.direction"
"""Tensor beside the projector's that pooling `upright` weighs views by, shape (f,)."""
SOFTMAX: Final = "softmax.weight"
"""Tensor that pooling `softmax` weighs views by, shape (v, v d)."""
SOFTMAX_BIAS: Final = "softmax.bias"
"""Tensor that is added to its logits, shape (v,); 0 where there is none."""


def _weighed(views: Array, weights: Array) -> Array:
    return np.asarray(np.einsum("nv,nvd->nd", weights, views), np.float32)


POOLINGS: dict[str, Callable[[Array, Array], Array]] = {
    "mean": lambda views, weights: views.mean(axis=1),
    "max": lambda views, weights: views.max(axis=1),
    "upright": _weighed,
    "softmax": _weighed,
}

FEATURE_POOLINGS: dict[str, Callable[[Array, Tensors], Array]] = {
    "mean-features": lambda views, tensors: views.mean(axis=1),
    "max-features": lambda views, tensors: views.max(axis=1),
    "barycentre": lambda views, tensors: BarycentrePooling(tensors)(views),
}
"""What makes one row of features (n, f) of those of an item's views (n, v, f)."""


def pool_features(
    features: NDArray[np.floating], how: str, tensors: Tensors
) -> NDArray[np.floating]:
    """Features (n, 1, f) of views (n, v, f) that are pooled before the network, else as they are.

    Args:
        features: of the backbone, shape (n, v, f).
        how: a key of `POOLINGS` or `FEATURE_POOLINGS`.
        tensors: of the encoder; those of the barycentre among them, if there are several views.
    """
    if how not in FEATURE_POOLINGS or features.shape[1] == 1:
        return features
    return FEATURE_POOLINGS[how](features.astype(np.float32), tensors)[:, None]


def on_sphere(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Codes (n, d) as unit rows; one that is all zeros stays so."""
    norms = np.linalg.norm(codes, axis=1, keepdims=True)
    return np.asarray(codes / np.maximum(norms, 1e-12), dtype=np.float32)


def pooled_codes(
    views: NDArray[np.float32], how: str, weights: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Embeddings of items from those of their views, not yet brought to the unit sphere.

    Args:
        views: shape (n, v, d), un-normalised (the mean of unit vectors differs).
        how: a key of `POOLINGS`.
        weights: shape (n, v), rows that sum to one, see `view_weights`; views count alike without.

    Returns:
        Shape (n, d).

    Raises:
        InvalidInput: an unknown pooling.

    Source:
        Thong et al. 2020, shapes: mean of un-normalised view embeddings.
    """
    if how not in POOLINGS:
        known = ", ".join([*POOLINGS, *FEATURE_POOLINGS])
        raise InvalidInput(f"unknown pooling {how!r}; known: {known}")
    even = np.full(views.shape[:2], 1 / max(views.shape[1], 1), np.float32)
    return POOLINGS[how](views, even if weights is None else weights)


def view_weights(
    how: str,
    features: NDArray[np.floating],
    codes: NDArray[np.floating],
    tensors: Tensors,
) -> NDArray[np.float32] | None:
    """How much each view of items counts.

    Args:
        how: a key of `POOLINGS`.
        features: of the backbone, shape (n, v, f).
        codes: un-normalised view embeddings, shape (n, v, d).
        tensors: of the encoder, `UPRIGHT` or `SOFTMAX` among them.

    Returns:
        Shape (n, v), rows that sum to one; `None` where all count alike, or weights have no say.

    Raises:
        BundleError: a tensor is missing, or does not fit the views.
    """
    views = features.shape[1]
    if how == "upright":
        if UPRIGHT not in tensors or views % 3:
            raise BundleError(
                f"pooling upright wants a tensor {UPRIGHT!r} and views in threes, got {views} views"
                + ("" if UPRIGHT in tensors else " and no such tensor")
            )
        return upright_weights(features, tensors[UPRIGHT].astype(np.float64))
    if how == "softmax" and views > 1:
        if SOFTMAX not in tensors:
            raise BundleError(
                f"pooling softmax wants a tensor {SOFTMAX!r}, which the model lacks; train it again"
            )
        bias = tensors.get(SOFTMAX_BIAS, np.zeros(views)).astype(np.float64)
        return softmax_weights(codes, tensors[SOFTMAX].astype(np.float64), bias)
    return None


def softmax_weights(
    codes: NDArray[np.floating], weight: NDArray[np.floating], bias: NDArray[np.floating]
) -> NDArray[np.float32]:
    """How much each view counts: a softmax of weight @ (all embeddings in a row) + bias.

    Args:
        codes: un-normalised view embeddings, shape (n, v, d).
        weight: shape (v, v d).
        bias: shape (v,).

    Returns:
        Shape (n, v), float32, rows that sum to one.

    Raises:
        BundleError: the weights are for another number of views or width.

    Source:
        Dai et al. 2017 in its authors' later code; the paper itself has one feature a shape.
    """
    n, views, width = codes.shape
    if weight.shape != (views, views * width) or bias.shape != (views,):
        raise BundleError(
            f"pooling softmax has weights of shape {weight.shape} for {views} views of {width}"
            " numbers; index with as many views as the model was trained with"
        )
    logits = codes.reshape(n, -1).astype(np.float64) @ weight.T + bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def up_axes(count: int) -> NDArray[np.int64]:
    """The axis that stands upright in each of the first `count` views of a shape, shape (count,).

    Lists of a multiple of three may follow each other: shaded views, then line drawings.
    """
    return np.array([UP_AXES[at % 3] for at in range(count)], np.int64)


def upright_weights(
    features: NDArray[np.floating], direction: NDArray[np.floating]
) -> NDArray[np.float32]:
    """How much each view of a shape counts, by which of the three axes seems to be up.

    The views of a shape stand on each axis in turn. An axis is as likely as the mean
    of its views along `direction` says (a softmax over the three); its views share its weight.

    Args:
        features: of the backbone, shape (n, v, f); the views of each kind a multiple of three.
        direction: shape (f,), what upright views have more of; see `methods.joint.upright`.

    Returns:
        Shape (n, v), float32, rows that sum to one.
    """
    likely = axis_likelihoods(features, direction)
    axes = up_axes(features.shape[1])
    shared = likely[:, axes] / np.bincount(axes, minlength=3)[axes]
    return np.asarray(shared, np.float32)


def axis_likelihoods(
    features: NDArray[np.floating], direction: NDArray[np.floating]
) -> NDArray[np.float64]:
    """How likely each axis (x, y, z) of a shape is its upright one, shape (n, 3).

    Args:
        features: of the backbone, shape (n, v, f).
        direction: shape (f,).
    """
    logits = features.astype(np.float64) @ direction.astype(np.float64)
    axes = up_axes(features.shape[1])
    means = np.stack([logits[:, axes == axis].mean(axis=1) for axis in range(3)], axis=1)
    odds = np.exp(means - means.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
