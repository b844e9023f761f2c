"""Embeddings of the items that searches score, as unit rows in memory, up to a bound.

To look a thousand of them up in the store and bring them to length one takes twenty times as long
as to score them, and one query scores several thousand. An id keeps its embedding for good, so
what is kept here never grows stale.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.semantic import unit
from opensearch.store import Store

BYTES: Final = 64 * 2**20
"""Of kept rows: 43,690 of 384 numbers. Memory is taken as rows come."""

Ids = NDArray[np.int64]
Rows = NDArray[np.float32]


TOGETHER: Final = 16
"""Rows multiplied at once: BLAS divides what is larger among threads, which wait for each other
wherever the machine has other work, and whose number changes the last bits of a product."""


def products(rows: Rows, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Products (n,) of rows (n, d) with a vector (d,), each whatever rows lie beside it."""
    rest = -len(rows) % TOGETHER
    padded = np.concatenate((rows, np.zeros((rest, rows.shape[1]), rows.dtype))) if rest else rows
    return (padded.reshape(-1, TOGETHER, rows.shape[1]) @ vector).ravel()[: len(rows)]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept at one moment; rows are added behind the used ones, which stay as they are.

    `slots` says which of `rows` is that of each of `ids`, ascending; -1 where there is none.
    """

    ids: Ids
    slots: NDArray[np.int32]
    rows: Rows
    used: int = 0

    def missing(self, ids: Ids) -> Ids:
        """Those of `ids` that are not kept, ascending."""
        if not len(self.ids):
            return np.unique(ids)
        at = np.minimum(self.ids.searchsorted(ids), len(self.ids) - 1)
        return np.unique(ids[self.ids[at] != ids])

    def with_rows(self, ids: Ids, rows: Rows, present: NDArray[np.bool_]) -> _Kept:
        """More of them: `ids` (n,) and `rows` of those that are `present` (n,)."""
        used = self.used + len(rows)
        self.rows[self.used : used] = rows
        slots = np.full(len(ids), -1, np.int32)
        slots[present] = np.arange(self.used, used)
        every = np.concatenate((self.ids, ids))
        order = np.argsort(every, kind="stable")
        slots = np.concatenate((self.slots, slots))[order]
        return _Kept(every[order], slots, self.rows, used)


class Vectors:
    """Unit embeddings of the items of a store, by id; threads share it.

    Args:
        store: where they are.
        dim: numbers of each.
        most: bytes of rows that are kept; when more are asked for, all are dropped.
    """

    def __init__(self, store: Store, dim: int, most: int = BYTES) -> None:
        self._store = store
        self._dim = dim
        self._room = most // (4 * max(1, dim))
        self._adding = threading.Lock()
        self._kept = self._nothing()

    def of(self, ids: Ids) -> tuple[Rows, NDArray[np.bool_]]:
        """Unit rows (m, d) of those live items that have an embedding, and which do (n,).

        Raises:
            StoreError: the index is damaged.
        """
        kept: _Kept | None = self._kept  # once: another thread may drop it any time
        if kept is not None and len(kept.missing(ids)):
            kept = self._added(ids)
        if kept is None:
            return self._read(ids)
        slots = kept.slots[kept.ids.searchsorted(ids)]
        present = slots >= 0
        return np.take(kept.rows, slots if present.all() else slots[present], axis=0), present

    def cosines(self, ids: Ids, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines (n,) of live items with a unit vector (d,), NaN where there is no embedding."""
        rows, present = self.of(ids)
        scores = np.full(len(ids), np.nan, np.float32)
        if len(rows):
            scores[present] = products(rows, vector)
        return scores

    def _added(self, ids: Ids) -> _Kept | None:
        """What is kept once `ids` are; `None` where they are too many to be."""
        with self._adding:
            missing = self._kept.missing(ids)
            if self._kept.used + len(missing) > self._room:
                missing = np.unique(ids)
                if len(missing) > self._room:
                    return None
                self._kept = self._nothing()
            self._kept = self._kept.with_rows(missing, *self._read(missing))
            return self._kept

    def _nothing(self) -> _Kept:
        rows = np.zeros((self._room, self._dim), np.float32)
        return _Kept(np.zeros(0, np.int64), np.zeros(0, np.int32), rows)

    def _read(self, ids: Ids) -> tuple[Rows, NDArray[np.bool_]]:
        rows, present = self._store.embeddings(ids.tolist())
        return unit(rows[present]), present
