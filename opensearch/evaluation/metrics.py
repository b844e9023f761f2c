"""Per-query measures of a ranking, from the ranks of its relevant items.

Every measure starts from `relevant_ranks`, so a cell of the protocol sorts once. Ranks start
at 1 and order is (distance, id). R is the number of relevant items of a query, h the number
of them within the first k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput


def relevant_ranks(
    distances: NDArray[np.number], relevant: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The ranks at which each query meets its relevant items.

    Equal distances are ordered by column, which is the order of ids.

    Args:
        distances: shape (nq, ng), smaller is nearer; any number type.
        relevant: shape (nq, ng), whether an item is of the query's category.

    Returns:
        Shape (nq, max R), ascending ranks from 1, filled up with infinity.

    Raises:
        InvalidInput: shapes differ, a distance is NaN, or a query has no relevant item.
    """
    check_ranking(distances, relevant)
    order = np.argsort(_sortable(distances), axis=1, kind="stable")
    rows, columns = np.nonzero(np.take_along_axis(relevant, order, axis=1))
    counts = np.bincount(rows, minlength=len(relevant))
    first = np.cumsum(counts) - counts
    ranks = np.full((len(relevant), int(counts.max(initial=0))), np.inf)
    ranks[rows, np.arange(len(rows)) - first[rows]] = columns + 1
    return ranks


def average_precision(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Plain average precision over the whole ranking (AP@all).

    sum over relevant items of (precision at its rank) / R, as sklearn's
    `average_precision_score` where no distances are equal. No interpolation.

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.

    Returns:
        Shape (nq,), within (0, 1].
    """
    return _per(_precisions(ranks).sum(axis=1), _found(ranks))


def average_precision_voc(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average precision under the monotone envelope (PASCAL VOC 2010 and later).

    The precision at a relevant item is replaced by the greatest precision at its rank or
    any later one, so it is never below `average_precision`. SAKE, ZSE-SBIR and those who
    copy their script report this under the name mAP. Ties have no closed form here: the
    order is (distance, id).

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.

    Returns:
        Shape (nq,), within (0, 1].
    """
    envelope = np.maximum.accumulate(_precisions(ranks)[:, ::-1], axis=1)
    return _per(envelope.sum(axis=1), _found(ranks))


def average_precision_at(
    ranks: NDArray[np.float64], k: int, *, strict: bool
) -> NDArray[np.float64]:
    """Average precision of the first `k` items, in either of its two definitions.

    Both sum the plain precisions at the relevant items within the first k. *Strict* divides
    by min(R, k), as SAKE and ZSE-SBIR do (they take the VOC envelope besides, we do not).
    *Lenient* divides by h, as SEM-PCYC, UCDR, Doodle2Search and ProS do, and can be tens
    of points higher. A query with h = 0 counts 0 in both. Ties: order is (distance, id).

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.
        k: items looked at; a gallery may be smaller.
        strict: which definition.

    Returns:
        Shape (nq,), within [0, 1].
    """
    inside = ranks <= k
    hits = inside.sum(axis=1)
    total = np.where(inside, _precisions(ranks), 0.0).sum(axis=1)
    return _per(total, np.minimum(_found(ranks), k) if strict else np.maximum(hits, 1))


def precision_at(ranks: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Precision of the first `k` items: h / k.

    k stays k where a query has fewer relevant items or the gallery fewer items, so the
    greatest possible value is R / k; ZSE-SBIR divides by min(k, R) instead. Ties: order is
    (distance, id).

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.
        k: items looked at.

    Returns:
        Shape (nq,), within [0, 1].
    """
    return np.asarray((ranks <= k).sum(axis=1) / k, dtype=np.float64)


def check_ranking(distances: NDArray[np.number], relevant: NDArray[np.bool_]) -> None:
    """Refuse distances and relevance that no measure is defined on.

    Raises:
        InvalidInput: shapes differ, a distance is NaN, or a query has no relevant item.
    """
    if distances.ndim != 2 or distances.shape != relevant.shape:
        raise InvalidInput(
            f"distances and relevance must share a shape (nq, ng), got {distances.shape}"
            f" and {relevant.shape}"
        )
    if np.isnan(distances).any():
        row = int(np.isnan(distances).any(axis=1).argmax())
        raise InvalidInput(f"a distance of query {row} is NaN and cannot be ranked")
    lost = ~relevant.any(axis=1)
    if lost.any():
        raise InvalidInput(
            f"query {int(lost.argmax())} has no relevant item, so its measures are undefined;"
            " leave it out"
        )


def _sortable(distances: NDArray[np.number]) -> NDArray[np.number]:
    """Distances as the narrowest type: numpy sorts 16-bit integers by radix, 20 times faster."""
    if distances.dtype.kind not in "iu" or not distances.size:
        return distances
    narrow = distances.min() >= 0 and distances.max() < 1 << 16
    return distances.astype(np.uint16) if narrow else distances


def _precisions(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision at each relevant item, zero where the row is only filled up."""
    return np.arange(1, ranks.shape[1] + 1) / ranks


def _found(ranks: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.isfinite(ranks).sum(axis=1), dtype=np.int64)


def _per(total: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(total / count, dtype=np.float64)
