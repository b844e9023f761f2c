"""Batches of labelled items of all domains, in which their categories meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Balance:
    """What a batch is made of.

    Attributes:
        power: a category of n items is drawn in proportion to n ** (1 - power).
        common: share of a batch from categories that all domains hold, the same ones in each.
        paired: share from categories that some but not all domains share, in those domains.
    """

    power: float
    common: float
    paired: float


class BalancedSampler:
    """Draws items of every domain.

    Args:
        labels: each domain's numbers of categories, shape (n_d,).
        balance: how categories are weighed.
    """

    def __init__(self, labels: Mapping[str, NDArray[np.int64]], balance: Balance) -> None:
        self._balance = balance
        self._items = [_by_category(own) for own in labels.values()]
        held = [set(items) for items in self._items]
        every = sorted(set.union(*held))
        counts = {c: sum(c in part for part in held) for c in every}
        self._common = [c for c in every if counts[c] == len(held)]
        self._paired = [c for c in every if 1 < counts[c] < len(held)]

    def draw(self, batch: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """Items (batch,) of each domain, in the order of `labels`."""
        common = _choose(self._common, round(batch * self._balance.common), rng)
        paired = _choose(self._paired, round(batch * self._balance.paired), rng)
        return [
            self._picks(items, [c for c in [*common, *paired] if c in items], batch, rng)
            for items in self._items
        ]

    def _picks(
        self,
        items: dict[int, NDArray[np.int64]],
        categories: Sequence[int],
        batch: int,
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        names = np.array(sorted(items))
        weights = np.array([len(items[int(c)]) for c in names]) ** (1 - self._balance.power)
        rest = rng.choice(names, batch - len(categories), p=weights / weights.sum())
        return np.array([rng.choice(items[int(c)]) for c in [*categories, *rest]], np.int64)


def _by_category(labels: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    return {int(c): np.flatnonzero(labels == c) for c in np.unique(labels)}


def _choose(categories: Sequence[int], count: int, rng: np.random.Generator) -> list[int]:
    return [int(c) for c in rng.choice(categories, count)] if categories else []
