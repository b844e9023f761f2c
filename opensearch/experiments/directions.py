"""Curves of the directions that were looked at, and how good they are on other categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import (
    Curve,
    Direction,
    Judged,
    Reliability,
    ScoreName,
    fit_curves,
    reliability,
)
from opensearch.experiments.asking import Hits

CATEGORIES: Final = 5
"""Categories that must ask in a direction before anything is fitted on them."""
NAMES: Final = get_args(ScoreName)

Key = tuple[str | None, str]


@dataclass(frozen=True)
class Fitted:
    """What came of one direction.

    Attributes:
        source, target: domains; the source `None` for words.
        categories: that asked.
        measured: probabilities of cosines by curves fitted on the other half of the categories.
        right: of the first hits, share right as asked, where there are right ones.
        gain: of that share by refinement.
        sure: half the width of the 99 % interval of the gain over categories.
        direction: `None` where there was too little to learn from.
    """

    source: str | None
    target: str
    categories: int
    measured: Reliability | None
    right: float
    gain: float
    sure: float
    direction: Direction | None


@dataclass(frozen=True)
class Looked:
    """What was seen of one direction.

    Attributes:
        hits: first hits by the score they were ordered by.
        kinds: of things in what was searched.
        right, gain, sure: as of `Fitted`.
    """

    hits: Mapping[ScoreName, Hits]
    kinds: int
    right: float
    gain: float
    sure: float


def fit_directions(looked: Mapping[Key, Looked], kinds: int) -> list[Fitted]:
    """Curves of all directions, those of one source together, for a collection of `kinds`."""
    found = {}
    for source in dict.fromkeys(source for source, _ in looked):
        own = {key: each for key, each in looked.items() if key[0] == source}
        curves = {
            name: fit_curves({key: _judged(each.hits[name]) for key, each in own.items()})
            for name in NAMES
        }
        measured = across_halves({key: each.hits["cosine"] for key, each in own.items()})
        for key, each in own.items():
            moved = {
                name: curve and curve.among(each.kinds, kinds)
                for name in NAMES
                for curve in (curves[name][key],)
            }
            found[key] = _fitted(key, each, moved, measured[key])
    return [found[key] for key in looked]


def _fitted(
    key: Key,
    looked: Looked,
    curves: Mapping[ScoreName, Curve | None],
    measured: Reliability | None,
) -> Fitted:
    categories = len(np.unique(looked.hits["cosine"].categories))
    direction = None
    if categories >= CATEGORIES and curves["cosine"] is not None:
        direction = Direction(
            cosine=curves["cosine"],
            distance=curves["distance"],
            asymmetric=curves["asymmetric"],
            refine=looked.gain - looked.sure > 0,
        )
    told = measured if direction else None
    return Fitted(*key, categories, told, looked.right, looked.gain, looked.sure, direction)


def across_halves(hits: Mapping[Key, Hits]) -> dict[Key, Reliability | None]:
    """Each half of the categories measured by curves of the other half, of one source's hits."""
    names = np.unique(np.concatenate([each.categories for each in hits.values()]))
    said = {key: np.zeros(len(each.scores)) for key, each in hits.items()}
    measured = dict.fromkeys(hits, True)
    for half in (names[::2], names[1::2]):
        here = {key: np.isin(each.categories, half) for key, each in hits.items()}
        curves = fit_curves({key: _judged(each, ~here[key]) for key, each in hits.items()})
        for key, each in hits.items():
            curve = curves[key]
            measured[key] = measured[key] and curve is not None and bool(here[key].any())
            if curve is not None:
                said[key][here[key]] = curve(each.scores[here[key]])
    return {
        key: reliability(said[key], each.right) if measured[key] else None
        for key, each in hits.items()
    }


def _judged(hits: Hits, part: NDArray[np.bool_] | slice = slice(None)) -> Judged:
    return Judged(hits.scores[part], hits.right[part])
