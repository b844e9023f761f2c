"""The curves of a model, from the score of a hit to a probability, as `model.json` keeps them.

A probability assumes how often a hit is right before its score is known: here, among the first
`hits` hits of queries of which a share `absent` asks for what the collection does not hold, in a
collection of `kinds` kinds of things.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from opensearch.config import Settings

ScoreName: TypeAlias = Literal["cosine", "distance", "asymmetric"]


class Curve(Settings):
    """A logistic curve, rising in the score: order by probability is order by score."""

    slope: float = Field(ge=1e-9, le=1e9)
    middle: float = Field(
        ge=-1e12, le=1e12, description="the score at which the probability is one half"
    )

    def __call__(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (n,) of scores (n,); NaN stays NaN."""
        steep = self.slope * (self.middle - np.asarray(scores, np.float64))
        return np.asarray(1 / (1 + np.exp(np.minimum(steep, 700.0))))

    def among(self, kinds: int, others: int) -> Curve:
        """The curve for a collection of `others` kinds of things, from one for `kinds`.

        Of r times as many other kinds than the one asked for come r times as many wrong items at
        every score, but only the best of them are among the first hits. So the odds are divided
        by less than r: by its square root. Measured on heads fitted to parts of the starter's
        training files, curves of 43 kinds in collections of 5, 10, 20 and 280: without it
        probabilities were off by -.20, -.15, -.09 and .14 in the mean, with r by .17, .11, .05
        and -.14.
        """
        if kinds == others:
            return self
        ratio = max(1, others - 1) / max(1, kinds - 1)
        middle = self.middle + math.log(ratio) / 2 / self.slope
        return Curve.model_construct(slope=self.slope, middle=middle)


class Direction(Settings):
    """What was fitted for one source and one target.

    Attributes:
        cosine: of cosines of embeddings.
        distance: of codes that agree in all but d of b bits, 1 - 2 d / b.
        asymmetric: of `hashing.asymmetric`. These two are `None` where codes tell nothing, or are
            others than those they were fitted on.
        refine: whether refinement brought right hits forward.
    """

    cosine: Curve
    distance: Curve | None = None
    asymmetric: Curve | None = None
    refine: bool

    def curve(self, of: ScoreName) -> Curve | None:
        """The curve of a score."""
        return {"cosine": self.cosine, "distance": self.distance, "asymmetric": self.asymmetric}[of]

    def among(self, kinds: int, others: int) -> Direction:
        """The same for a collection of `others` kinds of things, from one for `kinds`."""
        moved = {
            name: curve and curve.among(kinds, others)
            for name in get_args(ScoreName)
            for curve in (self.curve(name),)
        }
        return self.model_copy(update=moved)

    def without_codes(self) -> Direction:
        """The same without the curves over codes."""
        return self.model_copy(update={"distance": None, "asymmetric": None})


class Calibration(Settings):
    """All curves of a model, and what they were fitted on.

    Attributes:
        domains: directions by source and target.
        words: directions from words, by target.
        hits: first hits of a query that were looked at.
        absent: share of queries whose category was taken out of what was searched.
        categories: number of categories that asked, when anything was fitted last.
        kinds: of things in the collection that probabilities are for.
    """

    domains: dict[str, dict[str, Direction]]
    words: dict[str, Direction]
    hits: int = Field(ge=1)
    absent: float = Field(ge=0, le=1)
    categories: int = Field(ge=1)
    kinds: int = Field(ge=2, le=10**9)

    def direction(self, source: str | None, target: str) -> Direction | None:
        """What was fitted for a source, `None` for words, and a target, if anything was."""
        return (self.words if source is None else self.domains.get(source, {})).get(target)

    def directions(self) -> dict[tuple[str | None, str], Direction]:
        """All that was fitted, by source, `None` for words, and target."""
        found: dict[tuple[str | None, str], Direction] = {
            (source, target): each
            for source, targets in self.domains.items()
            for target, each in targets.items()
        }
        return found | {(None, target): each for target, each in self.words.items()}

    def holds_beside(self, other: Calibration) -> bool:
        """Whether its probabilities mean the same as another's: as many hits, as often in vain."""
        return (self.hits, self.absent) == (other.hits, other.absent)

    def over(self, old: Calibration) -> Calibration:
        """Beside what was fitted now, the old directions that were not, moved to its `kinds`."""

        def joined(new: dict[str, Direction], before: dict[str, Direction]) -> dict[str, Direction]:
            kept = {name: each.among(old.kinds, self.kinds) for name, each in before.items()}
            return kept | new

        sources = [*old.domains, *(name for name in self.domains if name not in old.domains)]
        domains = {
            name: joined(self.domains.get(name, {}), old.domains.get(name, {})) for name in sources
        }
        words = joined(self.words, old.words)
        return self.model_copy(update={"domains": domains, "words": words})

    def without_codes(self) -> Calibration:
        """What holds of the same embeddings whatever their codes: cosines, and refinement."""

        def kept(targets: dict[str, Direction]) -> dict[str, Direction]:
            return {target: each.without_codes() for target, each in targets.items()}

        domains = {source: kept(targets) for source, targets in self.domains.items()}
        return self.model_copy(update={"domains": domains, "words": kept(self.words)})

    def probabilities(
        self,
        scores: NDArray[np.floating],
        of: ScoreName,
        sources: Sequence[str | None],
        target: str,
        kinds: int | None = None,
    ) -> NDArray[np.float64]:
        """Probabilities (n,) of scores (n,) in a target; NaN of NaN, and without a curve.

        Args:
            of: what the scores are.
            sources: of the parts of a query, whose probabilities are averaged.
            target: the domain searched.
            kinds: of things in it, where they are known; as many as `self.kinds` when `None`.
        """
        found = [self.direction(source, target) for source in sources]
        curves = [curve for each in found if each and (curve := each.curve(of))]
        if not curves or len(curves) < len(found):
            return np.full(len(scores), np.nan)
        here = [curve.among(self.kinds, kinds or self.kinds) for curve in curves]
        told = [curve(scores) for curve in here]
        return told[0] if len(told) == 1 else np.asarray(np.mean(told, axis=0))
