"""Pools: the views that domains trained together draw their batches from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.methods.joint.upright import UprightViews
from opensearch.training.cache import CachedRows

_SHARES = 1024
"""A random number's remainder by it tells whether an upright view is drawn."""


@dataclass(frozen=True)
class Part:
    """Labelled items of one source.

    Attributes:
        rows: shape (n, v, ...).
        labels: shape (n,).
        views: numbers of the views to draw from.
        known: which views show an item upright; `None` where all do.
        share: of draws from upright views, where there are some among `views`.
    """

    rows: CachedRows
    labels: NDArray[np.int64]
    views: Sequence[int]
    known: UprightViews | None = None
    share: float = 0.0

    def shows_upright(self, row: int, turn: int) -> int:
        """Whether the view that `view` picks is upright: 1, 0, or -1 where nobody knows."""
        if self.known is None:
            return 1
        if not self.known.declared[row]:
            return -1
        return int(self.known.upright[row, self.view(row, turn)])

    def view(self, row: int, turn: int) -> int:
        """The view of a row that a random number of 30 bits picks."""
        if self.known is None:
            return self.views[turn % len(self.views)]
        views = self.views
        if turn % _SHARES < self.share * _SHARES:
            views = [view for view in views if self.known.upright[row, view]] or views
        return views[turn // _SHARES % len(views)]


class Pool:
    """Items of one domain, from one part or several.

    Attributes:
        labels: shape (n,), number of each item's category, part after part.
    """

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.labels = np.concatenate([part.labels for part in parts])
        self._starts = np.cumsum([0, *(len(part.labels) for part in parts)])

    def take(self, items: NDArray[np.int64], turns: NDArray[np.int64]) -> NDArray[np.generic]:
        """One view of each item, stacked.

        Args:
            items: shape (n,).
            turns: shape (n,), random numbers of 30 bits; each picks one of its item's views.
        """
        drawn = self._drawn(items, turns)
        return np.stack([part.rows.row(row)[part.view(row, turn)] for part, row, turn in drawn])

    def upright(self, items: NDArray[np.int64], turns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of the views that `take` gives are upright, (n,): 1, 0, or -1 where unknown."""
        drawn = self._drawn(items, turns)
        return np.array([part.shows_upright(row, turn) for part, row, turn in drawn], np.int64)

    def _drawn(
        self, items: NDArray[np.int64], turns: NDArray[np.int64]
    ) -> Iterator[tuple[Part, int, int]]:
        for item, turn in zip(items, turns, strict=True):
            place = int(np.searchsorted(self._starts, item, side="right")) - 1
            yield self.parts[place], int(item - self._starts[place]), int(turn)
