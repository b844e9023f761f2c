"""Tables of `benchmarks.methods` from its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
Names = Sequence[str]


def report(lines: Lines, out: Path) -> str:
    """All tables that there are results for, in Markdown."""
    parts = []
    for kind in ("final", "tuned"):
        parts += [_final(lines, kind, part, out) for part in PARTS]
        parts += [_back(lines, kind, part, out) for part in PARTS]
    parts += [_trials(lines, "trial"), _trials(lines, "tuned trial"), _poolings(lines, out)]
    return "\n\n".join(part for part in parts if part)


def named(key: Iterable[Any]) -> str:
    """The name of the file of what each query got, from what a result is known by."""
    return "-".join(str(part).replace(" ", "-") for part in key)


def _of(lines: Lines, kind: str) -> dict[str, list[Mapping[str, Any]]]:
    """Lines of a kind that came to an end, by method."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["kind"] == kind and "seen" in line:
            found.setdefault(line["method"], []).append(line)
    return found


def _final(lines: Lines, kind: str, part: str, out: Path) -> str:
    found = _of(lines, kind)
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
                _against([kind, name], [kind, AGAINST], part, len(own), out),
            ]
        )
    head = [
        f"{part}, {kind}",
        *SHOWN.values(),
        "seeds",
        "as published",
        "CPU s",
        f"mAP against {AGAINST}",
    ]
    return table(head, rows)


def _best_first(
    found: Mapping[str, list[Mapping[str, Any]]], part: str
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    return sorted(found.items(), key=lambda x: -np.mean([y[part]["map_all"] for y in x[1]]))


def _against(own: Names, other: Names, part: str, seeds: int, out: Path) -> str:
    """The difference in mAP with both paired intervals, and whether it is a tie.

    Args:
        own, other: what the results' files are called by, but for the seed.
    """
    files = [[out / f"{named([*one, seed])}.npz" for seed in range(seeds)] for one in (own, other)]
    if own == other or not all(file.exists() for some in files for file in some):
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


def _back(lines: Lines, kind: str, part: str, out: Path) -> str:
    found, way = _of(lines, kind), f"{part} back"
    if not found:
        return ""
    rows = [
        [
            name,
            *(
                f"{np.mean([x[way][key] for x in own]):.3f}"
                for key in ("nearest_neighbour", "map_all")
            ),
            _against([kind, name], [kind, AGAINST], way, len(own), out),
        ]
        for name, own in _best_first(found, way)
    ]
    return table([f"shape → sketch, {part}, {kind}", "NN", "mAP", f"mAP against {AGAINST}"], rows)


def _trials(lines: Lines, kind: str) -> str:
    found = _of(lines, kind)
    rows = []
    for name, own in found.items():
        best = max(own, key=lambda x: x["seen"]["map_all"] + x["unseen"]["map_all"])
        first = next((x for x in own if x["trial"] == 0), None)
        failed = sum(x["kind"] == kind and x["method"] == name and "failed" in x for x in lines)
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


def _poolings(lines: Lines, out: Path) -> str:
    """Each way to pool views, and how far it is from the mean of features."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["kind"] == "pooling" and "seen" in line:
            found.setdefault((line["method"], line["pooling"]), []).append(line)
    rows = []
    for (name, how), own in found.items():
        row = [name, how]
        for part in PARTS:
            row.append(f"{np.mean([x[part]['map_all'] for x in own]):.3f}")
            mine, usual = (["pooling", name, one] for one in (how, "mean-features"))
            row.append(_against(mine, usual, part, len(own), out))
        rows.append(row)
    head = ["method", "views pooled by", "seen", "against the mean", "unseen", "against the mean"]
    return table(head, rows) if rows else ""
