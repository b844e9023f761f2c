"""Average precision where many distances are equal, as those of codes are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.evaluation.ranks import check_ranking

CELLS = 1 << 19
"""Distances counted at once, with some 30 MiB of counts."""


def expected_average_precision(
    distances: NDArray[np.number], relevant: NDArray[np.bool_]
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
        distances: shape (nq, ng), any number type; ties are equal to the bit.
        relevant: shape (nq, ng).

    Returns:
        Shape (nq,), within (0, 1].

    Raises:
        InvalidInput: as `relevant_ranks`.

    Source:
        The expectation is that of McSherry and Najork, "Computing information retrieval
        performance measures efficiently in the presence of tied scores", ECIR 2008.
    """
    check_ranking(distances, relevant)
    step = max(1, CELLS // max(1, distances.shape[1]))
    starts = range(0, len(distances), step)
    parts = [(distances[at : at + step], relevant[at : at + step]) for at in starts]
    return np.concatenate([np.zeros(0), *(_expected(*part) for part in parts)])


def _expected(distances: NDArray[np.number], relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    items, hits = _count(_buckets(distances), relevant)
    before, hits_before = items.cumsum(axis=1) - items, hits.cumsum(axis=1) - hits
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, distances.shape[1] + 1))])
    reach = harmonic[before + items] - harmonic[before]
    growth = np.where(items > 1, (hits - 1) / np.maximum(items - 1, 1), 0.0)
    share = hits / np.maximum(items, 1)
    group = share * ((hits_before + 1 - growth * (before + 1)) * reach + growth * items)
    return np.asarray(group.sum(axis=1) / hits.sum(axis=1), dtype=np.float64)


def _buckets(distances: NDArray[np.number]) -> NDArray[np.int64]:
    """Whole numbers from 0 to ng in the order of a row's distances, equal where these are.

    Hamming distances of short codes are such numbers as they are, others are sorted.
    """
    whole = distances.dtype.kind in "iu"
    if whole and distances.min() >= 0 and distances.max() <= distances.shape[1]:
        return distances.astype(np.int64)
    order = np.argsort(distances, axis=1)
    ranked = np.take_along_axis(distances, order, axis=1)
    new = np.zeros(distances.shape, np.int64)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    buckets = np.empty_like(new)
    np.put_along_axis(buckets, order, new.cumsum(axis=1), axis=1)
    return buckets


def _count(
    distances: NDArray[np.int64], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Items and relevant items of each query at each distance, shape (nq, max + 1) both."""
    width = int(distances.max()) + 1
    bucket = distances + width * np.arange(len(distances))[:, None]
    size = width * len(distances)
    items = np.bincount(bucket.ravel(), minlength=size)
    hits = np.bincount(bucket[relevant], minlength=size)
    return items.reshape(-1, width), hits.reshape(-1, width)
