"""Filter expressions: comparisons of fields, joined by and, or, not and parentheses.

    domain = photo and (year > 2010 or not category in (cup, "stop sign"))

Parsed here, never evaluated as code. A missing field makes its comparison false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from opensearch.engine.filters.comparing import NUMBERS, PARTS, SIGNS, Comparison, number_of
from opensearch.engine.filters.dates import FORMS, date_of
from opensearch.errors import InvalidInput
from opensearch.records import Item

_STRING = r"(?P<string>\"(?:[^\"]|\"\")*+\"|'(?:[^']|'')*+')"
"""In quotes, where two of them stand for one."""
_SIGN = r"(?P<op><=|>=|!=|\^=|=|<|>|~|\(|\)|,)"
_TOKEN = re.compile(rf"\s*(?:{_STRING}|{_SIGN}|(?P<word>[^\s()<>=!,\"'~^]+))")
_VALUE = re.compile(rf"\s*(?:{_STRING}|(?P<word>[^\s()<>=!,\"']+)|{_SIGN})")
"""As `_TOKEN`, after an operator, where ~ and ^ are ordinary characters."""
_AN_OPERATOR = f"an operator ({' '.join(SIGNS)} in)"
_A_JOINT = "'and', 'or' or the end"
_BLANK = re.compile(r"\s*")
_DEPTH = 50
_SHOWN = 200
"""Characters of an expression that an error repeats."""


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
    """Not the term."""

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
            behind_sign = bool(self._tokens) and self._tokens[-1][1] in SIGNS
            match = (_VALUE if behind_sign else _TOKEN).match(text, place)
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
            raise self._error(_A_JOINT, self._tokens[self._next][2])

    def _comparison(self) -> Comparison:
        name = self._value("a field")
        if self._accept("in"):
            return self._sensible(Comparison(name, "=", tuple(self._list())))
        place = self._place()
        sign = self._take(_AN_OPERATOR)
        if sign not in SIGNS:
            raise self._error(_AN_OPERATOR, place)
        return self._sensible(Comparison(name, sign, (self._value("a value"),)))

    def _sensible(self, asked: Comparison) -> Comparison:
        """The comparison, if its value fits the type of its field.

        Raises:
            InvalidInput: a time is compared with something other than a date, or a number with
                a text or part of one.
        """
        if asked.field == "mtime" and asked.sign not in PARTS:
            for value in asked.values:
                if date_of(value) is None:
                    raise InvalidInput(
                        f"mtime needs a date to compare with, {FORMS}; got {value!r}"
                    )
        if asked.field in NUMBERS and asked.sign in PARTS:
            raise InvalidInput(f"{asked.field} is a number, but {asked.sign} compares only text")
        if asked.field in NUMBERS:
            for value in asked.values:
                if number_of(value) is None:
                    raise InvalidInput(
                        f"{asked.field} is a number and cannot be compared with {value!r}"
                    )
        return asked

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
        return text[1:-1].replace(text[0] * 2, text[0]) if kind == "string" else text

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
            f" {_way_out(wanted, self._text[:place].rstrip(), self._text[place:])}"
        )


def _way_out(wanted: str, before: str, there: str) -> str:
    """A hint at what may have been meant, from the text before and after the error."""
    if there[:1] in ('"', "'") and there.count(there[0]) % 2:
        return "the quote there is never closed"
    if there[:1] in ("&", "|"):
        return "join comparisons with 'and' or 'or'"
    if there[:1] in ("=", ">") and before[-1:] in ("=", "<"):
        return "write = for equal, != for unequal"
    if wanted == _AN_OPERATOR and re.match(r"not\s+in\b", there, re.IGNORECASE):
        return f"put not before the field: not {before.split()[-1]} in (...)"
    if wanted == _AN_OPERATOR and re.match(r"(like|contains)\b", there, re.IGNORECASE):
        return "~ means contains and ^= begins with, as in key ^= photos/2023/"
    if wanted == _A_JOINT and there[:1].isalnum() and before[-1:] not in (")", '"', "'"):
        return 'put a value with spaces in quotes, as in category = "arm chair"'
    if before.endswith(('\\"', "\\'")):
        return "in quotes, two of them stand for one, as in 'it''s'"
    if wanted == _AN_OPERATOR and re.match(r"[^\s()]+\s*(?:[=<>~]|!=|\^=)", there):
        return 'put a field with spaces in quotes, as in "date taken" > 2020'
    if there[:1] == "," or re.search(r"\bin$", before):
        return "put several values in brackets, as in domain in (photo, sketch)"
    return "e.g. domain = photo and year > 2010"


def _joined(terms: list[Expression], sign: str) -> list[Expression]:
    """The same terms, with those that compare one field by this sign joined into the first.

    `a = 1 or a = 2` becomes `a in (1, 2)`; `a != 1 and a != 2` becomes one comparison, too.
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
