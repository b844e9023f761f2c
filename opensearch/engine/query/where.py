"""Filter expressions: comparisons of fields, joined by and, or, not and parentheses.

    domain = photo and (year > 2010 or not category in (cup, "stop sign"))

Parsed here, never evaluated as code. A missing field makes its comparison false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from opensearch.errors import InvalidInput
from opensearch.records import Item

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"[^\"]*\"|'[^']*')|(?P<op><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[^\s()<>=!,\"']+))"
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FIELDS: Final = ("id", "key", "path", "domain", "category", "size")
"""Fields that every item has, beside its metadata."""
_BLANK = re.compile(r"\s*")
_DEPTH = 50
_SHOWN = 200
"""Characters of an expression that an error repeats."""


@dataclass(frozen=True)
class Comparison:
    """`field sign value`.

    Several values come with `=`, equality with any of them (`in`), and with `!=`, with none.
    """

    field: str
    sign: str
    values: tuple[str, ...]

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return self.accepts(field(item, self.field))

    def accepts(self, value: Any) -> bool:
        """Whether a value of the field passes; `None` is a missing one."""
        if self.sign == "=":
            return value is not None and self._among(value)
        if self.sign == "!=":
            if value is None or (_is_number(value) and not self._all_numbers):
                return False  # a number and a text cannot be compared
            return not self._among(value)
        return _compare(COMPARE[self.sign], value, self.values[0])

    def _among(self, value: Any) -> bool:
        if isinstance(value, bool):
            return str(value).lower() in self._lowered
        if _is_number(value):
            return float(value) in self.numbers
        return str(value) in self._texts

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Values that are numbers; one that is not a number (NaN) equals nothing."""
        found = (number_of(value) for value in self.values)
        return frozenset(value for value in found if value is not None and value == value)

    @cached_property
    def _all_numbers(self) -> bool:
        return all(number_of(value) is not None for value in self.values)

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(self.values)

    @cached_property
    def _lowered(self) -> frozenset[str]:
        return frozenset(value.lower() for value in self.values)


@dataclass(frozen=True)
class Either:
    """At least one of the terms."""

    terms: tuple[Expression, ...]

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return any(term(item) for term in self.terms)


@dataclass(frozen=True)
class Both:
    """All of the terms."""

    terms: tuple[Expression, ...]

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return all(term(item) for term in self.terms)


@dataclass(frozen=True)
class Not:
    """What the term is not."""

    term: Expression

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return not self.term(item)


Expression: TypeAlias = Comparison | Either | Both | Not


def parse_where(text: str) -> Expression:
    """Parse a filter expression; the result is also a predicate over items.

    Raises:
        InvalidInput: the expression is malformed; the text shows where.
    """
    parser = _Parser(text)
    expression = parser.either(0)
    parser.end()
    return expression


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """All comparisons of an expression, from left to right."""
    match expression:
        case Comparison():
            yield expression
        case Not(term):
            yield from comparisons(term)
        case Either(terms) | Both(terms):
            for term in terms:
                yield from comparisons(term)


class _Parser:
    """Recursive descent: either := both (or both)*, both := term (and term)*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        place, end = 0, len(text.rstrip())
        while place < end:
            match = _TOKEN.match(text, place)
            if match is None:
                blank = _BLANK.match(text, place)
                raise self._error("a field, value or operator", blank.end() if blank else place)
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind), match.start(kind)))
            place = match.end()
        self._next = 0

    def either(self, depth: int) -> Expression:
        terms = [self.both(depth)]
        while self._accept("or"):
            terms.append(self.both(depth))
        terms = _joined(terms, "=")
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def both(self, depth: int) -> Expression:
        terms = [self.term(depth)]
        while self._accept("and"):
            terms.append(self.term(depth))
        terms = _joined(terms, "!=")
        return terms[0] if len(terms) == 1 else Both(tuple(terms))

    def term(self, depth: int) -> Expression:
        if depth > _DEPTH:
            raise InvalidInput(f"`where` takes at most {_DEPTH} nested parentheses or nots")
        if self._accept("not"):
            return Not(self.term(depth + 1))
        if self._accept("("):
            inside = self.either(depth + 1)
            self._expect(")")
            return inside
        return self._comparison()

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._error("and, or, or the end", self._tokens[self._next][2])

    def _comparison(self) -> Comparison:
        name = self._value("a field")
        if self._accept("in"):
            return Comparison(name, "=", tuple(self._list()))
        place = self._place()
        sign = self._take("an operator: = != < <= > >= in")
        if sign not in COMPARE:
            raise self._error("an operator: = != < <= > >= in", place)
        return Comparison(name, sign, (self._value("a value"),))

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._value("a value")]
        while self._accept(","):
            values.append(self._value("a value"))
        self._expect(")")
        return values

    def _value(self, wanted: str) -> str:
        place = self._place()
        kind = self._tokens[self._next][0] if self._next < len(self._tokens) else ""
        text = self._take(wanted)
        if kind == "op":
            raise self._error(wanted, place)
        return text[1:-1] if kind == "string" else text

    def _accept(self, token: str) -> bool:
        if self._next < len(self._tokens):
            kind, text, _ = self._tokens[self._next]
            if kind != "string" and text.lower() == token:
                self._next += 1
                return True
        return False

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._error(repr(token), self._place())

    def _take(self, wanted: str) -> str:
        if self._next >= len(self._tokens):
            raise self._error(wanted, len(self._text))
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _place(self) -> int:
        return self._tokens[self._next][2] if self._next < len(self._tokens) else len(self._text)

    def _error(self, wanted: str, place: int) -> InvalidInput:
        shown = repr(self._text)
        if len(self._text) > _SHOWN:
            shown = f"...{self._text[max(0, place - _SHOWN // 2) : place + _SHOWN // 2]!r}..."
        return InvalidInput(
            f"`where` {shown}: expected {wanted} at character {place + 1};"
            " e.g. domain = photo and year > 2010"
        )


def _joined(terms: list[Expression], sign: str) -> list[Expression]:
    """The same terms, with those that compare one field by this sign joined into the first.

    `a = 1 or a = 2` is `a in (1, 2)`, and `a != 1 and a != 2` is asked at once as well.
    """
    values: dict[str, list[str]] = {}
    for term in terms:
        if isinstance(term, Comparison) and term.sign == sign:
            values.setdefault(term.field, []).extend(term.values)
    joined: list[Expression] = []
    for term in terms:
        if not isinstance(term, Comparison) or term.sign != sign:
            joined.append(term)
        elif term.field in values:
            joined.append(Comparison(term.field, sign, tuple(values.pop(term.field))))
    return joined


def field(item: Item, name: str) -> Any:
    """A field of an item by name: its own fields first, then its metadata; `None` if missing."""
    return getattr(item, name) if name in FIELDS else item.metadata.get(name)


def number_of(text: str) -> float | None:
    """The number that a value of an expression stands for, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compare(compare: Callable[[Any, Any], bool], left: Any, right: str) -> bool:
    """Compare as numbers where the stored value is a number, else as text."""
    if left is None:
        return False
    if isinstance(left, bool):
        return compare(str(left).lower(), right.lower())
    if isinstance(left, int | float):
        try:
            return compare(float(left), float(right))
        except ValueError:
            return False
    return compare(str(left), right)
