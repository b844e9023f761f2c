"""What the scores of an answer say: probabilities where the model can tell them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import Calibration, ScoreName
from opensearch.records import ScoreKind

LIKELY = 0.5
"""An answer whose hits are all less probable than this holds nothing that is likely."""
REFINE = False
"""Whether a query is refined where the model does not say.

`python -m benchmarks.calibration` counts right hits among the first ten with and without: most
directions lose by it for categories that the model knows and gain little for others.
"""


class Meaning:
    """Turns the scores of hits into what is shown.

    Args:
        calibration: of the model, if it has one.
        name: what hits are scored by.
        sources: domains that the parts of the query came from, `None` for words.
        targets: domains that are searched. Lists of several are merged by what is shown, so
            there are probabilities for all of them or for none.

    Attributes:
        calibrated: whether what is shown are probabilities.
    """

    def __init__(
        self,
        calibration: Calibration | None,
        name: ScoreName,
        sources: Sequence[str | None],
        targets: Sequence[str],
    ) -> None:
        self._calibration = calibration
        self._name = name
        self._sources = list(dict.fromkeys(sources))
        self.calibrated = (
            calibration is not None
            and bool(self._sources and targets)
            and all(
                (found := calibration.direction(source, target)) and found.curve(name)
                for source in self._sources
                for target in targets
            )
        )

    @property
    def kind(self) -> ScoreKind | None:
        """What is shown; `None` where distances alone are known."""
        if self.calibrated:
            return "probability"
        return None if self._name == "distance" else self._name

    def shown(self, scores: NDArray[np.float32], target: str) -> NDArray[np.float64]:
        """What is shown (n,) of scores (n,) in one target: NaN where nothing is known."""
        wide = np.asarray(scores, np.float64)
        if not self.calibrated or self._calibration is None:
            return wide
        return self._calibration.probabilities(wide, self._name, self._sources, target)

    def told_by_codes(self, alike: NDArray[np.floating], target: str) -> NDArray[np.float64]:
        """Probabilities (n,) of hits in one target that have no other score than their codes.

        Args:
            alike: shape (n,): `agreement` where hits are scored by distance, else `asymmetric`.
        """
        name: ScoreName = "distance" if self._name == "distance" else "asymmetric"
        if self._calibration is None:
            return np.full(len(alike), np.nan)
        return self._calibration.probabilities(alike, name, self._sources, target)

    def tells_codes(self, targets: Sequence[str]) -> bool:
        """Whether `told_by_codes` tells anything in all of these targets."""
        some = np.zeros(1)
        return all(not np.isnan(self.told_by_codes(some, target)).any() for target in targets)

    def refines(self, target: str) -> bool:
        """Whether refinement was found to help from these sources to a target."""
        if not self.calibrated or self._calibration is None:
            return REFINE
        found = [self._calibration.direction(source, target) for source in self._sources]
        return all(each.refine for each in found if each)


def agreement(distances: NDArray[np.integer], bits: int) -> NDArray[np.float64]:
    """Bits that agree less those that do not, by all of them, -1..1; of distances of any shape."""
    return np.asarray(1 - 2 * np.asarray(distances, np.float64) / bits)
