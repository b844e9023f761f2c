"""The any-to-any protocol: every domain searched from every domain, one matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.bootstrap import intervals, mean_of_cells
from opensearch.evaluation.direction import (
    Encode,
    Items,
    Rank,
    Refine,
    Rows,
    Runner,
    Scores,
    Ties,
)
from opensearch.evaluation.matrix import Cell, Matrix, Mean


@dataclass(frozen=True)
class Labelled:
    """The items of a domain in one split.

    Attributes:
        rows: shape (n, ...), embeddings or whatever the callables take, in order of id.
        labels: shape (n,), names or numbers of their categories.
    """

    rows: Rows
    labels: NDArray[np.str_] | NDArray[np.integer]


def any_to_any(
    sets: Mapping[str, Labelled],
    rank: Rank,
    refine: Refine | None = None,
    *,
    encode: Encode | None = None,
    ties: Ties = "order",
    min_gallery: int = 4,
    seed: int = 0,
    resamples: int = 1000,
) -> Matrix:
    """Search every domain from every domain and measure each direction.

    Queries and gallery are all items of one split. In a same-domain cell an item is taken
    out of its own ranking and is no neighbour of itself in refinement; the paper's script
    drops the first rank only and lets a query be its own neighbour, so that its refined
    diagonal equals the plain one and ours does not. Queries of a category with fewer than
    `min_gallery` relevant items in the target do not count in that direction, while
    items of that category stay in the gallery as distractors; in a same-domain cell the
    query itself is not among the relevant items counted.

    Args:
        sets: the items by domain.
        rank: gives distances.
        refine: moves queries before they are ranked; `None` leaves them.
        encode: makes of rows what `rank` compares; `None` compares the rows themselves.
        ties: how plain mAP orders equal distances; `expected` wants integer distances.
            All other measures order by (distance, row).
        min_gallery: see above, at least 1.
        seed: of the intervals.
        resamples: of the intervals.

    Returns:
        The matrix.

    Raises:
        InvalidInput: no domain, rows and labels of different counts, a bad option, or
            distances that cannot be ranked.

    Source:
        Thong, Mettes, Snoek, "Open cross-domain visual search", CVIU 2020, section 4.4,
        with the departures named above.
    """
    _check(sets, ties, min_gallery, resamples)
    runner = Runner(rank, refine, encode, ties, min_gallery)
    items = _numbered(sets)
    pairs = [(source, target) for source in items for target in items]
    scores = [runner.scores(source, target) for source, target in pairs]
    draws = _Draws(max(int(part.labels.max(initial=0)) for part in items) + 1, resamples, seed)
    crossing = [s for s, (a, b) in zip(scores, pairs, strict=True) if a.domain != b.domain]
    return Matrix(
        domains=tuple(sets),
        cells=tuple(draws.cell(a, b, s) for s, (a, b) in zip(scores, pairs, strict=True)),
        cross=draws.mean(crossing),
        overall=draws.mean(scores),
        refined=refine is not None,
        ties=ties,
        min_gallery=min_gallery,
        seed=seed,
        resamples=resamples,
    )


@dataclass(frozen=True)
class _Draws:
    """How directions become means with intervals, over `categories` numbered categories."""

    categories: int
    resamples: int
    seed: int

    def cell(self, source: Items, target: Items, scores: Scores) -> Cell:
        queries, categories = len(scores.labels), len(np.unique(scores.labels))
        empty = Cell(source.domain, target.domain, queries, scores.gallery, categories)
        if not queries:
            return empty
        mean = self.mean([scores])
        averages: dict[str, Any] = {
            name: float(values.mean()) for name, values in scores.measures.items()
        }
        return replace(
            empty,
            **averages,
            map_all_interval=mean.map_all_interval,
            map_macro=mean.map_macro,
            map_macro_interval=mean.map_macro_interval,
        )

    def mean(self, directions: Sequence[Scores]) -> Mean:
        filled = [scores for scores in directions if len(scores.labels)]
        if not filled:
            return Mean(0)
        counts = np.stack([self._sums(scores.labels, None) for scores in filled])
        sums = np.stack([self._sums(s.labels, s.measures["map_all"]) for s in filled])
        values = sums / np.maximum(counts, 1)
        micro, macro = mean_of_cells(values, counts)
        around_micro, around_macro = intervals(values, counts, self.resamples, self.seed)
        return Mean(len(filled), micro, around_micro, macro, around_macro)

    def _sums(
        self, labels: NDArray[np.int64], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        return np.bincount(labels, weights, self.categories).astype(np.float64)


def _numbered(sets: Mapping[str, Labelled]) -> list[Items]:
    """The sets with categories numbered alike in all of them, in sorted order of names."""
    labels = np.concatenate([part.labels for part in sets.values()])
    numbers = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    ends = np.cumsum([len(part.labels) for part in sets.values()])
    return [
        Items(domain, part.rows, own)
        for (domain, part), own in zip(sets.items(), np.split(numbers, ends[:-1]), strict=True)
    ]


def _check(sets: Mapping[str, Labelled], ties: str, min_gallery: int, resamples: int) -> None:
    if not sets:
        raise InvalidInput("an any-to-any evaluation wants one domain or more, got none")
    for domain, part in sets.items():
        if part.labels.shape != part.rows.shape[:1]:
            raise InvalidInput(
                f"domain {domain!r} has rows {part.rows.shape} and labels {part.labels.shape};"
                " wanted a label a row"
            )
    if ties not in get_args(Ties):
        raise InvalidInput(f"ties must be one of {', '.join(get_args(Ties))}, got {ties!r}")
    if min_gallery < 1 or resamples < 1:
        raise InvalidInput(
            f"min_gallery and resamples must be 1 or more, got {min_gallery} and {resamples}"
        )
