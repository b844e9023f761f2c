"""The nearest of many unit vectors by cosine: all compared, or where there are many, cells of them.

Source:
    Inverted lists, faiss `IndexIVFFlat`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
Places: TypeAlias = NDArray[np.int64]
Find: TypeAlias = Callable[[Vectors, float, int], tuple[Places, Places, Vectors]]

_FEW: Final = 4096
"""Vectors that are all compared with each other."""
_AT_ONCE: Final = 1024
"""Vectors compared with all others at once, which bounds memory."""
_PROBES: Final = 8
_LEARNT: Final = 64
"""Training vectors per cell, at most."""
_FEWEST: Final = 39
"""Training vectors per cell below which faiss warns on stderr."""


def nearest(vectors: Vectors) -> Find:
    """A function that finds the nearest of vectors (n, d), unit or zero.

    Returns:
        A function of vectors (m, d), the least cosine and k. For each vector it gives the k
        nearest whose cosine is at least that: rows, places and cosines, shape (found,) each.
    """
    count, dim = vectors.shape
    if count <= _FEW:
        return lambda asked, least, k: _all_compared(asked, vectors, least, k)
    import faiss

    cells = min(int(4 * np.sqrt(count)), count // _FEWEST)
    index: Any = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 8
    rng = np.random.default_rng(0)
    index.train(vectors[rng.choice(count, min(count, _LEARNT * cells), replace=False)])
    index.nprobe = _PROBES
    index.add(vectors)

    def find(asked: Vectors, least: float, k: int) -> tuple[Places, Places, Vectors]:
        cosines, places = index.search(asked, k)
        rows, columns = np.nonzero((cosines >= least) & (places >= 0))
        return rows, places[rows, columns], cosines[rows, columns]

    return find


def _all_compared(
    asked: Vectors, vectors: Vectors, least: float, k: int
) -> tuple[Places, Places, Vectors]:
    found = [_near(np.zeros((0, len(vectors)), np.float32), 0, least, k)]
    for start in range(0, len(asked), _AT_ONCE):
        found.append(_near(asked[start : start + _AT_ONCE] @ vectors.T, start, least, k))
    rows, places, cosines = (np.concatenate([each[at] for each in found]) for at in range(3))
    return rows, places, cosines


def _near(cosines: Vectors, start: int, least: float, k: int) -> tuple[Places, Places, Vectors]:
    near = cosines >= least
    for row in np.flatnonzero(near.sum(axis=1) > k).tolist():
        near[row] = False
        near[row, np.argpartition(-cosines[row], k - 1)[:k]] = True
    rows, places = np.nonzero(near)
    return rows + start, places, cosines[rows, places]
