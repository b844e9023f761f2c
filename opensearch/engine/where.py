"""Filter expressions: comparisons of fields, joined by and, or, not and parentheses.

    domain = photo and (year > 2010 or not category in (cup, "stop sign"))

Parsed here, never evaluated as code. A missing field makes its comparison false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from opensearch.errors import InvalidInput
from opensearch.records import Item

Predicate: TypeAlias = Callable[[Item], bool]
Value: TypeAlias = str | float | bool | None

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"[^\"]*\"|'[^']*')|(?P<op><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[^\s()<>=!,\"']+))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FIELDS = ("id", "key", "path", "domain", "category", "size")
_DEPTH = 50


def parse_where(text: str) -> Predicate:
    """Compile a filter expression into a predicate over items.

    Raises:
        InvalidInput: the expression is malformed; the text shows where.
    """
    parser = _Parser(text)
    predicate = parser.either(0)
    parser.end()
    return predicate


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

    def either(self, depth: int) -> Predicate:
        terms = [self.both(depth)]
        while self._accept("or"):
            terms.append(self.both(depth))
        return terms[0] if len(terms) == 1 else lambda item: any(term(item) for term in terms)

    def both(self, depth: int) -> Predicate:
        terms = [self.term(depth)]
        while self._accept("and"):
            terms.append(self.term(depth))
        return terms[0] if len(terms) == 1 else lambda item: all(term(item) for term in terms)

    def term(self, depth: int) -> Predicate:
        if depth > _DEPTH:
            raise InvalidInput(f"--where takes at most {_DEPTH} nested parentheses or nots")
        if self._accept("not"):
            inner = self.term(depth + 1)
            return lambda item: not inner(item)
        if self._accept("("):
            inside = self.either(depth + 1)
            self._expect(")")
            return inside
        return self._comparison()

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._error("and, or, or the end", self._tokens[self._next][2])

    def _comparison(self) -> Predicate:
        name = self._value("a field")
        if self._accept("in"):
            values = self._list()
            return lambda item: any(_compare(operator.eq, field(item, name), v) for v in values)
        place = self._place()
        sign = self._take("an operator: = != < <= > >= in")
        if sign not in _COMPARE:
            raise self._error("an operator: = != < <= > >= in", place)
        value = self._value("a value")
        compare = _COMPARE[sign]
        return lambda item: _compare(compare, field(item, name), value)

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
