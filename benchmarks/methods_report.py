"""Tables of `benchmarks.methods` from its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.starter_tables import table
from opensearch.evaluation import METRICS, PairedCell, paired_intervals

SHOWN: Final = {
    "nearest_neighbour": "NN",
    "first_tier": "FT",
    "second_tier": "ST",
    "e_measure": "E",
    "dcg": "DCG",
    "map_all": "mAP",
}
PARTS: Final = ("seen", "unseen")
AGAINST: Final = "prototype"
RESAMPLES: Final = 2000

Lines = Sequence[Mapping[str, Any]]


def report(lines: Lines, out: Path) -> str:
    """All tables that there are results for, in Markdown."""
    parts = [_final(lines, part, out) for part in PARTS]
    parts += [_back(lines), _trials(lines), _poolings(lines)]
    return "\n\n".join(part for part in parts if part)


def _of(lines: Lines, kind: str) -> dict[str, list[Mapping[str, Any]]]:
    """Lines of a kind that came to an end, by method."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["kind"] == kind and "seen" in line:
            found.setdefault(line["method"], []).append(line)
    return found


def _final(lines: Lines, part: str, out: Path) -> str:
    found = _of(lines, "final")
    if not found:
        return ""
    rows = []
    for name, own in _best_first(found, part):
        values = [f"{np.mean([line[part][key] for line in own]):.3f}" for key in SHOWN]
        spread = np.ptp([line[part]["map_all"] for line in own]) / 2
        key = f"{part} published"
        published = [line[key]["map_all"] for line in own if key in line]
        seconds = np.mean([line["seconds"] for line in own])
        rows.append(
            [
                name,
                *values,
                f"±{spread:.3f}",
                f"{np.mean(published):.3f}" if published else "-",
                f"{seconds:.0f}",
                _against(name, part, len(own), out),
            ]
        )
    head = [part, *SHOWN.values(), "seeds", "as published", "CPU s", f"mAP against {AGAINST}"]
    return table(head, rows)


def _best_first(
    found: Mapping[str, list[Mapping[str, Any]]], part: str
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    return sorted(found.items(), key=lambda x: -np.mean([y[part]["map_all"] for y in x[1]]))


def _against(name: str, part: str, seeds: int, out: Path) -> str:
    """The difference in mAP with both paired intervals, and whether it is a tie."""
    files = [[out / f"final-{one}-{seed}.npz" for seed in range(seeds)] for one in (name, AGAINST)]
    if name == AGAINST or not all(file.exists() for own in files for file in own):
        return "-"
    (mine, labels), (theirs, _) = (_values(own, part) for own in files)
    difference = (mine - theirs)[:, None]
    ends = [
        paired_intervals([PairedCell(difference, units)], RESAMPLES, 0)
        for units in (np.arange(len(labels)), labels)
    ]
    tie = any(low[0] <= 0 <= high[0] for low, high in ends)
    queries, categories = (f"{low[0]:+.3f} to {high[0]:+.3f}" for low, high in ends)
    return f"{difference.mean():+.3f} ({queries}; {categories})" + (", tie" if tie else "")


def _values(files: Sequence[Path], part: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Average precision of each query, the mean over seeds, and the queries' categories."""
    place = list(METRICS).index("map_all")
    loaded = [np.load(file) for file in files]
    values = np.mean([one[f"{part} values"][:, place] for one in loaded], axis=0)
    return values, loaded[0][f"{part} labels"]


def _back(lines: Lines) -> str:
    found = _of(lines, "final")
    if not found:
        return ""
    rows = [
        [name, *(f"{np.mean([x[f'{part} back']['map_all'] for x in own]):.3f}" for part in PARTS)]
        for name, own in _best_first(found, "seen")
    ]
    return table(["shape → sketch, mAP", *PARTS], rows)


def _trials(lines: Lines) -> str:
    found = _of(lines, "trial")
    rows = []
    for name, own in found.items():
        best = max(own, key=lambda x: x["seen"]["map_all"] + x["unseen"]["map_all"])
        first = next((x for x in own if x["trial"] == 0), None)
        failed = sum(x["kind"] == "trial" and x["method"] == name and "failed" in x for x in lines)
        rows.append(
            [
                name,
                f"{len(own) + failed}",
                f"{failed}",
                *(f"{first[part]['map_all']:.3f}" if first else "-" for part in PARTS),
                *(f"{best[part]['map_all']:.3f}" for part in PARTS),
                ", ".join(f"{k}={v}" for k, v in best["settings"].items()),
            ]
        )
    head = [
        "method",
        "trials",
        "refused",
        "first seen",
        "unseen",
        "best seen",
        "unseen",
        "settings",
    ]
    return table(head, rows) if rows else ""


def _poolings(lines: Lines) -> str:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["kind"] == "pooling" and "seen" in line:
            found.setdefault((line["method"], line["pooling"]), []).append(line)
    rows = [
        [name, how, *(f"{np.mean([x[p]['map_all'] for x in own]):.3f}" for p in PARTS)]
        for (name, how), own in found.items()
    ]
    head = ["method", "views pooled by", "validation seen", "validation unseen"]
    return table(head, rows) if rows else ""
