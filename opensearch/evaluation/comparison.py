"""Two models on the same queries: differences of every measure, with paired intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.bootstrap import Interval
from opensearch.evaluation.direction import Scores
from opensearch.evaluation.matrix import Matrix
from opensearch.evaluation.metrics import METRICS
from opensearch.evaluation.paired import PairedCell, paired_intervals


@dataclass(frozen=True)
class Difference:
    """One measure of two models on the same queries.

    Attributes:
        first, second: means over queries; of several directions, the mean of their means.
        difference: the first less the second.
        over_queries: its 95 % interval by resampling queries: for other queries of these
            categories.
        over_categories: by resampling categories: for other categories.
    """

    first: float
    second: float
    difference: float
    over_queries: Interval
    over_categories: Interval

    @property
    def tie(self) -> bool:
        """Whether 0 lies within either interval."""
        return any(low <= 0 <= high for low, high in (self.over_queries, self.over_categories))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "tie": self.tie}


@dataclass(frozen=True)
class Comparison:
    """Two matrices compared: by direction and name of the measure, and the mean across domains.

    Attributes:
        cells: of (source, target), for directions with queries.
        cross: the mean over directions whose source and target differ; empty without any.
    """

    cells: dict[tuple[str, str], dict[str, Difference]]
    cross: dict[str, Difference]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        cells = [
            {"source": source, "target": target, **_plain(found)}
            for (source, target), found in self.cells.items()
        ]
        return {"cells": cells, "cross": _plain(self.cross)}


def compare(first: Matrix, second: Matrix) -> Comparison:
    """Compare two models on the directions that both have.

    Args:
        first, second: of `any_to_any` on the same items, in the same order; seed and number of
            resamples are the first's.

    Raises:
        InvalidInput: no direction in common, or one whose queries or gallery differ.
    """
    names = [name for name in first.domains if name in second.domains]
    pairs: dict[tuple[str, str], tuple[Scores, Scores]] = {}
    for source in names:
        for target in names:
            one, other = first.scores(source, target), second.scores(source, target)
            _check_same(source, target, one, other)
            if len(one.labels):
                pairs[source, target] = one, other
    if not pairs:
        raise InvalidInput(
            f"the models share no direction with queries: domains {', '.join(first.domains)}"
            f" and {', '.join(second.domains)}"
        )
    cells = {way: _compared([way], [pair], first) for way, pair in pairs.items()}
    crossing = {way: pair for way, pair in pairs.items() if way[0] != way[1]}
    cross = _compared(list(crossing), list(crossing.values()), first) if crossing else {}
    return Comparison(cells, cross)


def _compared(
    ways: Sequence[tuple[str, str]], pairs: Sequence[tuple[Scores, Scores]], options: Matrix
) -> dict[str, Difference]:
    """The differences of directions together."""
    tables = [(_table(one), _table(other)) for one, other in pairs]
    differences = [a - b for a, b in tables]
    starts = {name: place << 32 for place, name in enumerate(options.domains)}
    queries = [
        PairedCell(table, one.queries + starts[source])
        for table, (one, _), (source, _) in zip(differences, pairs, ways, strict=True)
    ]
    categories = [
        PairedCell(table, one.labels) for table, (one, _) in zip(differences, pairs, strict=True)
    ]
    intervals = [
        np.stack(paired_intervals(cells, options.resamples, options.seed), axis=1).tolist()
        for cells in (queries, categories)
    ]
    first, second = (np.mean([pair[k].mean(axis=0) for pair in tables], axis=0) for k in (0, 1))
    return {
        name: Difference(
            float(first[at]),
            float(second[at]),
            float(first[at] - second[at]),
            tuple(intervals[0][at]),
            tuple(intervals[1][at]),
        )
        for at, name in enumerate(METRICS)
    }


def _table(scores: Scores) -> NDArray[np.float64]:
    """Every measure of every query, shape (nq, m)."""
    return np.stack([scores.measures[name] for name in METRICS], axis=1)


def _check_same(source: str, target: str, one: Scores, other: Scores) -> None:
    """Refuse what cannot be paired: other queries, of other categories, or another gallery."""
    alike = one.gallery == other.gallery and np.array_equal(one.queries, other.queries)
    if alike and np.array_equal(_numbered(one.labels), _numbered(other.labels)):
        return
    raise InvalidInput(
        f"{source} → {target}: the models were not measured on the same items:"
        f" {len(one.labels)} queries in {one.gallery} and {len(other.labels)} in {other.gallery};"
        " compare models that have the same domains and read the same files, or measure with"
        " `categories='all'`"
    )


def _numbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Categories numbered among themselves, as a model with another domain has other numbers."""
    return np.asarray(np.unique(labels, return_inverse=True)[1], np.int64)


def _plain(found: dict[str, Difference]) -> dict[str, Any]:
    return {name: difference.to_dict() for name, difference in found.items()}
