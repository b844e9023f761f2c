"""Lengths, angles and numbers that are worked out in a drawing: the mathematics of CSS.

Source:
    W3C, CSS Values and Units Level 4, chapter 10; SVG 2, chapter 8.9, for what shares are of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import tinycss2

from opensearch.domains.svg.functions import (
    OF_ANY,
    TURNING,
    UNITS_AFTER,
    WORKS,
    NotKnownError,
    rounded,
)
from opensearch.domains.svg.size import UNITS, Window

_ANGLES: Final = {"deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}
_EMS: Final = {"em": 1.0, "ex": 0.5}
_CONSTANTS: Final = {"pi": math.pi, "e": math.e, "infinity": math.inf, "-infinity": -math.inf}
_MOST: Final = 1e7
"""The number used for infinity, e.g. for the radius of a fully round corner."""
_ACROSS: Final = frozenset({"x", "cx", "rx", "dx", "x1", "x2", "fx", "width"})
_DOWN: Final = frozenset({"y", "cy", "ry", "dy", "y1", "y2", "fy", "height"})
_CALLED: Final = re.compile(
    rf"(?<![\w-])(?:-[a-z]+-)?(?:calc|round|{'|'.join([*TURNING, *WORKS])})\(", re.IGNORECASE
)
_DEEPEST: Final = 32
_LONGEST: Final = 2000


class Quantity(NamedTuple):
    """A number with its unit: none, `px`, `deg` or `%`.

    Intermediate results may also have `px^2` or `px^-1`, which no property takes.
    """

    number: float
    unit: str


class Measures(NamedTuple):
    """What relative units refer to: the pixels of 100 %, where known, and of one em."""

    whole: float | None
    em: float = UNITS["em"]


def whole_of(name: str, shown: Window | None) -> float | None:
    """The pixels that 100 % of a property means; None where the drawing does not say."""
    if shown is None:
        return None
    if name in _ACROSS:
        return shown.width
    return shown.height if name in _DOWN else math.hypot(shown.width, shown.height) / math.sqrt(2)


def quantity(tokens: Sequence[Any], measures: Measures) -> Quantity:
    """What tokens of a value come to.

    Raises:
        NotKnownError: nothing that is known here.
    """
    try:
        return _of_a_unit(_sum(tokens, measures, 0))
    except (ArithmeticError, ValueError) as error:
        raise NotKnownError from error


def one_word(tokens: Sequence[Any]) -> str | None:
    """The one word that tokens of a value are, in small letters; `None` for anything else."""
    alone = len(tokens) == 1 and tokens[0].type == "ident"
    return str(tokens[0].lower_value) if alone else None


def pixels(value: Quantity, whole: float) -> float:
    """A length, or a share of `whole`, in pixels.

    Raises:
        NotKnownError: it is neither.
    """
    if value.unit not in ("", "px", "%"):
        raise NotKnownError
    return value.number * whole / 100 if value.unit == "%" else value.number


def measured(value: str, measures: Measures) -> float:
    """A value in pixels.

    Raises:
        NotKnownError: it is none that can be worked out here.
    """
    tokens = tinycss2.parse_component_value_list(value.strip())
    return pixels(quantity(tokens, measures), measures.whole or 0)


def has_sums(value: str) -> bool:
    """Whether anything in a value is to be worked out."""
    return _CALLED.search(value) is not None


def worked_out(value: str, measures: Measures) -> str:
    """A value of any property with its sums as numbers; one that is no sum stays as it is."""
    if not has_sums(value) or len(value) > _LONGEST:
        return value
    try:
        parts = tinycss2.parse_component_value_list(value)
        return "".join(_plain(each, measures) for each in parts)
    except (NotKnownError, ArithmeticError, ValueError):
        return value


def _plain(token: Any, measures: Measures) -> str:
    if token.type == "function" and _CALLED.fullmatch(f"{token.lower_name}("):
        number, unit = _of_a_unit(_term(token, measures, 0))
        if math.isnan(number):
            raise NotKnownError
        return f"{min(max(number, -_MOST), _MOST):.9g}{unit}"
    if token.type == "function":
        inner = "".join(_plain(each, measures) for each in token.arguments)
        return f"{token.name}({inner})"
    return str(token.serialize())


def _term(token: Any, measures: Measures, depth: int) -> Quantity:
    """What a number, something in brackets, or a function comes to."""
    if depth > _DEEPEST:
        raise NotKnownError
    match token.type:
        case "number":
            return Quantity(token.value, "")
        case "percentage":
            return Quantity(token.value, "%")
        case "ident" if token.lower_value in _CONSTANTS:
            return Quantity(_CONSTANTS[token.lower_value], "")
        case "dimension":
            return _dimension(token.value, token.lower_unit, measures.em)
        case "() block":
            return _sum(token.content, measures, depth + 1)
        case "function":
            return _called(token, measures, depth + 1)
    raise NotKnownError


def _dimension(number: float, given: str, em: float) -> Quantity:
    if given in _EMS:
        return Quantity(number * _EMS[given] * em, "px")
    for table, unit in ((UNITS, "px"), (_ANGLES, "deg")):
        if given in table:
            return Quantity(number * table[given], unit)
    raise NotKnownError


def _called(function: Any, measures: Measures, depth: int) -> Quantity:
    parts: list[list[Any]] = [[]]
    for each in function.arguments:
        if each == ",":
            parts.append([])
        elif each.type not in ("whitespace", "comment"):
            parts[-1].append(each)
    name, way = re.sub("^-[a-z]+-", "", function.lower_name), "nearest"
    if name == "round" and parts[0] and parts[0][0].type == "ident":
        way = parts.pop(0)[0].lower_value
    given = [_sum(part, measures, depth) for part in parts]
    if name == "calc" and len(given) == 1:
        return given[0]
    if name in TURNING:
        return _turned(name, given)
    alike = _alike(given, measures)
    work = partial(rounded, way) if name == "round" else WORKS.get(name)
    if work is None or ("^" in alike[0].unit and name not in OF_ANY):
        raise NotKnownError
    try:
        number = work(*(each.number for each in alike))
    except TypeError as error:  # another count of values than it takes
        raise NotKnownError from error
    return Quantity(number, UNITS_AFTER.get(name, alike[0].unit))


def _turned(name: str, given: Sequence[Quantity]) -> Quantity:
    """Sines and their kin, of angles or of plain numbers, which are radians."""
    if len(given) != 1 or given[0].unit not in ("", "deg"):
        raise NotKnownError
    number, unit = given[0]
    return Quantity(TURNING[name](math.radians(number) if unit else number), "")


def _alike(given: Sequence[Quantity], measures: Measures) -> list[Quantity]:
    """Quantities of one unit: shares beside lengths become lengths, where it is known of what."""
    units = {each.unit for each in given}
    if "%" in units and len(units) > 1 and measures.whole is not None:
        given = [
            Quantity(each.number * measures.whole / 100, "px") if each.unit == "%" else each
            for each in given
        ]
        units = {each.unit for each in given}
    if units == {"", "px"}:  # a plain number is a length of the drawing
        return [Quantity(each.number, "px") for each in given]
    if len(units) > 1:
        raise NotKnownError
    return list(given)


def _sum(tokens: Sequence[Any], measures: Measures, depth: int) -> Quantity:
    def plus(a: Quantity, b: Quantity, sign: int = 1) -> Quantity:
        a, b = _alike([a, b], measures)
        return Quantity(a.number + sign * b.number, a.unit)

    minus = partial(plus, sign=-1)
    tokens = [each for each in tokens if each.type not in ("whitespace", "comment")]
    return _chain(tokens, {"+": plus, "-": minus}, lambda part: _product(part, measures, depth))


def _product(tokens: Sequence[Any], measures: Measures, depth: int) -> Quantity:
    def times(a: Quantity, b: Quantity) -> Quantity:
        a, b = _measured(a, b, measures)
        return Quantity(a.number * b.number, _joined(a.unit, b.unit, 1))

    def over(a: Quantity, b: Quantity) -> Quantity:
        a, b = _measured(a, b, measures)
        return Quantity(a.number / b.number, _joined(a.unit, b.unit, -1))

    def single(part: Sequence[Any]) -> Quantity:
        if len(part) != 1:
            raise NotKnownError
        return _term(part[0], measures, depth)

    return _chain(tokens, {"*": times, "/": over}, single)


def _measured(one: Quantity, other: Quantity, measures: Measures) -> tuple[Quantity, Quantity]:
    """Factors of which one is a share and the other a length, the share as a length, too."""
    whole = measures.whole
    if whole is None or {_power(each.unit)[0] for each in (one, other)} != {"%", "px"}:
        return one, other
    share, power = (one, other)["%" in other.unit], _power((one, other)["%" in other.unit].unit)[1]
    known = Quantity(share.number * (whole / 100) ** power, share.unit.replace("%", "px"))
    return (one, known) if share is other else (known, other)


def _power(unit: str) -> tuple[str, int]:
    """A unit and how often it is taken: `px^2` is `px` twice."""
    base, _, power = unit.partition("^")
    return base, int(power or 1) if base else 0


def _joined(one: str, other: str, sign: int) -> str:
    """The unit of a product, or of a quotient where the sign is negative."""
    (base, power), (second, times) = _power(one), _power(other)
    if base and second and base != second:
        raise NotKnownError
    power += sign * times
    return "" if power == 0 else base or second if power == 1 else f"{base or second}^{power}"


def _of_a_unit(value: Quantity) -> Quantity:
    """A value of a unit that a property may have."""
    if "^" in value.unit:
        raise NotKnownError
    return value


def _chain(
    tokens: Sequence[Any],
    signs: dict[str, Callable[[Quantity, Quantity], Quantity]],
    inner: Callable[[Sequence[Any]], Quantity],
) -> Quantity:
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
        raise NotKnownError
    return total
