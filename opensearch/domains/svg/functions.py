"""The functions of CSS that work something out of numbers.

Source:
    W3C, CSS Values and Units Level 4, chapter 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final


class NotKnownError(Exception):
    """A value that cannot be worked out here."""


def rounded(way: str, value: float, step: float = 1.0) -> float:
    """A value as a multiple of a step.

    Raises:
        NotKnownError: there is no such way to round.
    """
    count = value / step
    ways: dict[str, Callable[[float], float]] = {
        "nearest": lambda number: math.floor(number + 0.5),
        "up": math.ceil,
        "down": math.floor,
        "to-zero": math.trunc,
    }
    if way not in ways:
        raise NotKnownError
    return ways[way](count) * step


def _clamped(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))


def _logarithm(value: float, base: float = math.e) -> float:
    return math.log(value) / math.log(base)


TURNING: Final = {"sin": math.sin, "cos": math.cos, "tan": math.tan}
WORKS: Final[dict[str, Callable[..., float]]] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "clamp": _clamped,
    "mod": lambda value, step: value - step * math.floor(value / step),
    "rem": math.fmod,
    "abs": abs,
    "sign": lambda value: math.copysign(1, value) if value else 0.0,
    "hypot": math.hypot,
    "sqrt": math.sqrt,
    "pow": math.pow,
    "exp": math.exp,
    "log": _logarithm,
    "asin": lambda value: math.degrees(math.asin(value)),
    "acos": lambda value: math.degrees(math.acos(value)),
    "atan": lambda value: math.degrees(math.atan(value)),
    "atan2": lambda y, x: math.degrees(math.atan2(y, x)),
}
OF_ANY: Final = frozenset({"min", "max", "clamp", "abs", "sign"})
UNITS_AFTER: Final = {"sign": "", **dict.fromkeys(("asin", "acos", "atan", "atan2"), "deg")}
