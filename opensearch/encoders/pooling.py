"""Pooling: the embeddings of an item's views become one, or their features do before that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from opensearch.config import UP_AXES
from opensearch.errors import InvalidInput

Array = NDArray[np.float32]

POOLINGS: dict[str, Callable[[Array, Array], Array]] = {
    "mean": lambda views, weights: views.mean(axis=1),
    "max": lambda views, weights: views.max(axis=1),
    "upright": lambda views, weights: np.einsum("nv,nvd->nd", weights, views),
}

FEATURE_POOLINGS: dict[str, Callable[[Array], Array]] = {
    "mean-features": lambda views: views.mean(axis=1),
    "max-features": lambda views: views.max(axis=1),
}
"""What makes one row of features (n, f) of those of an item's views (n, v, f)."""


def pool_views(
    views: NDArray[np.float32], how: str, weights: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Pool un-normalised view embeddings, then bring each item to the unit sphere.

    Args:
        views: shape (n, v, d), un-normalised (the mean of unit vectors differs).
        how: `mean`, `max` or `upright`.
        weights: shape (n, v), rows that sum to one, see `upright_weights`; for `upright` alone.

    Returns:
        Embeddings, shape (n, d), unit rows.

    Raises:
        InvalidInput: an unknown pooling.

    Source:
        Thong et al. 2020, shapes: mean of un-normalised view embeddings.
    """
    return on_sphere(pooled_codes(views, how, weights))


def on_sphere(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Codes (n, d) as unit rows; one that is all zeros stays so."""
    norms = np.linalg.norm(codes, axis=1, keepdims=True)
    return np.asarray(codes / np.maximum(norms, 1e-12), dtype=np.float32)


def pooled_codes(
    views: NDArray[np.float32], how: str, weights: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """As `pool_views`, but not brought to the unit sphere."""
    if how not in POOLINGS:
        known = ", ".join([*POOLINGS, *FEATURE_POOLINGS])
        raise InvalidInput(f"unknown pooling {how!r}; known: {known}")
    even = np.full(views.shape[:2], 1 / max(views.shape[1], 1), np.float32)
    return POOLINGS[how](views, even if weights is None else weights)


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
