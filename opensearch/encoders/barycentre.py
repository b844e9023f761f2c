"""The Wasserstein barycentre of the features of an item's views: one row in their stead.

A feature is a histogram over its numbers, the bins. The mean of histograms keeps every peak at its
place; the barycentre moves mass between bins that are near, at a cost, to where all views meet.

Hundreds of bins would take a kernel of millions of numbers, several times an iteration and view.
So bins are grouped by what they respond to (`training.barycentre`), the barycentre is taken of the
groups' masses, and within a group mass lies as it does in the mean of the views. That is our
choice, as are the ground cost and the constants.

Source:
    Xie et al., "Learning barycentric representations of 3D shapes for sketch-based 3D shape
    retrieval", CVPR 2017; Benamou et al., "Iterative Bregman projections for regularized
    transportation problems", SIAM J. Sci. Comput. 37(2), 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError

Histograms = NDArray[np.float64]

GROUPS: Final = "barycentre.groups"
"""Tensor beside the projector's: the group of each bin, shape (f,), or (2 f,) for signed bins."""
COST: Final = "barycentre.cost"
"""Tensor: cost of moving mass between groups, shape (g, g), symmetric, of median 1."""
GAMMA: Final = "barycentre.gamma"
"""Tensor: how much transport is smoothed, a scalar, in units of the cost."""
ROUNDS: Final = "barycentre.rounds"
"""Tensor: rounds of projections, a scalar."""

MOST_ROUNDS: Final = 1000
"""Rounds that a model may ask for: no file may keep a query waiting."""
_LEAST = 1e-8
"""Mass that every bin has before histograms are brought to sum 1."""
_FARTHEST = 700.0
"""Cost in units of gamma that counts as infinite: exp(-700) is near the least double."""


def barycentre(
    histograms: Histograms, cost: NDArray[np.floating], gamma: float, rounds: int
) -> Histograms:
    """The entropic barycentre of each item's histograms, all of the same weight.

    With the kernel K = exp(-cost / gamma) and scalings b_i = 1, a round is: a_i = p_i / (K b_i);
    mu, the geometric mean of K^T a_i; b_i = mu / (K^T a_i). Scalings are kept as logarithms, so
    that a small gamma neither overflows nor ends at 0.

    Args:
        histograms: shape (n, v, g), positive, of sum 1.
        cost: shape (g, g), symmetric.
        gamma: above 0; at 0 transport would be exact, and it blurs as it grows.
        rounds: 1 or more.

    Returns:
        Shape (n, g), of sum 1.

    Source:
        Benamou et al. 2015, section 3.2, with weights 1/v.
    """
    kernel = np.exp(-np.minimum(cost.astype(np.float64) / gamma, _FARTHEST))
    logs = np.log(histograms)
    scaling = np.zeros_like(logs)
    for _ in range(rounds):
        spread = _log_product(logs - _log_product(scaling, kernel), kernel)
        mean = spread.mean(axis=1, keepdims=True)
        scaling = mean - spread
    found = np.exp(mean[:, 0])
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _log_product(logs: Histograms, kernel: NDArray[np.float64]) -> Histograms:
    """The logarithm of exp(logs) @ kernel, along the last axis.

    Every row is shifted by its greatest logarithm first. What then underflows is less than
    exp(-745) and adds to a sum of exp(-700) or more: nothing that a double could hold is lost.
    """
    top = logs.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - top) @ kernel) + top)


class BarycentrePooling:
    """Pools the features of views, by tensors that `training.barycentre` fitted.

    Raises:
        BundleError: a tensor is missing or has another shape.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        lacking = [name for name in (GROUPS, COST, GAMMA, ROUNDS) if name not in tensors]
        if lacking:
            raise BundleError(
                f"pooling barycentre wants the tensors {', '.join(lacking)}, which the model"
                " lacks; train it again"
            )
        self._groups = tensors[GROUPS].astype(np.int64)
        self._cost = tensors[COST].astype(np.float64)
        self._gamma, self._rounds = float(tensors[GAMMA]), int(tensors[ROUNDS])
        if not (self._gamma > 0 and 1 <= self._rounds <= MOST_ROUNDS):
            raise BundleError(
                f"pooling barycentre wants a gamma above 0 and 1 to {MOST_ROUNDS} rounds, got"
                f" {self._gamma} and {self._rounds}; train the model again"
            )
        groups = len(self._cost)
        fits = self._groups.min() >= 0 and self._groups.max() < groups
        if self._cost.shape != (groups, groups) or not fits:
            raise BundleError(
                f"pooling barycentre: {GROUPS} numbers groups to {self._groups.max()} and {COST}"
                f" has shape {self._cost.shape}; train the model again"
            )
        self._member = np.zeros((len(self._groups), groups))
        self._member[np.arange(len(self._groups)), self._groups] = 1

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Features (n, f) of those of items' views (n, v, f); of a single view, its own.

        They keep the scale of features: their sum is the mean sum of the views'.
        """
        views = features.shape[1]
        if views == 1:
            return np.asarray(features[:, 0], np.float32)
        bins = as_bins(features, len(self._groups))
        mass = bins.sum(axis=2)
        shares = bin_shares(bins)
        between = barycentre(shares @ self._member, self._cost, self._gamma, self._rounds)
        mean = shares.mean(axis=1)
        within = mean / (mean @ self._member)[:, self._groups]
        pooled = mass.mean(axis=1, keepdims=True) * between[:, self._groups] * within
        half = features.shape[2]
        signed = pooled[:, :half] - pooled[:, half:] if pooled.shape[1] > half else pooled
        return np.asarray(signed, np.float32)


def as_bins(features: NDArray[np.floating], count: int) -> Histograms:
    """Features (..., f) as bins that are never negative: f of them, or 2 f by their sign.

    Args:
        count: f or 2 f; of f bins, what is below 0 counts as 0.
    """
    wide = features.astype(np.float64)
    if count == wide.shape[-1]:
        return np.maximum(wide, 0)
    if count == 2 * wide.shape[-1]:
        return np.concatenate([np.maximum(wide, 0), np.maximum(-wide, 0)], axis=-1)
    raise BundleError(
        f"pooling barycentre was fitted for {count} bins, and features have {wide.shape[-1]}"
        " numbers; train the model again"
    )


def bin_shares(bins: Histograms) -> Histograms:
    """Bins (..., f) as histograms: of sum 1, and none of them empty."""
    mass = bins.sum(axis=-1, keepdims=True)
    shares = bins / np.where(mass > 0, mass, 1.0) + _LEAST
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
