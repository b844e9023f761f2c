"""Lengths and angles that are worked out in a drawing: `calc`, `min`, `max` and `clamp` of CSS.

Source:
    W3C, CSS Values and Units Level 4, chapter 10; SVG 2, chapter 8.9, for what shares are of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import tinycss2

from opensearch.domains.svg.size import UNITS, Window

_ANGLES: Final = {"deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}
_CALLED: Final = re.compile(r"\b(?:calc|min|max|clamp)\(", re.IGNORECASE)
_ACROSS: Final = frozenset({"x", "cx", "rx", "dx", "x1", "x2", "fx", "width"})
_DOWN: Final = frozenset({"y", "cy", "ry", "dy", "y1", "y2", "fy", "height"})
_DEEPEST: Final = 32
_LONGEST: Final = 2000


class _Quantity(NamedTuple):
    """A number with what it is of: nothing, `px`, `deg` or `%`."""

    number: float
    unit: str


class _NotKnownError(Exception):
    """A value that cannot be worked out here."""


def whole_of(name: str, shown: Window | None) -> float | None:
    """What a share of a property is of, pixels; None where the drawing does not say."""
    if shown is None or name == "transform":
        return None
    if name in _ACROSS:
        return shown.width
    return shown.height if name in _DOWN else math.hypot(shown.width, shown.height) / math.sqrt(2)


def worked_out(value: str, whole: float | None) -> str:
    """A value with its sums as numbers; one that cannot be worked out stays as it is.

    Args:
        value: of any property.
        whole: what 100 % is, pixels, where that is known.
    """
    if not _CALLED.search(value) or len(value) > _LONGEST:
        return value
    try:
        return "".join(_plain(each, whole) for each in tinycss2.parse_component_value_list(value))
    except (_NotKnownError, ZeroDivisionError, OverflowError):
        return value


def _plain(token: Any, whole: float | None) -> str:
    if token.type == "function" and _CALLED.fullmatch(f"{token.lower_name}("):
        number, unit = _term(token, whole, 0)
        if not math.isfinite(number):
            raise _NotKnownError
        return f"{number:.9g}{unit}"
    if token.type == "function":
        inner = "".join(_plain(each, whole) for each in token.arguments)
        return f"{token.name}({inner})"
    return str(token.serialize())


def _term(token: Any, whole: float | None, depth: int) -> _Quantity:
    """What a number, something in brackets, or a function comes to."""
    if depth > _DEEPEST:
        raise _NotKnownError
    if token.type == "number":
        return _Quantity(token.value, "")
    if token.type == "percentage":
        return _Quantity(token.value, "%")
    if token.type == "dimension":
        for table, unit in ((UNITS, "px"), (_ANGLES, "deg")):
            if token.lower_unit in table:
                return _Quantity(token.value * table[token.lower_unit], unit)
    if token.type == "() block":
        return _sum(token.content, whole, depth + 1)
    if token.type == "function":
        return _called(token, whole, depth + 1)
    raise _NotKnownError


def _called(function: Any, whole: float | None, depth: int) -> _Quantity:
    parts: list[list[Any]] = [[]]
    for each in function.arguments:
        if each == ",":
            parts.append([])
        else:
            parts[-1].append(each)
    given = [_sum(part, whole, depth) for part in parts]
    name = function.lower_name
    if name == "calc" and len(given) == 1:
        return given[0]
    alike = _alike(given, whole)
    numbers = [each.number for each in alike]
    if name in ("min", "max"):
        return _Quantity({"min": min, "max": max}[name](numbers), alike[0].unit)
    if name == "clamp" and len(given) == 3:
        return _Quantity(max(numbers[0], min(numbers[1], numbers[2])), alike[0].unit)
    raise _NotKnownError


def _alike(given: Sequence[_Quantity], whole: float | None) -> list[_Quantity]:
    """Quantities of one unit: shares beside lengths become lengths, where it is known of what."""
    units = {each.unit for each in given}
    if "%" in units and len(units) > 1 and whole is not None:
        given = [
            _Quantity(each.number * whole / 100, "px") if each.unit == "%" else each
            for each in given
        ]
        units = {each.unit for each in given}
    if units == {"", "px"}:  # a plain number is a length of the drawing
        return [_Quantity(each.number, "px") for each in given]
    if len(units) > 1:
        raise _NotKnownError
    return list(given)


def _sum(tokens: Sequence[Any], whole: float | None, depth: int) -> _Quantity:
    def plus(a: _Quantity, b: _Quantity) -> _Quantity:
        a, b = _alike([a, b], whole)
        return _Quantity(a.number + b.number, a.unit)

    def minus(a: _Quantity, b: _Quantity) -> _Quantity:
        a, b = _alike([a, b], whole)
        return _Quantity(a.number - b.number, a.unit)

    tokens = [each for each in tokens if each.type not in ("whitespace", "comment")]
    return _chain(tokens, {"+": plus, "-": minus}, lambda part: _product(part, whole, depth))


def _product(tokens: Sequence[Any], whole: float | None, depth: int) -> _Quantity:
    def times(a: _Quantity, b: _Quantity) -> _Quantity:
        if a.unit and b.unit:
            raise _NotKnownError
        return _Quantity(a.number * b.number, a.unit or b.unit)

    def over(a: _Quantity, b: _Quantity) -> _Quantity:
        if b.unit:
            raise _NotKnownError
        return _Quantity(a.number / b.number, a.unit)

    def single(part: Sequence[Any]) -> _Quantity:
        if len(part) != 1:
            raise _NotKnownError
        return _term(part[0], whole, depth)

    return _chain(tokens, {"*": times, "/": over}, single)


def _chain(
    tokens: Sequence[Any],
    signs: dict[str, Callable[[_Quantity, _Quantity], _Quantity]],
    inner: Callable[[Sequence[Any]], _Quantity],
) -> _Quantity:
    """What stands between signs of one rank, joined from the left."""
    total, sign, part = None, None, list[Any]()
    for token in [*tokens, None]:
        if token is not None and not (token.type == "literal" and token.value in signs):
            part.append(token)
            continue
        value = inner(part)
        total = value if total is None or sign is None else signs[sign](total, value)
        sign, part = token.value if token is not None else None, []
    if total is None:
        raise _NotKnownError
    return total
