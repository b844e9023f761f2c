"""Percentile intervals by resampling categories, in one cell or in many together."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Interval: TypeAlias = tuple[float, float]
"""Lower and upper end of a 95 % interval."""

LEVEL = (2.5, 97.5)
"""Percentiles that bound 95 %."""


def mean_of_cells(values: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, float]:
    """The mean over cells of their micro and of their macro average.

    Args:
        values: shape (cells, categories), mean of a category's queries in a cell; any
            number where it has none.
        counts: shape (cells, categories), queries; every cell has one or more.

    Returns:
        Micro (every query counts once within its cell) and macro (every category does).
    """
    micro, macro = _averages(values, counts, np.ones((1, values.shape[1])))
    return float(micro[0]), float(macro[0])


def intervals(
    values: NDArray[np.float64], counts: NDArray[np.float64], resamples: int, seed: int
) -> tuple[Interval, Interval]:
    """95 % intervals of what `mean_of_cells` gives, by resampling categories.

    One draw of categories (with replacement, as many as there are) serves all cells at
    once, since a hard category is hard in all of them. A cell without any drawn category
    is left out of that draw's mean.

    Args:
        values: as in `mean_of_cells`.
        counts: as in `mean_of_cells`.
        resamples: draws.
        seed: of the draws.

    Returns:
        The interval of the micro and of the macro mean.

    Source:
        Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.
    """
    used = counts.any(axis=0)
    values, counts = values[:, used], counts[:, used]
    total = values.shape[1]
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(total, np.full(total, 1 / total), size=resamples)
    micro, macro = _averages(values, counts, draws.astype(np.float64))
    return _bounds(micro), _bounds(macro)


def _averages(
    values: NDArray[np.float64], counts: NDArray[np.float64], draws: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Micro and macro means over the cells, one a draw; draws has shape (n, categories)."""
    filled = np.where(counts > 0, values, 0.0)
    result = []
    for weights in (counts, (counts > 0).astype(np.float64)):
        above, below = draws @ (filled * weights).T, draws @ weights.T
        drawn = below > 0
        cells = np.where(drawn, above / np.where(drawn, below, 1.0), 0.0)
        result.append(np.asarray(cells.sum(axis=1) / drawn.sum(axis=1), dtype=np.float64))
    return result[0], result[1]


def _bounds(means: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(means, LEVEL)
    return float(low), float(high)
