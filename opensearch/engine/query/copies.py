"""Groups of copies: items that show one picture or one shape, by the imprints kept of them.

Pictures are compared with pictures whatever domain they are filed under, since a copy may have been
taken for something else. A group is what pairs of copies connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.query.duplicates import (
    Group,
    connected,
    cosines_to_first,
    held_domains,
    rows_of,
)
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
    domains = held_domains(store, domain)
    with store.snapshot():
        groups = [
            ids[members]
            for kind, ids in _printed(store, domains).items()
            for members in _grouped(store, kind, ids, exact, progress)
        ]
        rows = [rows_of(store, name) for name in domains] if groups else []
        for ids in sorted(groups, key=lambda ids: int(ids[0])):
            yield _group(store, ids, rows)


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


def matches(
    imprint: bytes, imprints: Sequence[bytes]
) -> tuple[list[float | None], list[str | None], list[bool]]:
    """How the pictures or shapes of imprints are copies of that of one.

    Returns:
        For each the likeness, 0..1, and what was done to the one to make it, "" for nothing that
        shows, both `None` where no copy of it is seen; and whether it was saved anew alone.
    """
    count = len(imprints)
    likeness: list[float | None] = [None] * count
    changes: list[str | None] = [None] * count
    exact = [False] * count
    kind = kind_of(imprint)
    if kind is None:
        return likeness, changes, exact
    alike = [place for place in range(count) if kind_of(imprints[place]) == kind]
    fetch = _of([imprints[place] for place in alike])
    for pairs in KINDS[kind].copies(imprint, len(alike), fetch):
        for row, at in enumerate(pairs.second.tolist()):
            place, score = alike[at], min(float(pairs.scores[row]), 1.0)
            if likeness[place] is None or score > (likeness[place] or 0):
                likeness[place], changes[place] = round(score, 4), pairs.changes[row]
                exact[place] = bool(pairs.exact[row])
    for place in alike:
        if imprints[place] == imprint:
            likeness[place], changes[place], exact[place] = 1.0, "", True
    return likeness, changes, exact


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

    pairs = KINDS[kind].pairs(len(distinct), fetch, nearest, progress)
    labels = connected(len(distinct), _links(pairs, exact))[np.searchsorted(distinct, same)]
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1, append=-1))
    for start, stop in pairwise(starts.tolist()):
        if stop - start > 1:
            yield order[start:stop]


def _links(found: Iterator[Pairs], exact: bool) -> Iterator[tuple[Ids, Ids]]:
    for pairs in found:
        kept = pairs.exact if exact else np.ones(len(pairs.first), np.bool_)
        yield pairs.first[kept], pairs.second[kept]


def _pages(ids: Ids) -> Iterator[Ids]:
    for start in range(0, len(ids), _PAGE):
        yield ids[start : start + _PAGE]


def _group(store: Store, ids: Ids, rows: Sequence[tuple[Ids, Codes]]) -> Group:
    """The group of these items.

    Args:
        rows: ids, ascending, and codes of each domain.
    """
    codes: Codes = np.zeros((len(ids), rows[0][1].shape[1]), np.uint8)
    for held, held_codes in rows:
        mine = np.isin(ids, held)
        codes[mine] = held_codes[np.searchsorted(held, ids[mine])]
    distances = np.unpackbits(codes ^ codes[0], axis=1).sum(axis=1).tolist()
    items = store.items(ids.tolist())
    imprints = store.imprints(ids.tolist())
    likeness, changes, _ = matches(imprints[0], imprints)
    return Group(items[0].domain, items, distances, cosines_to_first(store, ids), likeness, changes)
