"""Filter expressions: comparisons of fields, joined by and, or, not and parentheses.

    domain = photo and (year > 2010 or not category in (cup, "stop sign"))

Parsed here, never evaluated as code. A missing field makes its comparison false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

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
_FIELDS = ("id", "key", "path", "domain", "category", "size")
_DEPTH = 50


@dataclass(frozen=True)
class Comparison:
    """`field sign value`, or `field in (values)` as equality with any of them."""

    field: str
    sign: str
    values: tuple[str, ...]

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return self.accepts(field(item, self.field))

    def accepts(self, value: Any) -> bool:
        """Whether a value of the field passes; `None` is a missing one."""
        return any(_compare(COMPARE[self.sign], value, right) for right in self.values)


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


class _Parser:
    """Recursive descent: either := both (or both)*, both := term (and term)*."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                blank = len(text[place:]) - len(text[place:].lstrip())
                raise self._error("a field, value or operator", place + blank)
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind), match.start(kind)))
            place = match.end()
        self._next = 0

    def either(self, depth: int) -> Expression:
        terms = [self.both(depth)]
        while self._accept("or"):
            terms.append(self.both(depth))
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def both(self, depth: int) -> Expression:
        terms = [self.term(depth)]
        while self._accept("and"):
            terms.append(self.term(depth))
        return terms[0] if len(terms) == 1 else Both(tuple(terms))

    def term(self, depth: int) -> Expression:
        if depth > _DEPTH:
            raise InvalidInput(f"--where takes at most {_DEPTH} nested parentheses or nots")
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
        return InvalidInput(
            f"--where {self._text!r}: expected {wanted} at character {place + 1};"
            " e.g. domain = photo and year > 2010"
        )


def field(item: Item, name: str) -> Any:
    """A field of an item by name: its own fields first, then its metadata; `None` if missing."""
    return getattr(item, name) if name in _FIELDS else item.metadata.get(name)


def _compare(compare: Callable[[Any, Any], bool], left: Any, right: str) -> bool:
    """Compare as numbers where the stored value is one, else as text."""
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
