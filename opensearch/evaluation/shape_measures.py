"""The measures of SHREC's tracks of shape retrieval, beside mAP, which is `average_precision`.

Source:
    Shilane, Min, Kazhdan, Funkhouser, "The Princeton Shape Benchmark", SMI 2004, section 4; Li et
    al., "SHREC'13 track: large scale sketch-based 3D shape retrieval", 3DOR 2013, which takes them
    for sketches. A query counts once, then the mean is taken over queries. R is the number of
    relevant items; a query from the gallery is not among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 32
"""Items that the E-measure looks at: what a user sees on a first page."""


def nearest_neighbour(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """NN: 1 where the first item is relevant, else 0.

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.

    Returns:
        Shape (nq,).
    """
    return np.asarray((ranks == 1).any(axis=1), dtype=np.float64)


def tier(ranks: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """FT and ST: the share of the relevant items among the first `times` R.

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.
        times: 1 for the first tier, 2 for the second.

    Returns:
        Shape (nq,), within [0, 1].
    """
    found = np.isfinite(ranks).sum(axis=1)
    inside = (ranks <= times * found[:, None]).sum(axis=1)
    return np.asarray(inside / found, dtype=np.float64)


def e_measure(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """E: the harmonic mean of precision and recall of the first 32 items.

    With h hits, 2 / (1 / P + 1 / R) = 2 h / (32 + R), 0 without hits. 32 stays 32 in a smaller
    gallery, so 1 is reached with 32 relevant items alone. Thong et al. 2020 take the harmonic
    mean of the mean precision and the mean recall, which is higher.

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.

    Returns:
        Shape (nq,), within [0, 1].
    """
    found = np.isfinite(ranks).sum(axis=1)
    return np.asarray(2 * (ranks <= WINDOW).sum(axis=1) / (WINDOW + found), dtype=np.float64)


def discounted_gain(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """DCG: gains of the whole ranking, as a share of those of the best one.

    A relevant item gains 1 at rank 1 and 1 / log2(rank) from rank 2 on; the best ranking gains
    1 + sum of 1 / log2(rank) over ranks 2 to R. Others, Thong et al. 2020 among them, discount by
    log2(rank + 1).

    Args:
        ranks: shape (nq, max R), of `relevant_ranks`.

    Returns:
        Shape (nq,), within (0, 1].
    """
    found = np.isfinite(ranks)
    best = np.where(found, _gains(np.arange(1.0, ranks.shape[1] + 1)), 0.0)
    return np.asarray(_gains(ranks).sum(axis=1) / best.sum(axis=1), dtype=np.float64)


def _gains(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of a relevant item at each rank; none at infinity."""
    return np.asarray(1 / np.log2(np.maximum(ranks, 2)), dtype=np.float64)
