"""A curve fitted to hits that are known to be right or wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration.curves import Curve

LEAST = 20
"""Right hits, and wrong ones, that a curve wants."""


def fit_curve(
    scores: NDArray[np.floating],
    right: NDArray[np.bool_],
    weights: NDArray[np.floating] | None = None,
) -> Curve | None:
    """The logistic curve of greatest likelihood.

    Args:
        scores: shape (n,), of hits.
        right: shape (n,).
        weights: as how many hits each counts, shape (n,); one where `None`.

    Returns:
        `None` where there is nothing to learn from: fewer than `LEAST` right or wrong hits, or
        right ones that score no higher.

    Source:
        Platt, "Probabilistic outputs for support vector machines", 1999. A departure: no
        smoothed targets, as hits are many.
    """
    if min(np.count_nonzero(right), np.count_nonzero(~right)) < LEAST:
        return None
    from sklearn.linear_model import LogisticRegression

    middle, spread = float(np.mean(scores)), float(np.std(scores)) or 1.0
    rows = (np.asarray(scores, np.float64)[:, None] - middle) / spread
    fitted = LogisticRegression(C=1e3).fit(rows, right, sample_weight=weights)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope <= 0:
        return None
    return Curve(slope=slope / spread, middle=middle - offset / slope * spread)
