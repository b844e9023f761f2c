"""Pairs of a domain and a pivot domain, each of one category, with negatives for triplets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """One batch of n pairs, each of one category.

    Attributes:
        other: items of the domain, shape (n,).
        pivot: items of the pivot, shape (n,).
        negatives: place in the batch of a pair of another category, shape (n,).
    """

    other: Items
    pivot: Items
    negatives: Items


class PairSampler:
    """Draws pairs from the categories that both domains have, each as often as any other.

    Args:
        other: category of each item of the domain, shape (n,).
        pivot: category of each item of the pivot, shape (m,); at least two are shared.
    """

    def __init__(self, other: Items, pivot: Items) -> None:
        self._shared = np.intersect1d(other, pivot)
        self._other = {int(c): np.flatnonzero(other == c) for c in self._shared}
        self._pivot = {int(c): np.flatnonzero(pivot == c) for c in self._shared}

    def draw(self, batch: int, rng: np.random.Generator) -> Pairs:
        """Pairs (batch,) of at least two categories, whose counts differ by 1 at most."""
        rounds = -(-batch // len(self._shared))
        turns = [rng.permutation(self._shared) for _ in range(rounds)]
        labels = np.concatenate(turns)[:batch]
        return Pairs(
            np.array([rng.choice(self._other[int(c)]) for c in labels], np.int64),
            np.array([rng.choice(self._pivot[int(c)]) for c in labels], np.int64),
            np.array([rng.choice(np.flatnonzero(labels != c)) for c in labels], np.int64),
        )
