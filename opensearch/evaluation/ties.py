"""Average precision where many distances are equal, as Hamming distances are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.metrics import check_ranking

MAX_DISTANCE = 1 << 16
"""Distances are counted in buckets, one a distance: more would be no Hamming distances."""


def expected_average_precision(
    distances: NDArray[np.integer], relevant: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Plain average precision, its exact expectation when ties are put in random order.

    Short codes put hundreds of items at one distance; an order by id then measures the
    order of the files. For a group of m items at one distance, s of them relevant, with n
    items and r relevant before it, and g = (s - 1) / (m - 1) (0 if m = 1), the precisions
    at its relevant items sum to an expected

        s / m * ((r + 1 - g * (n + 1)) * (H(n + m) - H(n)) + g * m),    H(k) = 1 + ... + 1/k,

    since an item at place j of the group is relevant with probability s / m, and then
    r + 1 + g * (j - 1) items up to it are, on average. AP is the sum over groups / R. With no
    ties it equals `average_precision`.

    Args:
        distances: shape (nq, ng), integers 0 to 65,535.
        relevant: shape (nq, ng).

    Returns:
        Shape (nq,), within (0, 1].

    Raises:
        InvalidInput: as `relevant_ranks`, or distances that are no such integers.

    Source:
        The expectation is that of McSherry and Najork, "Computing information retrieval
        performance measures efficiently in the presence of tied scores", ECIR 2008.
    """
    check_ranking(distances, relevant)
    if distances.dtype.kind not in "iu":
        raise InvalidInput(f"ties are counted on integer distances, got {distances.dtype}")
    if distances.min() < 0 or distances.max() >= MAX_DISTANCE:
        raise InvalidInput(
            f"ties are counted on distances from 0 to {MAX_DISTANCE - 1}, got"
            f" {distances.min()} to {distances.max()}"
        )
    items, hits = _count(distances, relevant)
    before, hits_before = items.cumsum(axis=1) - items, hits.cumsum(axis=1) - hits
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, distances.shape[1] + 1))])
    reach = harmonic[before + items] - harmonic[before]
    growth = np.where(items > 1, (hits - 1) / np.maximum(items - 1, 1), 0.0)
    share = hits / np.maximum(items, 1)
    group = share * ((hits_before + 1 - growth * (before + 1)) * reach + growth * items)
    return np.asarray(group.sum(axis=1) / hits.sum(axis=1), dtype=np.float64)


def _count(
    distances: NDArray[np.integer], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Items and relevant items of each query at each distance, shape (nq, max + 1) both."""
    width = int(distances.max()) + 1
    bucket = distances.astype(np.int64) + width * np.arange(len(distances))[:, None]
    size = width * len(distances)
    items = np.bincount(bucket.ravel(), minlength=size)
    hits = np.bincount(bucket[relevant], minlength=size)
    return items.reshape(-1, width), hits.reshape(-1, width)
