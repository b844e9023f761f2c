"""Pooling: the embeddings of an item's views become one embedding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput

Array = NDArray[np.float32]

POOLINGS: dict[str, Callable[[Array], Array]] = {
    "mean": lambda views: views.mean(axis=1),
    "max": lambda views: views.max(axis=1),
}


def pool_views(views: NDArray[np.float32], how: str) -> NDArray[np.float32]:
    """Pool un-normalised view embeddings, then bring each item to the unit sphere.

    Args:
        views: shape (n, v, d), un-normalised (the mean of unit vectors differs).
        how: `mean` or `max`.

    Returns:
        Embeddings, shape (n, d), unit rows.

    Raises:
        InvalidInput: an unknown pooling.

    Source:
        Thong et al. 2020, shapes: mean of un-normalised view embeddings.
    """
    if how not in POOLINGS:
        raise InvalidInput(f"unknown pooling {how!r}; known: {', '.join(POOLINGS)}")
    pooled = POOLINGS[how](views)
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)
