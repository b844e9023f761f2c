"""How far a query is moved: the one rule for the fraction in `query` and `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.semantic.sphere import cosine

LAMBDA_UNSEEN = 0.7
"""The fraction of Thong et al. (CVIU 2020) where the searched categories are unseen."""
LAMBDA_SEEN = 0.4
"""Their fraction where the searched categories were seen in training."""


@dataclass(frozen=True)
class LambdaRule:
    """A fixed fraction, or one of two by how near a query lies to a seen category.

    With a `threshold`, a query whose cosine to the nearest seen prototype reaches it is
    moved by `seen`, any other by `unseen`. Without one, both are the same fixed fraction.
    Knowing which categories are unseen would be an oracle; the rule looks at the query only.

    Raises:
        InvalidInput: a fraction leaves [0, 1], or two fractions have no threshold.
    """

    seen: float = LAMBDA_SEEN
    unseen: float = LAMBDA_UNSEEN
    threshold: float | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.seen <= 1 and 0 <= self.unseen <= 1):
            raise InvalidInput(f"lambda must be within 0 and 1, got {self.seen} and {self.unseen}")
        if self.threshold is None and self.seen != self.unseen:
            raise InvalidInput(
                f"lambda {self.seen} for seen and {self.unseen} for unseen want a threshold;"
                " fit one, or use LambdaRule.fixed"
            )

    @classmethod
    def fixed(cls, lam: float) -> LambdaRule:
        """The rule that moves every query by the same fraction."""
        return cls(seen=lam, unseen=lam)

    def of(
        self, queries: NDArray[np.float32], prototypes: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The fraction of each query.

        Args:
            queries: shape (n, d), unit rows.
            prototypes: shape (c, d), unit rows, of the seen categories.

        Returns:
            Shape (n,), float32.
        """
        if self.threshold is None:
            return np.full(len(queries), self.seen, dtype=np.float32)
        near = nearest_cosine(queries, prototypes)
        return np.where(near >= self.threshold, self.seen, self.unseen).astype(np.float32)


def nearest_cosine(
    queries: NDArray[np.float32], prototypes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Cosine of each query to the nearest prototype, shape (n,).

    Raises:
        InvalidInput: there is no prototype.
    """
    if len(prototypes) == 0:
        raise InvalidInput("no seen prototype to measure the queries by")
    return np.asarray(cosine(queries, prototypes).max(axis=1), dtype=np.float32)


def fit_threshold(seen_cos: NDArray[np.floating], unseen_cos: NDArray[np.floating]) -> float:
    """The cosine that best parts queries of seen from queries of unseen categories.

    Best is balanced accuracy: the mean of the share of seen queries at or above it and of
    unseen ones below it. Candidates lie halfway between neighbouring values, and beyond
    both ends. Of equally good ones the lowest is taken: it calls more queries seen, whose
    fraction is the gentler one.

    Args:
        seen_cos: shape (n,), `nearest_cosine` of validation queries of seen categories.
        unseen_cos: shape (m,), the same of held-out categories.

    Returns:
        The threshold.

    Raises:
        InvalidInput: either side is empty or holds NaN.
    """
    seen = np.sort(np.asarray(seen_cos, dtype=np.float64))
    unseen = np.sort(np.asarray(unseen_cos, dtype=np.float64))
    if not len(seen) or not len(unseen) or np.isnan(seen[-1]) or np.isnan(unseen[-1]):
        raise InvalidInput(
            f"a threshold wants cosines of both sides, got {len(seen)} seen and"
            f" {len(unseen)} unseen (NaN counts as none)"
        )
    values = np.unique(np.concatenate([seen, unseen]))
    candidates = np.concatenate([values[:1] - 1, (values[:-1] + values[1:]) / 2, values[-1:] + 1])
    above = 1 - np.searchsorted(seen, candidates, side="left") / len(seen)
    below = np.searchsorted(unseen, candidates, side="left") / len(unseen)
    # rounded, so that equal scores compare equal whatever the order of their sums
    return float(candidates[np.round(above + below, 12).argmax()])
