"""Dictionaries: words that stand for what many rows are like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def learn_words(rows: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
    """The middles (count, d) of groups of rows (n, d), by k-means in small batches.

    Args:
        count: of words, at most n.
    """
    from sklearn.cluster import MiniBatchKMeans

    made = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=4096).fit(rows)
    return made.cluster_centers_.astype(np.float32)  # type: ignore[no-any-return]
