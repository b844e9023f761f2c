"""One comparison of a filter expression, as a predicate over items and over values of its field."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from opensearch.domains.collections.layout import split_part
from opensearch.engine.filters.dates import cut, date_of, local
from opensearch.records import Item, is_number

COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDER: Final = ("<", "<=", ">", ">=")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
PARTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "~": lambda text, part: part in text,
    "^=": str.startswith,
}
"""Operators that look for part of a text, ignoring case; no number passes."""

SIGNS: Final = (*COMPARE, *PARTS)
_FORMS: Final = (
    *("yyyy", "yyyy-mm", "yyyy-mm-dd"),
    *("yyyy-mm-ddThh", "yyyy-mm-ddThh:mm", "yyyy-mm-ddThh:mm:ss"),
)
BELOW: Final = "below"
"""An operator not used in expressions: a path in a folder, or the folder, exactly as written."""

FIELDS: Final = ("id", "key", "path", "domain", "category", "size", "mtime")
"""Fields that every item has, beside its metadata."""

NUMBERS: Final = ("id", "size")
"""Those of them that are numbers."""


@dataclass(frozen=True)
class Comparison:
    """`field sign value`; the sign is the operator.

    With several values, `=` means equal to any of them (`in`), and `!=` equal to none.
    """

    field: str
    sign: str
    values: tuple[str, ...]

    def __call__(self, item: Item) -> bool:
        """Whether an item passes."""
        return self.accepts(field(item, self.field))

    def accepts(self, value: Any) -> bool:
        """Whether a value of the field passes; `None` is a missing one."""
        if value is None:
            return False
        match self.sign:
            case "=":
                return self._among(value)
            case "!=":
                if is_number(value) and not self._all_numbers:
                    return False  # a number and a text cannot be compared
                return not self._among(value)
            case "~" | "^=":
                if isinstance(value, int | float):
                    return False  # of texts alone
                return PARTS[self.sign](folded(str(value)), self._part)
            case "below":
                return is_below(str(value), self.values[0])
        return self._compared(value)

    def _compared(self, value: Any) -> bool:
        """As numbers or dates where both are, else as text; no text passes beside a number."""
        compare, asked = COMPARE[self.sign], self.values[0]
        if isinstance(value, bool):
            return compare(str(value).lower(), asked.lower())
        if isinstance(value, int | float):
            number = number_of(asked)
            return number is not None and compare(float(value), number)
        text = str(value)
        if self.number is not None and _NUMBER.fullmatch(text):  # a cell of a table holds text
            return compare(float(text), self.number)
        for date in self.dates:
            stored = cut(date_of(text), date)
            if stored is not None:
                return compare(stored, date)
        return self.number is None and compare(text, asked)

    def _among(self, value: Any) -> bool:
        if isinstance(value, bool):
            return str(value).lower() in self._lowered
        if is_number(value):
            return float(value) in self.numbers
        text = str(value)
        return text in self._texts or (bool(self.dates) and self._among_dates(text))

    def _among_dates(self, text: str) -> bool:
        stored = date_of(text)
        return any(cut(stored, form) in self.dates for form in _FORMS)

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Values that are numbers; one that is not a number (NaN) equals nothing."""
        found = (number_of(value) for value in self.values)
        return frozenset(value for value in found if value is not None and value == value)

    @cached_property
    def number(self) -> float | None:
        """The value of a comparison by order, if it is written as a plain number."""
        asked = self.values[0]
        return float(asked) if self.sign in ORDER and _NUMBER.fullmatch(asked) else None

    @cached_property
    def dates(self) -> frozenset[str]:
        """Values that are dates, as `dates.date_of` writes them."""
        if self.sign not in COMPARE or (self.field in FIELDS and self.field != "mtime"):
            return frozenset()
        return frozenset(date for value in self.values if (date := date_of(value)) is not None)

    @cached_property
    def _all_numbers(self) -> bool:
        return all(number_of(value) is not None for value in self.values)

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(self.values)

    @cached_property
    def _lowered(self) -> frozenset[str]:
        return frozenset(value.lower() for value in self.values)

    @cached_property
    def _part(self) -> str:
        return folded(self.values[0])


def field(item: Item, name: str) -> Any:
    """A field of an item by name: its own fields first, then its metadata; `None` if missing."""
    if name == "mtime":
        return local(item.mtime_ns) if item.mtime_ns else None
    return getattr(item, name) if name in FIELDS else item.metadata.get(name)


def is_below(path: str, folder: str) -> bool:
    """Whether an item's path lies in a folder, or is that file or a drawing of it."""
    file, folder = split_part(path)[0], folder.rstrip("/")
    return bool(file) and (file == folder or file.startswith(folder + "/"))


def folded(text: str) -> str:
    """A text with case folded and accents in one Unicode form (NFC), for comparing."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def number_of(text: str) -> float | None:
    """The number that a value of an expression stands for, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None
