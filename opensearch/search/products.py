"""Products of one vector with some rows of an array, none of them copied first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def products(
    rows: NDArray[np.float32], vector: NDArray[np.float32], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Products (n,) of the rows at `places` (n,) with a vector (d,).

    Each has the same bits whatever rows it is asked for with. One thread works on them: to wake
    a second one takes longer than a thousand products.

    Args:
        rows: shape (m, d), in one piece.
        vector: shape (d,), in one piece.
        places: each from 0 to m - 1.
    """
    import faiss

    out = np.empty(len(places), np.float32)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    result, asked, every, which = (faiss.swig_ptr(a) for a in (out, vector, rows, places))
    faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]
        result, asked, every, which, rows.shape[1], 1, len(places)
    )
    faiss.omp_set_num_threads(before)
    return out
