"""`evaluate --against`: two models on one collection, and which differences are ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opensearch.errors import InvalidInput
from opensearch.evaluation import Comparison, compare
from opensearch.experiments.evaluate import Evaluation, Row, evaluate
from opensearch.progress import Progress, quiet
from opensearch.records import Failure


@dataclass(frozen=True)
class ComparedRow:
    """The rows of two models under one split, representation and refinement."""

    split: str
    representation: str
    refinement: str
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "split": self.split,
            "representation": self.representation,
            "refinement": self.refinement,
            **self.comparison.to_dict(),
        }


@dataclass(frozen=True)
class Compared:
    """All rows that both models have, what the reader should know, files that were not read."""

    rows: list[ComparedRow]
    notes: list[str]
    failures: list[Failure]


def evaluate_against(evaluation: Evaluation, other: Path, progress: Progress = quiet) -> Compared:
    """Measure two models on the same queries.

    Args:
        evaluation: what to measure, and the first model.
        other: the bundle of the second.

    Raises:
        InvalidInput: as `evaluate`, or the models were not measured on the same items.
    """
    first = evaluate(evaluation, progress)
    second = evaluate(replace(evaluation, model=other), progress)
    theirs = {_way(row): row for row in second.rows}
    mine = {_way(row): row for row in first.rows}
    rows = [
        ComparedRow(*way, compare(row.matrix, theirs[way].matrix))
        for way, row in mine.items()
        if way in theirs
    ]
    if not rows:
        raise InvalidInput(
            f"models {evaluation.model} and {other} have no row in common to compare:"
            f" {_names(first.rows)}; {_names(second.rows)}"
        )
    notes = list(dict.fromkeys([*first.notes, *second.notes]))
    alone = sorted(
        {
            row.representation
            for way, row in {**mine, **theirs}.items()
            if (way in mine) != (way in theirs)
        }
    )
    if alone:
        notes.append(f"not compared, as only one model has it: {', '.join(alone)}")
    failures = list(dict.fromkeys([*first.failures, *second.failures]))
    return Compared(rows, notes, failures)


def _way(row: Row) -> tuple[str, str, str]:
    return row.split, row.representation, row.refinement


def _names(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(f"{row.split} {row.representation}" for row in rows))
