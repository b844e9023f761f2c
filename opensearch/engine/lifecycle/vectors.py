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

from opensearch.search.products import products
from opensearch.semantic import unit
from opensearch.store import Ids, Store

BYTES: Final = 64 * 2**20
"""Bytes of rows kept at most: 43,690 rows of 384 numbers. Memory is taken as rows come."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept at one moment; new rows are added after the used ones, which never change.

    `slots` holds, for each of the ascending `ids`, its place in `rows`; -1 if it has no embedding.
    """

    ids: Ids
    slots: NDArray[np.int64]
    rows: Rows
    used: int = 0

    def missing(self, ids: Ids) -> Ids:
        """Those of `ids` that are not kept, ascending."""
        if not len(self.ids):
            return np.unique(ids)
        at = np.minimum(self.ids.searchsorted(ids), len(self.ids) - 1)
        new = self.ids[at] != ids
        return np.unique(ids[new]) if new.any() else ids[:0]

    def slots_of(self, ids: Ids) -> NDArray[np.int64]:
        """Where in `rows` those of kept ids are; -1 of one without an embedding."""
        return self.slots[self.ids.searchsorted(ids)]

    def with_rows(self, ids: Ids, rows: Rows, present: NDArray[np.bool_]) -> _Kept:
        """More of them: `ids` (n,) and `rows` of those that are `present` (n,)."""
        used = self.used + len(rows)
        self.rows[self.used : used] = rows
        slots = np.full(len(ids), -1, np.int64)
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
        rows, slots = self._placed(ids)
        present = slots >= 0
        return rows[slots[present]], present

    def cosines(self, ids: Ids, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines (n,) of live items with a unit vector (d,), NaN where there is no embedding."""
        rows, slots = self._placed(ids)
        present = slots >= 0
        if present.all():
            return products(rows, vector, slots)
        scores = np.full(len(ids), np.nan, np.float32)
        scores[present] = products(rows, vector, slots[present])
        return scores

    def _placed(self, ids: Ids) -> tuple[Rows, NDArray[np.int64]]:
        """Rows (m, d), and which of them is that of each item (n,): -1 without an embedding."""
        kept = self._kept  # once: another thread may drop it any time
        found = self._added(ids) if len(kept.missing(ids)) else kept
        if found is not None:
            return found.rows, found.slots_of(ids)
        rows, present = self._read(ids)
        return rows, np.where(present, np.cumsum(present) - 1, -1)

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
        return _Kept(np.zeros(0, np.int64), np.zeros(0, np.int64), rows)

    def _read(self, ids: Ids) -> tuple[Rows, NDArray[np.bool_]]:
        rows, present = self._store.embeddings(ids.tolist())
        return unit(rows[present]), present
