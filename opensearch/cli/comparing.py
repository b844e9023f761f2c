"""What `evaluate --against` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opensearch.evaluation import Comparison, Difference
    from opensearch.evaluation.bootstrap import Interval
    from opensearch.experiments.against import ComparedRow


def comparison_text(rows: Sequence[ComparedRow], full: bool) -> str:
    """The means across domains, a line for each measure, of queries that are not refined.

    Args:
        full: every direction and measure of every row.
    """
    parts = [_block(row, full) for row in rows if full or row.refinement == "none"]
    notes = [
        "difference: MODEL minus the other, with 95 % intervals over queries and over categories;",
        "tie: 0 lies within one of them",
    ]
    if not full:
        notes.append("--full shows every direction, and refined queries")
    return "\n".join(["\n\n".join(parts), "", *notes])


def _block(row: ComparedRow, full: bool) -> str:
    title = f"{row.split}, {row.representation}, refinement {row.refinement}"
    width = max(len(name) for name, _ in _parts(row.comparison, full))
    head = f"{'':<{width}} {'measure':<12} {'MODEL':>7} {'other':>7} {'difference':>10}"
    lines = [title, f"{head} {'over queries':>17} {'over categories':>17}"]
    for name, found in _parts(row.comparison, full):
        lines += [f"{name:<{width}} {_line(*one)}" for one in found.items()]
    return "\n".join(lines)


def _parts(comparison: Comparison, full: bool) -> list[tuple[str, dict[str, Difference]]]:
    cells = [(f"{a} → {b}", found) for (a, b), found in comparison.cells.items()]
    across = [("cross-domain mean", comparison.cross)] if comparison.cross else []
    return cells + across if full or not across else across


def _line(measure: str, found: Difference) -> str:
    from opensearch.evaluation import METRICS

    heading = METRICS[measure].heading
    text = f"{heading:<12} {found.first:>7.4f} {found.second:>7.4f} {found.difference:>+10.4f}"
    text += f" {_interval(found.over_queries):>17} {_interval(found.over_categories):>17}"
    return f"{text}  tie" if found.tie else text


def _interval(bounds: Interval) -> str:
    return f"{bounds[0]:+.3f} to {bounds[1]:+.3f}"
