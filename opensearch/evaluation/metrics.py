"""Per-query measures of a ranking, from the ranks of its relevant items.

Every measure starts from `relevant_ranks`, so a cell of the protocol sorts once. Ranks start
at 1 and order is (distance, id). R is the number of relevant items of a query, h the number
of them within the first k.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.evaluation.shape_measures import (
    discounted_gain,
    e_measure,
    nearest_neighbour,
    tier,
)
from opensearch.evaluation.ties import expected_average_precision


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


def _precisions(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision at each relevant item, zero where the row is only filled up."""
    return np.arange(1, ranks.shape[1] + 1) / ranks


def _found(ranks: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.isfinite(ranks).sum(axis=1), dtype=np.int64)


def _per(total: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(total / count, dtype=np.float64)


class Metric(NamedTuple):
    """A measure of `METRICS`.

    Attributes:
        heading: of its column.
        of: its value for each query, shape (nq,), from ranks as `relevant_ranks` gives them.
        tied: the same from distances and relevance, both (nq, ng), where equal distances are to
            count in the mean over their orders; None where `of` is taken all the same.
    """

    heading: str
    of: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    tied: Callable[[NDArray[np.number], NDArray[np.bool_]], NDArray[np.float64]] | None = None


MAIN: Final = "map_all"
"""The measure that also has a mean over categories and intervals."""

METRICS: Final[dict[str, Metric]] = {
    MAIN: Metric("mAP@all", average_precision, expected_average_precision),
    "map_voc": Metric("VOC", average_precision_voc),
    "map_200_strict": Metric("@200 strict", partial(average_precision_at, k=200, strict=True)),
    "map_200_lenient": Metric("@200 lenient", partial(average_precision_at, k=200, strict=False)),
    "precision_25": Metric("P@25", partial(precision_at, k=25)),
    "precision_100": Metric("P@100", partial(precision_at, k=100)),
    "nearest_neighbour": Metric("NN", nearest_neighbour),
    "first_tier": Metric("FT", partial(tier, times=1)),
    "second_tier": Metric("ST", partial(tier, times=2)),
    "e_measure": Metric("E", e_measure),
    "dcg": Metric("DCG", discounted_gain),
}
"""Every measure by its name in JSON, in the order of columns. A new one is a line here."""
