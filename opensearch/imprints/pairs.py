"""Pairs of copies, and what a search for them asks of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.progress import Progress

Places: TypeAlias = NDArray[np.int64]
Vectors: TypeAlias = NDArray[np.float32]
Fetch: TypeAlias = Callable[[Places], Sequence[bytes]]
"""Imprints by place."""

Apart: TypeAlias = Callable[[Places, Places], NDArray[np.bool_]]
"""Which of some pairs of places would still join two groups: others need not be compared."""

BLOCK: Final = 2048
"""Imprints in work at once."""


class Neighbours(Protocol):
    """What finds the nearest of many unit vectors, see `search.neighbours`."""

    def __call__(self, vectors: Vectors, least: float, k: int, /) -> tuple[Places, Places, Vectors]:
        """Rows, places and cosines of each row's k nearest whose cosine is at least `least`."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of copies.

    Attributes:
        first: places, shape (n,).
        second: places, shape (n,).
        scores: how like they are, up to 1, shape (n,).
        changes: what was done to the first to make the second, "" for nothing that shows.
        exact: whether it was saved anew and no more, shape (n,).
    """

    first: Places
    second: Places
    scores: Vectors
    changes: Sequence[str]
    exact: NDArray[np.bool_]


@dataclass(frozen=True)
class Matcher:
    """How imprints of one kind are compared.

    Attributes:
        pairs: finds copies among many, given their count, their imprints, what finds neighbours
            among vectors, what is told the progress, and which pairs need to be compared. Each of
            these pairs comes at least once.
        copies: finds copies of the item of one imprint among many; their `first` is place 0.
        between: finds which of some pairs of places are copies, given their imprints.
    """

    pairs: Callable[[int, Fetch, Callable[[Vectors], Neighbours], Progress, Apart], Iterator[Pairs]]
    copies: Callable[[bytes, int, Fetch], Iterator[Pairs]]
    between: Callable[[Places, Places, Fetch], Iterator[Pairs]]


def all_apart(first: Places, second: Places) -> NDArray[np.bool_]:
    """Has every pair compared."""
    return np.ones(len(first), np.bool_)


def blocks(count: int) -> Iterator[Places]:
    """Places in blocks."""
    for start in range(0, count, BLOCK):
        yield np.arange(start, min(start + BLOCK, count))


def unit_rows(rows: Vectors) -> Vectors:
    """Rows (..., d) of length 1; those of next to nothing stay."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(length, 1e-6), np.float32)
