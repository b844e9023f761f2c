"""The scores of directions averaged: cells, and means of cells, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opensearch.evaluation.bootstrap import intervals, mean_of_cells
from opensearch.evaluation.direction import Items, Scores
from opensearch.evaluation.matrix import WORD, Cell, Mean
from opensearch.evaluation.metrics import MAIN


@dataclass(frozen=True)
class Averages:
    """How directions become means with intervals, over `categories` numbered categories."""

    categories: int
    resamples: int
    seed: int

    def cell(self, source: Items, target: Items, scores: Scores) -> Cell:
        """The cell of a direction."""
        queries, categories = len(scores.labels), len(np.unique(scores.labels))
        names = source.domain or WORD, target.domain or WORD
        empty = Cell(*names, queries, scores.gallery, categories)
        if not queries:
            return empty
        mean = self.mean([scores])
        return replace(
            empty,
            measures={name: float(values.mean()) for name, values in scores.measures.items()},
            map_all_interval=mean.map_all_interval,
            map_macro=mean.map_macro,
            map_macro_interval=mean.map_macro_interval,
        )

    def mean(self, directions: Sequence[Scores]) -> Mean:
        """The mean of directions; those without queries do not count."""
        filled = [scores for scores in directions if len(scores.labels)]
        if not filled:
            return Mean(0)
        counts = np.stack([self._sums(scores.labels, None) for scores in filled])
        sums = np.stack([self._sums(s.labels, s.measures[MAIN]) for s in filled])
        values = sums / np.maximum(counts, 1)
        micro, macro = mean_of_cells(values, counts)
        around_micro, around_macro = intervals(values, counts, self.resamples, self.seed)
        return Mean(len(filled), micro, around_micro, macro, around_macro)

    def _sums(
        self, labels: NDArray[np.int64], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        return np.bincount(labels, weights, self.categories).astype(np.float64)
