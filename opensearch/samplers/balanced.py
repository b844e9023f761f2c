"""Batches of labelled items of all domains, in which their categories meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Balance:
    """What a batch is made of.

    Attributes:
        power: a category of n items is drawn in proportion to n ** (1 - power).
        common: share of a batch from categories that all of `meeting` hold, the same ones in each
            domain that holds them.
        paired: share from other categories that several domains share, in those domains.
        meeting: names of domains; none: all.
    """

    power: float
    common: float
    paired: float
    meeting: Collection[str] = ()


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
        meet = [own for name, own in zip(labels, held, strict=True) if name in balance.meeting]
        self._common = [c for c in every if all(c in own for own in meet or held)]
        shared = [c for c in every if counts[c] > 1]
        self._paired = [c for c in shared if c not in set(self._common)]

    def draw(self, size: int | Sequence[int], rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """Items (size,) of each domain, in the order of `labels`.

        A domain that gives fewer items than another has as many fewer of categories that meet.

        Args:
            size: of all domains, or of each.
        """
        sizes = [size] * len(self._items) if isinstance(size, int) else size
        top = max(sizes)
        common = _choose(self._common, round(top * self._balance.common), rng)
        paired = _choose(self._paired, round(top * self._balance.paired), rng)
        drawn = []
        for items, count in zip(self._items, sizes, strict=True):
            parts = [part[: round(len(part) * count / top)] for part in (common, paired)]
            meet = [c for part in parts for c in part if c in items][:count]
            drawn.append(self._picks(items, meet, count, rng))
        return drawn

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
