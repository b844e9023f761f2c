"""Distances of items that keep a code for each view, as papers rank them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Distance

Codes = NDArray[np.floating]


def nearest_views(queries: Codes, gallery: Codes, distance: Distance) -> NDArray[np.float64]:
    """The distance between the two nearest views of each query and each item.

    Args:
        queries: codes, shape (nq, v, d).
        gallery: codes, shape (ng, w, d).
        distance: between two codes; the cosine of one that is all zeros is 0 to any.

    Returns:
        Shape (nq, ng).
    """
    nearest = np.full((len(queries), len(gallery)), np.inf)
    for query in np.moveaxis(queries, 1, 0):
        for view in np.moveaxis(gallery, 1, 0):
            np.minimum(nearest, _distances(query, view, distance), out=nearest)
    return nearest


def _distances(queries: Codes, gallery: Codes, distance: Distance) -> NDArray[np.float64]:
    """All distances (nq, ng) of codes (nq, d) and (ng, d)."""
    from scipy.spatial.distance import cdist

    if distance == "cosine":
        return 1 - _unit(queries) @ _unit(gallery).T
    return cdist(queries, gallery, "cityblock" if distance == "l1" else "euclidean")


def _unit(codes: Codes) -> NDArray[np.float64]:
    norms = np.linalg.norm(codes, axis=1, keepdims=True)
    return np.asarray(codes / np.maximum(norms, 1e-12), np.float64)
