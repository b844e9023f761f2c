"""P × K batches: so many categories, and of each so many items in every domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.int64]


class CategorySampler:
    """Draws the same categories in all domains that hold them.

    Categories of several domains come first; a domain that holds too few of those drawn fills up
    with others of its own, so that its own items are of several categories as well.

    Args:
        labels: each domain's numbers of categories, shape (n_d,).
        categories: P, of a batch.
        items: K, of a category in a domain; a category that has fewer gives all it has.
    """

    def __init__(self, labels: Sequence[Items], categories: int, items: int) -> None:
        self._categories, self._count = categories, items
        self._items = [{int(c): np.flatnonzero(own == c) for c in np.unique(own)} for own in labels]
        held = [c for items in self._items for c in items]
        self._shared = sorted({c for c in held if held.count(c) > 1})

    def draw(self, rng: np.random.Generator) -> list[Items]:
        """Items of each domain, in the order of `labels`, sorted by category drawn.

        No item is drawn twice.
        """
        order = rng.permutation(self._shared).tolist()[: self._categories]
        return [self._of_domain(items, order, rng) for items in self._items]

    def _of_domain(
        self, items: dict[int, Items], drawn: Sequence[int], rng: np.random.Generator
    ) -> Items:
        own = [c for c in drawn if c in items]
        others = rng.permutation(sorted(set(items) - set(own))).tolist()
        own += others[: self._categories - len(own)]
        return np.concatenate([rng.permutation(items[int(c)])[: self._count] for c in own])
