"""Pools: the views that domains trained together draw their batches from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.training.cache import CachedRows


@dataclass(frozen=True)
class Part:
    """Labelled items of one source: rows (n, v, ...), labels (n,), and which views to draw."""

    rows: CachedRows
    labels: NDArray[np.int64]
    views: Sequence[int]


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
            turns: shape (n,), any numbers; each picks one of its item's views, by its remainder.
        """
        out: list[NDArray[np.generic]] = []
        for item, turn in zip(items, turns, strict=True):
            place = int(np.searchsorted(self._starts, item, side="right")) - 1
            part = self.parts[place]
            view = part.views[int(turn) % len(part.views)]
            out.append(part.rows.row(int(item - self._starts[place]))[view])
        return np.stack(out)
