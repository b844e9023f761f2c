"""Whether probabilities are what they say: reliability, Brier score, and right told from wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Hits of like probability: how many, the mean of what was said, and the share right."""

    count: int
    said: float
    right: float


@dataclass(frozen=True)
class Reliability:
    """How good probabilities are.

    Attributes:
        count: hits.
        base: share of hits that are right.
        error: expected calibration error, the mean distance of `said` and `right` over all hits.
        brier: mean squared distance of probability and truth.
        brier_base: the same of the base rate said of every hit, base (1 - base).
        auroc: probability that a right hit was given more than a wrong one, `None` where all
            are right or all wrong.
        bins: ten of equal width, those without hits left out.
    """

    count: int
    base: float
    error: float
    brier: float
    brier_base: float
    auroc: float | None
    bins: list[Bin]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def reliability(probabilities: NDArray[np.floating], right: NDArray[np.bool_]) -> Reliability:
    """Measure probabilities (n,) of hits that are right or not (n,).

    Raises:
        InvalidInput: no hits, shapes that differ, or what is no probability.

    Source:
        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
        binning", AAAI 2015; Brier, "Verification of forecasts", 1950.
    """
    if not len(right) or np.shape(probabilities) != np.shape(right):
        raise InvalidInput(
            f"wanted a probability for each of some hits, got {np.shape(probabilities)} for"
            f" {np.shape(right)}"
        )
    said, truth = np.asarray(probabilities, np.float64), np.asarray(right, np.float64)
    if not ((said >= 0) & (said <= 1)).all():
        raise InvalidInput("a probability lies within 0 and 1")
    places = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    bins = [
        Bin(int(inside.sum()), float(said[inside].mean()), float(truth[inside].mean()))
        for inside in (places == place for place in range(BINS))
        if inside.any()
    ]
    base = float(truth.mean())
    return Reliability(
        count=len(said),
        base=base,
        error=sum(each.count * abs(each.said - each.right) for each in bins) / len(said),
        brier=float(np.square(said - truth).mean()),
        brier_base=base * (1 - base),
        auroc=auroc(said, np.asarray(right, np.bool_)),
        bins=bins,
    )


def auroc(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve, ties counted half; `None` where all are right or all wrong.

    Args:
        scores: shape (n,).
        right: shape (n,).
    """
    if right.all() or not right.any():
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, scores))
