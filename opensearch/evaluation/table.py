"""A matrix as text for people: one line a direction, the means below."""

from __future__ import annotations

import math

from opensearch.evaluation.bootstrap import Interval
from opensearch.evaluation.matrix import Cell, Matrix, Mean, Words
from opensearch.evaluation.metrics import MAIN, METRICS


def format_matrix(matrix: Matrix, words: Words | None = None) -> str:
    """Lay a matrix out in aligned columns.

    Args:
        matrix: the result of `any_to_any`.
        words: the result of `word_to_any` on the same sets.

    Returns:
        Lines without a newline at the end: a direction a line with its measures and sizes,
        the mean of the cross-domain directions, the mean of all, then the words and their
        mean; `-` where no query counts.
    """
    others = [metric.heading for name, metric in METRICS.items() if name != MAIN]
    main = ("direction", METRICS[MAIN].heading, "95 %", "macro")
    rows: list[tuple[str, ...]] = [(*main, *others, "queries", "gallery", "categories")]
    rows += [_cell_row(cell) for cell in matrix.cells]
    rows += [_mean_row("cross-domain mean", matrix.cross), _mean_row("mean of all", matrix.overall)]
    if words is not None:
        rows += [_cell_row(cell) for cell in words.cells]
        rows.append(_mean_row("mean of words", words.mean))
    rows = [(*row, *[""] * (len(rows[0]) - len(row))) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([*lines, _note(matrix)])


def _cell_row(cell: Cell) -> tuple[str, ...]:
    others = (value for name, value in cell.measures.items() if name != MAIN)
    return (
        f"{cell.source} → {cell.target}",
        _number(cell.map_all),
        _interval(cell.map_all_interval),
        _number(cell.map_macro),
        *map(_number, others),
        str(cell.queries),
        str(cell.gallery),
        str(cell.categories),
    )


def _mean_row(name: str, mean: Mean) -> tuple[str, ...]:
    return (name, _number(mean.map_all), _interval(mean.map_all_interval), _number(mean.map_macro))


def _note(matrix: Matrix) -> str:
    ties = "in order of id" if matrix.ties == "order" else "averaged over their orders"
    moved = "refined" if matrix.refined else "not refined"
    return (
        f"queries {moved}; equal distances {ties}; a category counts from"
        f" {matrix.min_gallery} relevant items; intervals: {matrix.resamples} resamples of"
        " categories"
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    return "  ".join(
        [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
    ).rstrip()


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _interval(bounds: Interval) -> str:
    return "-" if math.isnan(bounds[0]) else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
