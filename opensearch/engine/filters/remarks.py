"""Remarks on a filter that asks for a field, or a value of a field, that no item has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from opensearch.engine.filters.comparing import FIELDS, ORDER, PARTS, Comparison, number_of
from opensearch.engine.filters.dates import FORMS, bounds, date_of
from opensearch.engine.filters.where import Expression, comparisons
from opensearch.errors import brief
from opensearch.records import FROM_PHOTOS
from opensearch.spelling import nearest
from opensearch.store import Fields, Store

_SAMPLE: Final = 1000
"""Items of a domain whose fields are looked at for near spellings."""

_LOOK: Final = 20
"""Items of a domain that are looked at for metadata which its own fields hide."""

_VALUES: Final = 10_000
"""Values of a field that are looked at for near spellings."""

_ASKED: Final = 20
"""Values of a comparison that are looked up."""

_OF_FILES: Final = ("id", "key", "path", "size", "mtime")
"""Fields whose values are not looked up."""


def remarks(store: Store, expression: Expression, domains: Sequence[str]) -> list[str]:
    """A remark on each field and each value that an expression asks for and no item has.

    Also on metadata that a field of every item hides, and on a comparison by order of values that
    cannot be ordered against each other.

    Args:
        store: what is asked, in a snapshot.
        expression: the filter.
        domains: whose items are looked at for the names of fields, the first thousand of each.
    """
    told: list[str] = []
    with store.fields() as fields:
        for asked in comparisons(expression):
            told += _starred(asked)
            if asked.field not in FIELDS and not (fields and fields.has(asked.field)):
                told += _unknown_field(store, asked.field, domains)
            elif asked.field == "domain":
                told += _unknown_values(asked, asked.values, store.meta().domains)
            elif asked.field in _OF_FILES:
                told += _hidden(store, asked.field, domains)
            elif fields:
                told += _never(fields, asked) if asked.sign in ("=", "!=") else ()
                told += _no_text(fields, asked) if asked.sign in PARTS else ()
                told += _unlike(fields, asked) if asked.sign in ORDER else ()
    return list(dict.fromkeys(map(brief, told)))


def _starred(asked: Comparison) -> Iterator[str]:
    """A remark that `*` is an ordinary character, where one seems meant as a wildcard."""
    for value in asked.values[:_ASKED]:
        if asked.field in ("key", "path") and (value[:2] == "*." or value[-2:] == "/*"):
            yield (
                f"* has no special meaning in {value!r}: {asked.field} ~ finds a text anywhere,"
                f" {asked.field} ^= at the beginning"
            )


def _unknown_field(store: Store, name: str, domains: Sequence[str]) -> Iterator[str]:
    held = set(FIELDS)
    for domain in domains:
        for item in store.items(store.ids(domain)[:_SAMPLE].tolist()):
            held |= item.metadata.keys()
    if name in held:
        return
    if name in FROM_PHOTOS:
        yield (
            f"no item has a field {name!r}; photos whose files hold it get it when they are"
            " indexed; for those that an older version indexed: `Engine.add(reread=True)`"
        )
        return
    near = nearest(name, held)
    way_out = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(held))}"
    yield f"no item has a field {name!r}; {way_out}"


def _hidden(store: Store, name: str, domains: Sequence[str]) -> Iterator[str]:
    """A remark that metadata of the name of a field of every item are out of reach."""
    for domain in domains:
        for item in store.items(store.ids(domain)[:_LOOK].tolist()):
            if name in item.metadata:
                yield (
                    f"{name} is every item's own; of {item.key} the manifest says a {name!r}, too,"
                    " which filters do not reach: give that column another name"
                )
                return


def _never(fields: Fields, asked: Comparison) -> Iterator[str]:
    """Remarks on values asked for by equality that the field never has."""
    missing = [value for value in asked.values[:_ASKED] if not _occurs(fields, asked, value)]
    if missing:
        yield from _unknown_values(asked, missing, _texts(fields, asked.field, _VALUES))


def _no_text(fields: Fields, asked: Comparison) -> Iterator[str]:
    """A remark that a field compared as text holds only numbers or flags."""
    if not _texts(fields, asked.field, 1):
        yield f"{asked.field} is not text, but {asked.sign} compares only text"


def _unlike(fields: Fields, asked: Comparison) -> Iterator[str]:
    """A remark that a field of numbers or dates is compared by order with something else."""
    value, texts = asked.values[0], _texts(fields, asked.field, _SAMPLE)
    numbers = len(fields.numbers(asked.field, -math.inf, math.inf, ends=(True, True))) > 0
    if numbers and not texts and number_of(value) is None:
        yield f"{asked.field} is a number and cannot be compared with {value!r}"
    dates = texts and all(map(date_of, texts)) and not all(map(str.isdigit, texts))
    if dates and not numbers and date_of(value) is None:
        yield f"{asked.field} needs a date to compare with, {FORMS}; got {value!r}"


def _texts(fields: Fields, name: str, most: int) -> list[str]:
    """Texts of a field, in order."""
    held: list[str] = []

    def take(text: str) -> bool:
        if len(held) < most:
            held.append(text)
        return False

    fields.texts(name, take)
    return held


def _occurs(fields: Fields, asked: Comparison, value: str) -> bool:
    one = Comparison(asked.field, "=", (value,))
    texts = fields.equal_texts(asked.field, one.values)
    ids = (texts.sure, texts.unsure, fields.truths(asked.field, one.accepts))
    if any(len(each) for each in ids) or len(fields.equal_numbers(asked.field, one.numbers)):
        return True
    days = (fields.texts(asked.field, one.accepts, *bounds(date)) for date in one.dates)
    return any(len(day.sure) for day in days)


def _unknown_values(asked: Comparison, values: Iterable[str], held: Sequence[str]) -> Iterator[str]:
    if asked.sign not in ("=", "!="):
        return
    for value in values:
        if value not in held:
            near = nearest(value, held)
            hint = f"; did you mean {near!r}?" if near else ""
            yield f"no item has the {asked.field} {value!r}{hint}"
