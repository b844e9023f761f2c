"""How much of an element its properties let see, to choose between moments of an animation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_SHARES: Final = ("opacity", "stroke-opacity", "fill-opacity")
_SIZES: Final = ("r", "rx", "ry", "width", "height", "stroke-width", "scale")
_WORDS: Final = {"display": ("none",), "visibility": ("hidden", "collapse")}
HIDING: Final = frozenset({*_SHARES, *_SIZES, *_WORDS, "transform", "stroke-dashoffset"})
"""Properties by which animations hide something."""
_FLAT: Final = re.compile(r"scale[xy]?\(\s*+(?:0++(?:\.0*+)?+|\.0++)(?=[\s,)])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(%?)", re.IGNORECASE)
# What is hidden in two ways is not better shown in one of them.
_HIDDEN: Final = 0.01


def share_shown(found: Mapping[str, str]) -> float:
    """How much properties let see, up to 1; only to be compared with that of others."""
    shares = [min(_amount(found.get(name), 1.0), 1.0) for name in _SHARES]
    shares += [0.0 for name in _SIZES if _amount(found.get(name), 1.0) == 0]
    for name, words in _WORDS.items():
        shares += [0.0] if found.get(name, "").strip().lower() in words else []
    if _FLAT.search(found.get("transform", "")):
        shares.append(0.0)
    shares.append(1 / (1 + abs(_amount(found.get("stroke-dashoffset"), 0.0))))
    shown = 1.0
    for share in shares:
        shown *= max(share, _HIDDEN)
    return shown


def _amount(value: str | None, usual: float) -> float:
    said = _NUMBER.match(value or "")
    if said is None:
        return usual
    return float(said[1]) / (100 if said[2] else 1)
