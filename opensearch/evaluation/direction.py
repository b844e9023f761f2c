"""One direction of the protocol: the queries of a domain ranked in the gallery of a domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.metrics import METRICS
from opensearch.evaluation.ranks import relevant_ranks

Rows: TypeAlias = NDArray[Any]
Rank: TypeAlias = Callable[[Rows, Rows], NDArray[Any]]
"""(queries, gallery) to distances (nq, ng); called with a bounded number of queries."""
Refine: TypeAlias = Callable[[Rows, Rows, bool], Rows]
"""(queries, gallery, same domain) to moved queries. When the last is true, both arrays are
the same rows in the same order, and a row must not be taken as its own neighbour."""
Encode: TypeAlias = Callable[[Rows, str | None], Rows]
"""(rows, their domain, None for words) to what `Rank` compares, such as hash codes; after
refinement."""
Ties: TypeAlias = Literal["order", "expected"]

CELLS = 1 << 22
"""Distances held at once; with what sorting them needs, about 100 MiB."""


@dataclass(frozen=True)
class Items:
    """The items of a domain, or words (domain None): rows (n, ...) and category numbers (n,)."""

    domain: str | None
    rows: Rows
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """What the queries of a direction got.

    Attributes:
        gallery: items a query was ranked against.
        queries: shape (nq,), rows of the source that count as queries.
        labels: shape (nq,), their category numbers.
        measures: by the names of `METRICS`, shape (nq,) each; empty without queries.
    """

    gallery: int
    queries: NDArray[np.int64]
    labels: NDArray[np.int64]
    measures: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Runner:
    """The callables and options that all directions of a run share."""

    rank: Rank
    refine: Refine | None
    encode: Encode | None
    ties: Ties
    min_gallery: int

    def scores(self, source: Items, target: Items) -> Scores:
        """Rank the queries of `source` in `target`; the rules stand in `any_to_any`."""
        same = source.domain == target.domain
        queries = source.rows
        if self.refine is not None and len(source.rows) and len(target.rows) > same:
            queries = self.refine(source.rows, target.rows, same)
        chosen = np.flatnonzero(_relevant(source, target) - same >= self.min_gallery)
        queries, gallery = queries[chosen], target.rows
        if self.encode is not None:
            queries = self.encode(queries, source.domain)
            gallery = self.encode(gallery, target.domain)
        step = max(1, CELLS // max(1, len(gallery)))
        parts = []
        for start in range(0, len(chosen), step):
            rows = chosen[start : start + step]
            distances = self._distances(queries[start : start + step], gallery)
            relevant = source.labels[rows, None] == target.labels
            if same:
                distances, relevant = without(distances, rows), without(relevant, rows)
            parts.append(self._measure(distances, relevant))
        names = parts[0] if parts else ()
        merged = {name: np.concatenate([part[name] for part in parts]) for name in names}
        return Scores(len(gallery) - same, chosen, source.labels[chosen], merged)

    def _distances(self, queries: Rows, gallery: Rows) -> NDArray[Any]:
        distances = self.rank(queries, gallery)
        if distances.shape != (len(queries), len(gallery)):
            raise InvalidInput(
                f"rank must give distances of shape {(len(queries), len(gallery))}, got"
                f" {distances.shape}"
            )
        return distances

    def _measure(
        self, distances: NDArray[Any], relevant: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float64]]:
        ranks = relevant_ranks(distances, relevant)
        return {
            name: metric.tied(distances, relevant)
            if metric.tied is not None and self.ties == "expected"
            else metric.of(ranks)
            for name, metric in METRICS.items()
        }


def without(table: NDArray[Any], columns: NDArray[np.int64]) -> NDArray[Any]:
    """Leave one column out of each row: (n, m) and (n,) to (n, m - 1), order kept."""
    kept = np.ones(table.shape, dtype=bool)
    kept[np.arange(len(table)), columns] = False
    return table[kept].reshape(len(table), table.shape[1] - 1)


def _relevant(source: Items, target: Items) -> NDArray[np.int64]:
    """How many items of the target share each source item's category, shape (n,)."""
    total = int(max(source.labels.max(initial=-1), target.labels.max(initial=-1))) + 1
    return np.bincount(target.labels, minlength=total)[source.labels]
