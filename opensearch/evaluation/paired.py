"""Paired intervals: how far the difference of two models' measures is from chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.bootstrap import LEVEL

CHUNK = 50
"""Draws held at once."""


class PairedCell(NamedTuple):
    """What the same queries of one direction got by two models.

    Attributes:
        differences: shape (nq, m), the first model's value less the second's, of m measures.
        units: shape (nq,), int64: what is drawn with replacement, such as the number of the query
            or of its category; the same unit may occur in several cells.
    """

    differences: NDArray[np.float64]
    units: NDArray[np.int64]


def paired_intervals(
    cells: Sequence[PairedCell], resamples: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % percentile intervals of a mean difference, by resampling units.

    Both models are measured on the same draw, so what makes a query hard for both cancels out. Of
    several cells the mean of their means is taken; one draw serves all of them, and one without
    any drawn unit is left out of that draw.

    Args:
        cells: one or more, each with a query or more.
        resamples: draws, of as many units as there are.
        seed: of the draws.

    Returns:
        Lower and upper ends, shape (m,) each.

    Raises:
        InvalidInput: no cell, an empty one, or shapes that do not fit.

    Source:
        Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13; units that
        are categories make it a cluster bootstrap.
    """
    _check(cells, resamples)
    total, sums, counts = _by_unit(cells)
    rng = np.random.default_rng(seed)
    means = []
    for start in range(0, resamples, CHUNK):
        rounds = range(start, min(start + CHUNK, resamples))
        drawn = [np.bincount(rng.integers(total, size=total), minlength=total) for _ in rounds]
        means.append(_means(np.array(drawn, np.float64), sums, counts))
    low, high = np.percentile(np.concatenate(means), LEVEL, axis=0)
    return low, high


def _by_unit(
    cells: Sequence[PairedCell],
) -> tuple[int, list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """The number of units, and of each cell sums (units, m) and counts (units,)."""
    names, numbers = np.unique(np.concatenate([cell.units for cell in cells]), return_inverse=True)
    parts = np.split(numbers, np.cumsum([len(cell.units) for cell in cells])[:-1])
    sums = []
    for cell, own in zip(cells, parts, strict=True):
        table = np.zeros((len(names), cell.differences.shape[1]))
        np.add.at(table, own, cell.differences)
        sums.append(table)
    counts = [np.bincount(own, minlength=len(names)).astype(np.float64) for own in parts]
    return len(names), sums, counts


def _means(
    draws: NDArray[np.float64],
    sums: Sequence[NDArray[np.float64]],
    counts: Sequence[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The mean of the cells' mean differences, a draw a row: (n, units) to (n, m)."""
    above, filled = np.zeros((len(draws), sums[0].shape[1])), np.zeros(len(draws))
    for own, count in zip(sums, counts, strict=True):
        below = draws @ count
        above += np.where(below[:, None] > 0, draws @ own / np.maximum(below, 1)[:, None], 0.0)
        filled += below > 0
    return np.asarray(above / filled[:, None])


def _check(cells: Sequence[PairedCell], resamples: int) -> None:
    if not cells or resamples < 1:
        raise InvalidInput(
            "a paired interval wants a cell or more and a resample or more, got"
            f" {len(cells)} and {resamples}"
        )
    for number, (differences, units) in enumerate(cells):
        if differences.ndim != 2 or not len(differences) or units.shape != differences.shape[:1]:
            raise InvalidInput(
                f"cell {number} has differences {differences.shape} and units {units.shape};"
                " wanted (nq, m) and (nq,) with a query or more"
            )
