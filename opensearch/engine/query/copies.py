"""Groups of copies: items that show one picture or one shape, by the imprints kept of them.

Pictures are compared with pictures whatever domain they are filed under, since a copy may have been
taken for something else. A group is what pairs of copies connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.query.duplicates import (
    Group,
    cosines_to_first,
    groups_of,
    held_domains,
    linked,
    rows_of,
)
from opensearch.hashing import hamming
from opensearch.imprints import KINDS, Kind, Pairs, kind_of
from opensearch.progress import Progress, quiet
from opensearch.search.neighbours import nearest
from opensearch.store import Ids, Store

_PAGE = 4096
"""Imprints read at once."""

Codes = NDArray[np.uint8]


def find_copies(
    store: Store, exact: bool = False, domain: str | None = None, progress: Progress = quiet
) -> Iterator[Group]:
    """Groups of two or more copies, ordered by lowest id, from one snapshot of the store.

    Args:
        store: what to look through.
        exact: leave out what was cropped, mirrored, turned or simplified.
        domain: look in this one alone.
        progress: called with what is compared, how many of it are, and how many there are.

    Raises:
        InvalidInput: a domain that the store does not hold.
    """
    with store.snapshot():
        domains = held_domains(store, domain)
        groups = [
            (kind, ids[members])
            for kind, ids in _printed(store, domains).items()
            for members in _grouped(store, kind, ids, exact, progress)
        ]
        groups.sort(key=lambda group: int(group[1][0]))
        rows = [rows_of(store, name) for name in domains] if groups else []
        for some in _some(groups):
            for (_, ids), found in zip(some, _likeness(store, some), strict=True):
                yield _group(store, ids, rows, found)


def without_imprint(store: Store, domain: str | None = None) -> int:
    """How many items, of a domain or of all, have no imprint, so that no copy of them is found.

    Raises:
        InvalidInput: a domain that the store does not hold.
    """
    with store.snapshot():
        domains = held_domains(store, domain)
        ids = _ids(store, domains)
        found = sum(len(each) for each in _printed(store, domains).values())
        return len(ids) - found


@dataclass(frozen=True)
class Found:
    """How items are copies of the first of them, or of one that is asked for.

    Attributes:
        likeness: 0..1; `None` where no copy is seen.
        changes: what was done to make each, "" for nothing that shows; `None` likewise.
        exact: whether each was saved anew alone.
    """

    likeness: list[float | None]
    changes: list[str | None]
    exact: list[bool]

    @classmethod
    def none(cls, count: int) -> Self:
        """Of so many items no copy is seen."""
        return cls([None] * count, [None] * count, [False] * count)

    def note(self, place: int, score: float, change: str, exact: bool) -> None:
        """Record a copy, unless a greater likeness is already recorded for it."""
        score = round(min(score, 1.0), 4)
        if score > (self.likeness[place] or -1):
            self.likeness[place], self.changes[place], self.exact[place] = score, change, exact

    def part(self, start: int, stop: int) -> Self:
        """What is found of some of them."""
        some = slice(start, stop)
        return type(self)(self.likeness[some], self.changes[some], self.exact[some])


def matches(imprint: bytes, imprints: Sequence[bytes]) -> Found:
    """How the pictures or shapes of imprints are copies of that of one."""
    found = Found.none(len(imprints))
    kind = kind_of(imprint)
    if kind is None:
        return found
    alike = [place for place, each in enumerate(imprints) if kind_of(each) == kind]
    fetch = _of([imprints[place] for place in alike])
    for pairs in KINDS[kind].copies(imprint, len(alike), fetch):
        _note(found, [alike[at] for at in pairs.second.tolist()], pairs)
    for place in alike:
        if imprints[place] == imprint:
            found.note(place, 1.0, "", True)
    return found


def _note(found: Found, places: Sequence[int], pairs: Pairs) -> None:
    rows = zip(places, pairs.scores.tolist(), pairs.changes, pairs.exact.tolist(), strict=True)
    for place, score, change, exact in rows:
        found.note(place, score, change, exact)


def _of(imprints: Sequence[bytes]) -> Callable[[Ids], list[bytes]]:
    return lambda places: [imprints[place] for place in places.tolist()]


def _ids(store: Store, domains: Sequence[str]) -> Ids:
    parts = [store.ids(domain) for domain in domains]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))


def _printed(store: Store, domains: Sequence[str]) -> dict[Kind, Ids]:
    """Ids of the items of these domains that have an imprint, by what it is of."""
    found: dict[Kind, list[int]] = {kind: [] for kind in KINDS}
    for page in _pages(_ids(store, domains)):
        ids = page.tolist()
        for id_, imprint in zip(ids, store.imprints(ids), strict=True):
            kind = kind_of(imprint)
            if kind is not None:
                found[kind].append(id_)
    return {kind: np.array(ids, np.int64) for kind, ids in found.items()}


def _grouped(store: Store, kind: Kind, ids: Ids, exact: bool, progress: Progress) -> Iterator[Ids]:
    """Places among `ids` of the members of each group."""
    first: dict[bytes, int] = {}
    same = np.arange(len(ids))  # equal imprints are one, so that very many of them cost nothing
    for places in _pages(np.arange(len(ids))):
        for place, imprint in zip(places.tolist(), store.imprints(ids[places]), strict=True):
            same[place] = first.setdefault(blake2b(imprint, digest_size=16).digest(), place)
    distinct = np.flatnonzero(same == np.arange(len(ids)))

    def fetch(places: Ids) -> list[bytes]:
        return store.imprints(ids[distinct[places]].tolist())

    labels = np.arange(len(distinct))

    def apart(first: Ids, second: Ids) -> NDArray[np.bool_]:
        return np.asarray(labels[first] != labels[second])

    for found in KINDS[kind].pairs(len(distinct), fetch, nearest, progress, apart):
        kept = found.exact if exact else np.ones(len(found.first), np.bool_)
        labels = linked(labels, [(found.first[kept], found.second[kept])])
    yield from groups_of(labels[np.searchsorted(distinct, same)])


def _pages(ids: Ids) -> Iterator[Ids]:
    for start in range(0, len(ids), _PAGE):
        yield ids[start : start + _PAGE]


def _some(groups: Sequence[tuple[Kind, Ids]]) -> Iterator[list[tuple[Kind, Ids]]]:
    """Groups, as many at once as fill a page."""
    some: list[tuple[Kind, Ids]] = []
    held = 0
    for group in groups:
        some.append(group)
        held += len(group[1])
        if held >= _PAGE:
            yield some
            some, held = [], 0
    if some:
        yield some


def _likeness(store: Store, groups: Sequence[tuple[Kind, Ids]]) -> Iterator[Found]:
    """How the items of each group are copies of its first."""
    counts = np.array([len(ids) for _, ids in groups])
    ends = np.cumsum(counts)
    imprints = store.imprints(np.concatenate([ids for _, ids in groups]).tolist())
    first: Ids = np.repeat(ends - counts, counts)
    found = Found.none(len(imprints))
    kinds = np.repeat([kind for kind, _ in groups], counts)
    for kind, matcher in KINDS.items():
        second = np.flatnonzero(kinds == kind)
        second = second[first[second] != second]
        for pairs in matcher.between(first[second], second, _of(imprints)):
            _note(found, pairs.second.tolist(), pairs)
    for place, head in enumerate(first.tolist()):
        if imprints[place] == imprints[head]:
            found.note(place, 1.0, "", True)
    for start, stop in pairwise([0, *ends.tolist()]):
        yield found.part(start, stop)


def _group(store: Store, ids: Ids, rows: Sequence[tuple[Ids, Codes]], found: Found) -> Group:
    """The group of these items.

    Args:
        rows: ids, ascending, and codes of each domain.
        found: how they are copies of the first.
    """
    codes: Codes = np.zeros((len(ids), rows[0][1].shape[1]), np.uint8)
    for held, held_codes in rows:
        mine = np.isin(ids, held)
        codes[mine] = held_codes[np.searchsorted(held, ids[mine])]
    distances = hamming(codes, codes[:1])[:, 0].tolist()
    items = store.items(ids.tolist())
    scores = cosines_to_first(store, ids)
    return Group(items[0].domain, items, distances, scores, found.likeness, found.changes)
