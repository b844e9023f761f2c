"""Which domains and items a search looks among.

From a filter expression to the items it lets pass, by posting lists where there are any.

A set of items is a boolean mask over all ids given so far; and, or and not take one pass each.
A field without posting lists is read from the records of the items still in question.
The result is always what reading all records would give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.filters.comparing import COMPARE, PARTS, Comparison, number_of
from opensearch.engine.filters.dates import bounds as date_bounds
from opensearch.engine.filters.where import Both, Either, Expression, Not
from opensearch.errors import InvalidInput
from opensearch.records import Item
from opensearch.spelling import hint
from opensearch.store import Fields, Ids, Store

Mask: TypeAlias = NDArray[np.bool_]

_PAGE = 4096
"""Records read at once."""

_RECORDS = ("size", "path", "mtime")
"""Fields that only the records hold."""

_SLOW = (*_RECORDS, "key")

_FEW = 16
"""For so few items, reading their records is faster than looking up posting lists."""


def select(store: Store, expression: Expression, domains: Sequence[str]) -> Mask:
    """The items of `domains` that pass.

    Returns:
        A mask with a place for every id below the store's next one.
    """
    with store.fields() as fields:
        everything = np.zeros(store.meta().next_id, np.bool_)
        for domain in domains:
            everything[store.ids(domain)] = True
        if fields is None:
            return _read(store, expression, everything)
        return _Selection(store, fields).of(expression, everything)


def not_held(domain: str, held: Sequence[str], several: str | None = None) -> InvalidInput:
    """The error to raise for a domain of which an index holds no items.

    Args:
        domain: asked for.
        held: domains of the index.
        several: the argument, where it takes a list of domains.
    """
    return InvalidInput(
        f"the index holds no items of domain {domain!r}; it holds"
        f" {', '.join(held) or 'nothing yet'}{hint(domain, held, several)}"
    )


def targeted(store: Store, targets: Sequence[str]) -> list[str]:
    """The domains a search goes through: those named, else all that hold items.

    Raises:
        InvalidInput: a named domain holds none.
    """
    held = store.meta().held
    for target in targets:
        if target not in held:
            raise not_held(target, held, "targets")
    return list(dict.fromkeys(targets)) or held


class _Selection:
    """Selects items by an expression, from one snapshot of a store."""

    def __init__(self, store: Store, fields: Fields) -> None:
        self._store = store
        self._fields = fields

    def of(self, expression: Expression, among: Mask) -> Mask:
        """Those of `among` that pass."""
        match expression:
            case Not(term):
                return among & ~self.of(term, among)
            case Both(terms):
                for term in sorted(terms, key=lambda term: (_slow(term), not _narrow(term))):
                    if not among.any():
                        break
                    among = self.of(term, among)
                return among
            case Either(terms):
                found = np.zeros_like(among)
                for term in sorted(terms, key=_slow):
                    found |= self.of(term, among & ~found)
                return found
            case Comparison():
                return self._comparison(expression, among)

    def _comparison(self, asked: Comparison, among: Mask) -> Mask:
        if asked.field == "domain":
            names = [name for name in self._store.meta().domains if asked.accepts(name)]
            return _mask(among, [self._store.ids(name) for name in names])
        if asked.field == "id":
            return _ids(asked, among)
        if asked.field == "key" and asked.sign == "=":
            return self._keys(asked, among)
        if asked.field in _RECORDS or np.count_nonzero(among) <= _FEW:
            return _read(self._store, asked, among)
        if asked.field == "key":
            return self._keys_scanned(asked, among)
        return self._posted(asked, among)

    def _keys(self, asked: Comparison, among: Mask) -> Mask:
        """Items with these keys: looked up, or read from the records if those are fewer."""
        wanted = set(asked.values)
        if len(wanted) > np.count_nonzero(among):
            return _read(self._store, asked, among)
        found = [self._store.by_key(key) for key in wanted]
        return _mask(among, [np.array([item.id for item in found if item], np.int64)])

    def _keys_scanned(self, asked: Comparison, among: Mask) -> Mask:
        """Items whose keys pass; where keys are implied by ids, they are read from records."""
        if any(self._store.meta().unnamed.values()):
            return _read(self._store, asked, among)
        keys = self._fields.keys(asked.accepts)
        found = _mask(among, [keys.sure])
        return found | _read(self._store, asked, _mask(among, [keys.unsure]))

    def _posted(self, asked: Comparison, among: Mask) -> Mask:
        fields, name = self._fields, asked.field
        parts = [fields.truths(name, asked.accepts)]
        if asked.sign == "=":
            texts = fields.equal_texts(name, asked.values)
            parts.append(fields.equal_numbers(name, asked.numbers))
            for date in sorted(asked.dates):  # a day is longer than its own name
                day = fields.texts(name, asked.accepts, *date_bounds(date))
                parts.append(day.sure)
        else:
            texts = fields.texts(name, asked.accepts, *_text_bounds(asked))
            parts += [] if asked.sign in PARTS else self._numbers(asked)
        found = _mask(among, [*parts, texts.sure])
        return found | _read(self._store, asked, _mask(among, [texts.unsure]) & ~found)

    def _numbers(self, asked: Comparison) -> list[Ids]:
        """Ids by posting lists of numbers for a comparison other than equality."""
        name, numbers = asked.field, [number_of(value) for value in asked.values]
        if any(number is None for number in numbers):
            return []
        between, number = self._fields.numbers, numbers[0] or 0.0
        match asked.sign:
            case "<" | "<=":
                return [between(name, -math.inf, number, ends=(True, asked.sign == "<="))]
            case ">" | ">=":
                return [between(name, number, math.inf, ends=(asked.sign == ">=", True))]
        others = between(name, -math.inf, math.inf, ends=(True, True))
        equal = self._fields.equal_numbers(name, asked.numbers)  # an item has one value at most
        return [np.setdiff1d(others, equal), self._fields.not_numbers(name)]


def _read(store: Store, accept: Callable[[Item], bool], among: Mask) -> Mask:
    """Those of `among` whose records pass."""
    found = np.zeros_like(among)
    ids = np.flatnonzero(among)
    for start in range(0, len(ids), _PAGE):
        items = store.items(ids[start : start + _PAGE].tolist())
        found[[item.id for item in items if accept(item)]] = True
    return found


def _slow(expression: Expression) -> bool:
    """Whether an expression may read records; such terms are asked last, of what is left."""
    match expression:
        case Comparison():
            return expression.field in _SLOW
        case Not(term):
            return _slow(term)
        case Either(terms) | Both(terms):
            return any(_slow(term) for term in terms)


def _narrow(expression: Expression) -> bool:
    """Whether an expression is likely to leave few items."""
    return isinstance(expression, Comparison) and expression.sign == "="


def _ids(asked: Comparison, among: Mask) -> Mask:
    """Ids compared as the numbers they are."""
    ids = np.flatnonzero(among)
    numbers, values = list(asked.numbers), ids.astype(np.float64)
    passing: NDArray[np.bool_]
    if asked.sign == "=":
        passing = np.isin(values, numbers)
    elif any(number_of(value) is None for value in asked.values):
        passing = np.zeros(len(ids), np.bool_)
    elif asked.sign == "!=":
        passing = np.isin(values, numbers, invert=True)
    else:
        passing = np.asarray(COMPARE[asked.sign](values, float(asked.values[0])), np.bool_)
    found = np.zeros_like(among)
    found[ids[passing]] = True
    return found


def _text_bounds(asked: Comparison) -> tuple[str, str | None]:
    """The texts that may pass a comparison, from and to."""
    if asked.number is not None:
        return "", None  # numbers have another order than their texts
    value = asked.values[0]
    low, high = date_bounds(value) if asked.dates else (value, value)
    match asked.sign:
        case "<" | "<=":
            return "", high
        case ">" | ">=":
            return low, None
    return "", None


def _mask(among: Mask, parts: Iterable[Ids]) -> Mask:
    found = np.zeros_like(among)
    for ids in parts:
        found[ids] = True
    found &= among
    return found
