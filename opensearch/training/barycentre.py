"""What pooling `barycentre` learns of a domain's features: groups of bins, and how far they are.

Two bins are near if they respond to the same views: the cost of moving mass between them is one
minus the correlation of their shares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.config import BarycentreSettings
from opensearch.encoders.barycentre import COST, GAMMA, GROUPS, ROUNDS, as_bins, bin_shares

_MOST = 4096
"""Views that are looked at; more tell little more."""


def fit_barycentre(
    features: NDArray[np.floating], settings: BarycentreSettings, seed: int
) -> dict[str, NDArray[np.generic]]:
    """The tensors of `encoders.barycentre.BarycentrePooling`.

    Args:
        features: of training views, shape (m, f).
        seed: of the start of the grouping.
    """
    some = features[np.unique(np.linspace(0, len(features) - 1, _MOST).astype(np.int64))]
    count = features.shape[1] * (2 if (some < 0).any() else 1)
    shares = bin_shares(as_bins(some, count))
    groups = group_bins(standardised(shares), min(settings.groups, count), seed)
    masses = np.zeros((len(shares), groups.max() + 1))
    np.add.at(masses.T, groups, shares.T)
    return {
        GROUPS: groups.astype(np.int32),
        COST: ground_cost(standardised(masses)).astype(np.float32),
        GAMMA: np.array(settings.gamma),
        ROUNDS: np.array(settings.rounds),
    }


def standardised(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of shares (m, b) of mean 0 and length 1; zeros where one never changes."""
    centred = shares - shares.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(lengths > 1e-12, lengths, 1.0))


def group_bins(columns: NDArray[np.float64], groups: int, seed: int) -> NDArray[np.int64]:
    """A group 0, 1, ... for each bin, shape (b,), by k-means of what they respond to.

    Args:
        columns: standardised, shape (m, b); their squared distances tell correlations.
        groups: at most so many.
    """
    from sklearn.cluster import KMeans

    points, first = np.unique(columns.T, axis=0, return_inverse=True)
    if len(points) <= groups:
        return np.asarray(first.reshape(-1), np.int64)
    found = KMeans(groups, n_init=1, random_state=seed).fit_predict(columns.T)
    return np.asarray(np.unique(found, return_inverse=True)[1].reshape(-1), np.int64)


def ground_cost(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cost (g, g) of moving mass: 1 - correlation, brought to a median of 1 between groups.

    Args:
        columns: standardised masses of the groups, shape (m, g).
    """
    cost = np.clip(1 - columns.T @ columns, 0, None)
    np.fill_diagonal(cost, 0)
    between = cost[~np.eye(len(cost), dtype=bool)]
    middle = float(np.median(between)) if len(between) else 1.0
    return np.asarray(cost / (middle or 1.0))
