"""Filters asked of the server: each comparison becomes an expression of Milvus.

Texts can be asked for by equality there; where a function of ours decides, they are fetched.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.milvus.rows import fields_of, item_of, joined, quoted
from opensearch.records import Item, is_number
from opensearch.store import Found

Ids = NDArray[np.int64]

_MOST: Final = sys.float_info.max
_TYPED: Final = 500
"""Values of one expression."""


class Rows(Protocol):
    """What answers expressions about the items of one state."""

    def ids_where(self, expression: str) -> Ids:
        """Ids of the rows that pass, ascending."""

    def any_where(self, expression: str) -> bool:
        """Whether a row passes."""

    def rows_where(self, expression: str, fields: list[str]) -> Iterator[dict[str, Any]]:
        """Fields of the rows that pass, in pages by id."""

    def rows_of(self, ids: Sequence[int], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Fields of the rows of ids, in no order."""

    def domain_of(self, number: int) -> str:
        """The name of a domain."""


class MilvusFields:
    """Ids by the values of their fields; keeps the `Fields` protocol."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._odd: list[Item] | None = None

    def has(self, field: str) -> bool:
        """Whether any item has a value of this field."""
        name = _of(field)
        any_ = f'{name} >= "" or {name} >= {-_MOST!r} or {name} == true or {name} == false'
        if _askable(field) and self._rows.any_where(any_):
            return True
        return any(_value(item, field) is not None for item in self._others())

    def keys(self, accept: Callable[[str], bool]) -> Found:
        """Items with records whose key is accepted."""
        wanted = [row["id"] for row in self._records() if accept(self._item(row).key)]
        return Found(_array(wanted), _array([]))

    def numbers(self, field: str, low: float, high: float, *, ends: tuple[bool, bool]) -> Ids:
        """Items whose number lies between `low` and `high`, each included if `ends` says so."""
        if math.isnan(low) or math.isnan(high):
            return _array([])

        def inside(value: Any) -> bool:
            if not is_number(value):
                return False
            above = value > low or (ends[0] and value == low)
            return bool(above and (value < high or (ends[1] and value == high)))

        least, most = max(low, -_MOST), min(high, _MOST)
        begins = ">=" if ends[0] or low < -_MOST else ">"
        stops = "<=" if ends[1] or high > _MOST else "<"
        asked = f"{_of(field)} {begins} {least!r} and {_of(field)} {stops} {most!r}"
        none = low > _MOST or high < -_MOST
        return self._found(field, [] if none else [asked], inside)

    def equal_numbers(self, field: str, values: Iterable[float]) -> Ids:
        """Items whose number is one of these."""
        wanted = set(values)
        asked = [
            f"{_of(field)} >= {value!r} and {_of(field)} <= {value!r}"
            for value in wanted
            if math.isfinite(value)
        ]
        return self._found(field, _either(asked), lambda v: is_number(v) and float(v) in wanted)

    def not_numbers(self, field: str) -> Ids:
        """Items whose value is the float that equals nothing."""
        return self._found(field, [], lambda value: isinstance(value, float) and value != value)

    def truths(self, field: str, accept: Callable[[bool], bool]) -> Ids:
        """Items whose value is true or false and accepted."""
        asked = [f"{_of(field)} == {str(v).lower()}" for v in (True, False) if accept(v)]
        return self._found(field, asked, lambda value: isinstance(value, bool) and accept(value))

    def equal_texts(self, field: str, values: Iterable[str]) -> Found:
        """Items whose text is one of these."""
        wanted = set(values)
        asked = [f"{_of(field)} == {quoted(value)}" for value in wanted if _sayable(value)]
        found = self._found(field, _either(asked), lambda v: _is_text(v) and str(v) in wanted)
        return Found(found, _array([]))

    def texts(
        self, field: str, accept: Callable[[str], bool], low: str = "", high: str | None = None
    ) -> Found:
        """Items whose text is accepted; those below `low` and above `high` are not looked at."""
        ids = [item.id for item in self._others() if _accepted(_value(item, field), accept)]
        if _askable(field):
            above = f"{_of(field)} >= {quoted(low) if _sayable(low) else quoted('')}"
            below = f"{_of(field)} <= {quoted(high)}" if high and _sayable(high) else ""
            near = self._rows.ids_where(joined(above, below)).tolist()
            for row in self._rows.rows_of(near, ["fields"]):
                value = _json(row["fields"]).get(field)
                if isinstance(value, str) and accept(value):
                    ids.append(row["id"])
        return Found(_array(ids), _array([]))

    def _found(self, field: str, asked: list[str], accept: Callable[[Any], bool]) -> Ids:
        """Ids of rows that pass any of the expressions, and of `_others` that are accepted."""
        ids = [_array([item.id for item in self._others() if accept(_value(item, field))])]
        if _askable(field):
            ids += [self._rows.ids_where(each) for each in asked]
        return np.unique(np.concatenate(ids))

    def _others(self) -> list[Item]:
        """Items whose fields the server does not know."""
        if self._odd is None:
            odd = self._rows.ids_where("plain == false").tolist()
            found = self._rows.rows_of(odd, ["domain", "record"])
            self._odd = sorted((self._item(row) for row in found), key=lambda item: item.id)
        return self._odd

    def _records(self) -> Iterator[dict[str, Any]]:
        return self._rows.rows_where('record != ""', ["id", "domain", "record"])

    def _item(self, row: dict[str, Any]) -> Item:
        return item_of(row["id"], row["record"], self._rows.domain_of(row["domain"]))


def _of(field: str) -> str:
    return f"fields[{quoted(field)}]"


def _askable(field: str) -> bool:
    """Whether the server may know a field of this name."""
    return fields_of(None, {field: 0}) is not None


def _sayable(text: str) -> bool:
    """Whether the server may know a value like this one, and an expression can hold it."""
    return fields_of(None, {"x": text}) is not None


def _either(asked: list[str]) -> list[str]:
    """Expressions that are as many at once as a server takes."""
    return [
        " or ".join(f"({each})" for each in asked[at : at + _TYPED])
        for at in range(0, len(asked), _TYPED)
    ]


def _value(item: Item, field: str) -> Any:
    return item.category if field == "category" else item.metadata.get(field)


def _is_text(value: Any) -> bool:
    return value is not None and not isinstance(value, int | float)


def _accepted(value: Any, accept: Callable[[str], bool]) -> bool:
    return _is_text(value) and accept(str(value))


def _json(value: Any) -> dict[str, Any]:
    """A JSON field, as pymilvus of any version gives it."""
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return found if isinstance(found, dict) else {}


def _array(ids: list[int]) -> Ids:
    return np.array(ids, np.int64)
