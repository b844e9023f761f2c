"""Fields that items have, with the values that are seen in them: what a filter can ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from opensearch.engine.filters.comparing import FIELDS
from opensearch.records import Item
from opensearch.store import Store

Kind: TypeAlias = Literal["text", "number", "truth"]

_SAMPLE: Final = 2000
"""At most so many items of a domain are sampled, evenly from the oldest to the newest."""

_MOST_FIELDS: Final = 100
_LONGEST: Final = 200
"""Characters of a value that may be offered; longer texts are no choice."""


@dataclass(frozen=True)
class FieldValues:
    """A field of items.

    Attributes:
        name: as `where` calls it.
        kind: of most of its values.
        values: the most frequent ones with their counts among the items looked at.
        distinct: how many values were seen.
        low: the least number, `None` of other kinds.
        high: the largest.
        sampled: whether only some of the items were looked at.
    """

    name: str
    kind: Kind
    values: list[tuple[Any, int]]
    distinct: int
    low: float | None = None
    high: float | None = None
    sampled: bool = False


@dataclass
class _Seen:
    counts: Counter[tuple[Kind, Any]] = field(default_factory=Counter)  # True equals 1
    kinds: Counter[Kind] = field(default_factory=Counter)

    def add(self, value: Any) -> None:
        kind = _kind(value)
        if kind is None or (isinstance(value, float) and value != value):
            return
        self.kinds[kind] += 1
        if kind != "text" or len(value) <= _LONGEST:
            self.counts[kind, value] += 1

    def summed(self, name: str, most: int, sampled: bool) -> FieldValues:
        kind = self.kinds.most_common(1)[0][0]
        kept = {value: n for (own, value), n in self.counts.items() if own == kind}
        listed = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        low, high = (min(kept), max(kept)) if kind == "number" and kept else (None, None)
        return FieldValues(name, kind, listed, len(kept), low, high, sampled)


def fields_of(store: Store, values: int) -> list[FieldValues]:
    """Domain, category and every field of metadata, those that most items have first.

    Args:
        values: listed of each field at most.
    """
    seen: dict[str, _Seen] = {}
    sampled = False
    with store.snapshot():
        counts = {name: count for name, count in store.meta().counts.items() if count}
        for domain in counts:
            ids = store.ids(domain)
            sampled |= len(ids) > _SAMPLE
            places = np.linspace(0, len(ids) - 1, min(len(ids), _SAMPLE)).astype(int)
            for item in store.items(ids[places].tolist()):
                _add(seen, item)
    listed = [FieldValues("domain", "text", sorted(counts.items()), len(counts))] if counts else []
    named = sorted(seen.items(), key=lambda pair: (-pair[1].kinds.total(), pair[0]))
    found = [each.summed(name, values, sampled) for name, each in named if each.kinds]
    return listed + found[:_MOST_FIELDS]


def _add(seen: dict[str, _Seen], item: Item) -> None:
    """Count category and metadata, but not what a field of every item hides from filters."""
    said = ((name, value) for name, value in item.metadata.items() if name not in FIELDS)
    for name, value in (("category", item.category), *said):
        if value is not None:
            seen.setdefault(name, _Seen()).add(value)


def _kind(value: Any) -> Kind | None:
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str():
            return "text"
    return None
