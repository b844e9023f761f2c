"""The numbers of `benchmarks.starter` as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from opensearch.evaluation import METRICS

Row = dict[str, Any]
CHOSEN: Final = (("sketch", "photo"),)
"""Directions that get a table of their own, with every measure."""
MEASURES: Final = {name: metric.heading for name, metric in METRICS.items()}


def page(found: Row) -> str:
    """All tables of a run, each under its heading."""
    parts = [f"# {found['model']}", f"{found['bits']} bits, {len(found['categories'])} categories"]
    for name, evaluation in found["evaluations"].items():
        parts += [f"## {name}", *_notes(evaluation), *_evaluation(evaluation["rows"])]
    parts += ["## Speed", f"Items a second, {found['cores']} cores, second run", _speed(found)]
    parts += ["## Size", _size(found["bytes"])]
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """Three decimals without the zero before the point, a dash for nothing."""
    return "–" if value is None else f"{value:.3f}".removeprefix("0")


def _notes(evaluation: Row) -> list[str]:
    lent = [f"{domain} is encoded as {encoder}" for domain, encoder in evaluation["as"].items()]
    notes = [note for note in evaluation["notes"] if not note.startswith("skipped ")]
    skipped = len(evaluation["notes"]) - len(notes)
    return ["; ".join(lent + notes + [f"{skipped} files skipped"] * bool(skipped))] * bool(
        lent or notes or skipped
    )


def _evaluation(rows: Sequence[Row]) -> list[str]:
    tables = [_means(rows)] if any(row["cross"]["cells"] for row in rows) else []
    for source, target in CHOSEN:
        tables += _direction(rows, source, target)
    for row in rows:
        if (row["representation"], row["refinement"]) == ("real", "none") and row["cross"]["cells"]:
            tables.append(_matrix(row))
    return [*tables, _words(rows)]


def _way(row: Row) -> list[str]:
    return [row["split"], row["representation"], row["refinement"]]


def _means(rows: Sequence[Row]) -> str:
    """The means of the cross-domain directions, and the directions where there are few."""
    pairs = [(c["source"], c["target"]) for c in rows[0]["cells"] if c["source"] != c["target"]]
    shown = pairs if len(pairs) <= 6 else []
    head = ["split", "as", "refinement", f"mean of {len(pairs)}", "95 %", "macro"]
    lines = []
    for row in rows:
        mean = row["cross"]
        low, high = map(number, mean["map_all_interval"])
        cells = [number(_cell(row, *pair)["map_all"]) for pair in shown]
        means = [number(mean["map_all"]), f"{low} to {high}", number(mean["map_macro"])]
        lines.append([*_way(row), *means, *cells])
    return table([*head, *(f"{source} → {target}" for source, target in shown)], lines)


def _direction(rows: Sequence[Row], source: str, target: str) -> list[str]:
    if {source, target} - set(rows[0]["domains"]):
        return []
    head = [f"{source} → {target}: split", "as", "refinement", *MEASURES.values()]
    lines = []
    for row in rows:
        cell = _cell(row, source, target)
        counts = [str(cell["queries"]), str(cell["gallery"]), str(cell["categories"])]
        lines.append([*_way(row), *(number(cell[name]) for name in MEASURES), *counts])
    return [table([*head, "queries", "gallery", "categories"], lines)]


def _matrix(row: Row) -> str:
    """Every direction of a row, words below."""
    domains = row["domains"]
    head = [f"{row['split']}, {row['representation']}: from", *(f"to {name}" for name in domains)]
    lines = [[s, *(number(_cell(row, s, t)["map_all"]) for t in domains)] for s in domains]
    words = ["word", *(number(cell["map_all"]) for cell in row["words"]["cells"])]
    return table(head, [*lines, words])


def _words(rows: Sequence[Row]) -> str:
    domains = rows[0]["domains"]
    head = ["split", "as", "refinement", *(f"word → {name}" for name in domains), "mean"]
    return table(
        head,
        [
            [
                *_way(row),
                *(number(cell["map_all"]) for cell in row["words"]["cells"]),
                number(row["words"]["mean"]["map_all"]),
            ]
            for row in rows
        ],
    )


def _cell(row: Row, source: str, target: str) -> Row:
    cell: Row = next(c for c in row["cells"] if (c["source"], c["target"]) == (source, target))
    return cell


def _speed(found: Row) -> str:
    rows = [
        [s["domain"], f"{s['per_second']:.1f}", str(s["files"]), str(s["views"]), s["runtime"]]
        for s in found["speed"]
    ]
    return table(["domain", "1/s", "files", "views a file", "runtime"], rows)


def _size(sizes: Row) -> str:
    rows = [
        [whose, part, f"{size / 1e6:.2f}"]
        for whose, parts in sizes.items()
        for part, size in [*parts.items(), ("together", sum(parts.values()))]
    ]
    return table(["", "part", "MB"], rows)
