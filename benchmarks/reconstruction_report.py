"""What `benchmarks.reconstruction` has measured, as tables: means by category, and over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

LEVELS: Final = (0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels at which IoU is told."""


def report(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over queries of each category, then over categories; printed and returned."""
    told: dict[str, Any] = {}
    for kind in sorted({row["kind"] for row in rows}):
        own = [row for row in rows if row["kind"] == kind]
        ways = list(dict.fromkeys(row["way"] for row in own))
        categories = sorted({row["category"] for row in own})
        table = {
            way: {
                c: _means([r for r in own if r["way"] == way and r["category"] == c])
                for c in categories
            }
            for way in ways
        }
        print(f"\n{kind}: {len(own) // len(ways)} queries of {len(categories)} categories")
        print(f"{'':18}" + "".join(f"{way:>34}" for way in ways))
        print(f"{'':18}" + "".join(f"{'IoU':>10}{'best':>8}{'turned':>8}{'AP':>8}" for _ in ways))
        for category in categories:
            print(f"{category:18}" + "".join(_cells(table[way][category]) for way in ways))
        whole = {way: _means(list(table[way].values())) for way in ways}
        print(f"{'mean':18}" + "".join(_cells(whole[way]) for way in ways))
        for way in ways:
            swept = zip(LEVELS, whole[way]["levels"], strict=True)
            print(f"  {way}: IoU by level", *(f"{level:g}: {value:.3f}" for level, value in swept))
        near = (f"{way} {whole[way]['near']:.3f}" for way in ways)
        print("  IoU with the shape of the gallery that is most like it:", *near)
        print(f"  share of the five of the query's category: {whole[ways[0]]['right']:.3f}")
        told[kind] = {"categories": table, "mean": whole}
    return told


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = ("iou", "best", "turned", "ap", "right", "near", "levels")
    means = {name: np.mean([row[name] for row in rows], axis=0) for name in names}
    return {name: np.round(value, 4).tolist() for name, value in means.items()}


def _cells(row: Mapping[str, Any]) -> str:
    return f"{row['iou']:10.3f}{row['best']:8.3f}{row['turned']:8.3f}{row['ap']:8.3f}"
