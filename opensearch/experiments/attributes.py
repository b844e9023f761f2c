"""What the toy figures are like: the numbers that stand for their names in the demo."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

ATTRIBUTES: Final[dict[str, str]] = {
    "airplane": "wings long pointed thin",
    "barrel": "round bulging holds_things",
    "bed": "legs back flat_top long low",
    "bench": "legs back long seat",
    "boat": "long pointed hollow thin",
    "bottle": "round tall narrow_top holds_things",
    "bus": "wheels long boxy drives",
    "car": "wheels long low hood drives",
    "chair": "legs back tall seat",
    "church": "roof pointed long boxy building",
    "cup": "round low hollow handle holds_things",
    "flower": "stem thin top_heavy tall grows",
    "hammer": "stem thin top_heavy tall handle",
    "house": "roof boxy building",
    "ladder": "legs thin tall",
    "lamp": "stem thin round top_heavy tall",
    "lighthouse": "round pointed tall building",
    "mushroom": "stem round top_heavy dome grows",
    "rocket": "round pointed tall wings",
    "shelf": "boxy flat_top tall hollow",
    "snowman": "round bulging tall narrow_top",
    "sofa": "back long boxy low seat",
    "stool": "legs round flat_top seat",
    "sword": "thin pointed tall handle",
    "table": "legs flat_top long",
    "tower": "boxy pointed tall building",
    "tree": "stem round pointed tall grows",
    "truck": "wheels long boxy hood drives",
    "umbrella": "stem thin round top_heavy dome handle",
    "vase": "round bulging hollow holds_things",
    "wagon": "wheels long low hollow",
}
"""What a person would say of each category, of its looks and its use; nothing is measured."""


def attribute_table() -> tuple[list[str], dict[str, NDArray[np.int64]]]:
    """Names of all attributes, sorted, and for each category 1 where one holds, else 0."""
    names = sorted({name for said in ATTRIBUTES.values() for name in said.split()})
    rows = {
        category: np.array([name in said.split() for name in names], np.int64)
        for category, said in ATTRIBUTES.items()
    }
    return names, rows
