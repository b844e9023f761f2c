"""Curves fitted to hits that are known to be right or wrong."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration.curves import Curve

LEAST = 20
"""Fewest right hits, and fewest wrong ones, to fit a curve on."""
_OWN: Final = 0.1
"""How freely a curve may depart from the source's common curve: prior variance of a ridge."""
_COMMON: Final = 30.0
"""How many times as freely the common curve may move."""

Name = TypeVar("Name", bound=Hashable)


class Judged(NamedTuple):
    """Scores of hits, and which are right, shape (n,) each."""

    scores: NDArray[np.floating]
    right: NDArray[np.bool_]

    @property
    def enough(self) -> bool:
        """Whether there is something to learn from."""
        return bool(min(np.count_nonzero(self.right), np.count_nonzero(~self.right)) >= LEAST)


def fit_curve(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> Curve | None:
    """The logistic curve of greatest likelihood.

    Args:
        scores: shape (n,), of hits.
        right: shape (n,).

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
    fitted = LogisticRegression(C=1e3).fit(rows, right)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope <= 0:
        return None
    return Curve(slope=slope / spread, middle=middle - offset / slope * spread)


def fit_curves(parts: Mapping[Name, Judged]) -> dict[Name, Curve | None]:
    """Curves of several targets that are asked from one source, drawn to what they share.

    With few query categories, as for words, a curve of its own overfits to these. Cross-validated
    over categories held out from the third starter, the mean error was .033 instead of .035 with
    curves of their own, and at most .067 instead of .088.

    Returns:
        As `fit_curve`, `None` where there is nothing to learn from.
    """
    used = {name: part for name, part in parts.items() if part.enough}
    found: dict[Name, Curve | None] = dict.fromkeys(parts)
    if not used:
        return found
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([np.asarray(part.scores, np.float64) for part in used.values()])
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    of = np.repeat(np.arange(len(used)), [len(part.scores) for part in used.values()])
    own = np.eye(len(used))[of]
    steps = ((scores - middle) / spread)[:, None]
    rows = np.hstack([_COMMON * steps, steps * own, _COMMON * np.ones_like(steps), own])
    right = np.concatenate([part.right for part in used.values()])
    made: Any = LogisticRegression(C=_OWN, fit_intercept=False, max_iter=1000)
    of_steps, of_ones = np.split(made.fit(rows, right).coef_[0], 2)
    for place, name in enumerate(used):
        slope = _COMMON * of_steps[0] + of_steps[1 + place]
        offset = _COMMON * of_ones[0] + of_ones[1 + place]
        if slope > 0:
            at = middle - offset / slope * spread
            found[name] = Curve(slope=float(slope / spread), middle=float(at))
    return found
