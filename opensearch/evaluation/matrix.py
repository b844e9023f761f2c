"""The records of an any-to-any evaluation, and their plain JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from opensearch.evaluation.bootstrap import Interval
from opensearch.evaluation.direction import Scores
from opensearch.evaluation.metrics import MAIN, METRICS

NOTHING = math.nan
"""The value of a measure where no query was left; null in JSON."""
WORD: Final = "word"
"""The source of the cells whose queries are words."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One direction: queries of `source` in the gallery of `target`.

    Attributes:
        source: domain of the queries, or `WORD`.
        target: domain of the gallery.
        queries: queries that count.
        gallery: items a query is ranked against; in a same-domain cell without the query.
        categories: categories that the queries are of.
        measures: mean over queries (micro) of every measure of `METRICS`.
        map_all_interval: 95 % interval of `map_all`, by resampling categories.
        map_macro: plain mAP over the whole ranking, the mean over categories.
        map_macro_interval: its 95 % interval.
    """

    source: str
    target: str
    queries: int
    gallery: int
    categories: int
    measures: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(METRICS, NOTHING))
    map_all_interval: Interval = (NOTHING, NOTHING)
    map_macro: float = NOTHING
    map_macro_interval: Interval = (NOTHING, NOTHING)

    @property
    def map_all(self) -> float:
        """Plain mAP over the whole ranking, the mean over queries."""
        return self.measures[MAIN]

    def to_dict(self) -> dict[str, Any]:
        """All numbers by name, the measures among them."""
        fields = asdict(self)
        measures = fields.pop("measures")
        first = ("source", "target", "queries", "gallery", "categories")
        about = {name: fields.pop(name) for name in first}
        return {**about, MAIN: measures.pop(MAIN), **fields, **measures}


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of several cells, every cell counting once; cells without queries do not.

    Attributes:
        cells: cells that count.
        map_all: mean of the cells' `map_all`.
        map_all_interval: its 95 % interval, categories resampled in all cells together.
        map_macro: mean of the cells' `map_macro`.
        map_macro_interval: its 95 % interval.
    """

    cells: int
    map_all: float = NOTHING
    map_all_interval: Interval = (NOTHING, NOTHING)
    map_macro: float = NOTHING
    map_macro_interval: Interval = (NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class Words:
    """Every domain searched by words, one query a category.

    Attributes:
        cells: one a domain; with a query a category, `map_all` and `map_macro` are the same.
        mean: mean of the cells.
    """

    cells: tuple[Cell, ...]
    mean: Mean

    def to_dict(self) -> dict[str, Any]:
        """Cells and mean as plain JSON types, under the names above; NaN becomes null."""
        cells = [cell.to_dict() for cell in self.cells]
        plain: dict[str, Any] = _plain({"cells": cells, "mean": asdict(self.mean)})
        return plain


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every domain searched from every domain.

    Attributes:
        domains: rows and columns, in the order given.
        cells: row by row: all targets of the first source, then of the second.
        cross: mean of the cells whose source and target differ.
        overall: mean of all cells.
        refined: whether queries were refined.
        ties: `order` (distance, id) or `expected` (over random orders of ties).
        min_gallery: relevant items that a query's category must have in the gallery.
        seed: of the intervals.
        resamples: of the intervals.
        directions: what each query got, in the order of `cells`; not in the JSON form.
    """

    domains: tuple[str, ...]
    cells: tuple[Cell, ...]
    cross: Mean
    overall: Mean
    refined: bool
    ties: str
    min_gallery: int
    seed: int
    resamples: int
    directions: tuple[Scores, ...] = field(default=(), repr=False, compare=False)

    def cell(self, source: str, target: str) -> Cell:
        """The cell of one direction.

        Raises:
            KeyError: no such domain.
        """
        return self.cells[self._place(source, target)]

    def scores(self, source: str, target: str) -> Scores:
        """What each query of one direction got.

        Raises:
            KeyError: no such domain.
        """
        return self.directions[self._place(source, target)]

    def to_dict(self) -> dict[str, Any]:
        """The matrix as plain JSON types, under the names above; NaN becomes null."""
        cells = [cell.to_dict() for cell in self.cells]
        fields = asdict(replace(self, directions=()))
        del fields["directions"]
        plain: dict[str, Any] = _plain({**fields, "cells": cells})
        return plain

    def _place(self, source: str, target: str) -> int:
        row = {name: at for at, name in enumerate(self.domains)}
        return row[source] * len(self.domains) + row[target]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
