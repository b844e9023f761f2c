"""Candidates of a query in order, and those of several targets in one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.query.query import Query

DIGITS: Final = 6
"""Of the scores that hits tell, by which they may be asked for again."""


@dataclass(frozen=True)
class Ranked:
    """Candidates (n,), best first.

    Attributes:
        scores: with the query as it was asked, NaN where there is none.
        shown: what these scores say, see `Meaning`.
        merits: what lists of several targets are merged by, in falling order; NaN where there
            is none.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    scores: NDArray[np.float32]
    shown: NDArray[np.float64]
    merits: NDArray[np.float64]

    def sorted(self) -> Ranked:
        """By merit, then score; what is equal keeps the order of a search, (distance, id)."""
        scores, merits = -_number_or_least(self.scores), -_number_or_least(self.merits)
        return self.take(np.lexsort((scores, merits)))  # which is stable

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Ranked:
        """Some of them, in the order of `rows`."""
        return Ranked(
            self.ids[rows],
            self.distances[rows],
            self.scores[rows],
            self.shown[rows],
            self.merits[rows],
        )

    def cut(self, k: int) -> Ranked:
        """The first `k`."""
        return self.take(slice(k))

    def reaching(self, least: float | None) -> Ranked:
        """Those that show at least this much, as it is told; all where `None`."""
        return self if least is None else self.take(np.round(self.shown, DIGITS) >= least)

    def hits(self, query: Query) -> Ranked:
        """The hits of a query, if these are all its candidates."""
        most = query.max_distance
        near = self if most is None else self.take(self.distances <= most)
        return near.reaching(query.min_score).cut(query.k)


def merged(parts: Sequence[Ranked]) -> Ranked:
    """Candidates of one or more targets in one list, by merit where there is one, then distance."""
    if len(parts) == 1:
        return parts[0]
    every = Ranked(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.distances for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.shown for part in parts]),
        np.concatenate([part.merits for part in parts]),
    )
    # Of equal merits the order within a part stands, whatever put them there.
    places = np.concatenate([np.arange(len(part.ids)) for part in parts])
    places[np.isnan(every.merits)] = 0
    merits = -_number_or_least(every.merits)
    return every.take(np.lexsort((every.ids, every.distances, places, merits)))


def _number_or_least(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """What is no number becomes less than any score."""
    return np.where(np.isnan(values), -2.0, values).astype(np.float64)
