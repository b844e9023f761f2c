"""Groups of items that mean the same: codes within a radius, and with embeddings, cosine.

Codes alone tie by chance: whole categories may share one. So a pair with embeddings counts only
when their cosine is high enough too. A group is what such pairs connect; its ends may lie further
apart than any of its pairs. Groups never cross domains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.filters.selecting import not_held
from opensearch.engine.query.candidates import DIGITS
from opensearch.errors import InvalidInput
from opensearch.hashing import hamming
from opensearch.records import Item
from opensearch.search.pairs import near_pairs
from opensearch.semantic import unit
from opensearch.store import Ids, Store

_SOME = 50_000
"""Pairs whose embeddings are in memory at once."""

_MANY = 1_000_000
"""Pairs gathered before they are joined to groups."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Group:
    """Items by id; the lists have an entry per item, which compares it with the first.

    Attributes:
        domain: of the first.
        items: two or more.
        distances: Hamming, of codes.
        scores: cosines of embeddings, `None` where one has none.
        likeness: of copies, 0..1; `None` of one that is a copy of another member alone.
        changes: what was done to make the copy, "" for nothing that shows.
    """

    domain: str
    items: list[Item]
    distances: list[int]
    scores: list[float | None]
    likeness: list[float | None] = field(default_factory=list)
    changes: list[str | None] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The group as plain JSON types, in the order of `duplicates --json`."""
        rows = zip(self.items, self.distances, self.scores, strict=True)
        members: list[dict[str, Any]] = [
            {"id": i.id, "key": i.key, "path": i.path, "distance": distance, "score": score}
            for i, distance, score in rows
        ]
        for member, item, likeness, change in zip(
            members, self.items, self.likeness, self.changes, strict=False
        ):
            member |= {"domain": item.domain, "likeness": likeness, "change": change}
        return {"domain": self.domain, "items": members}


def find_duplicates(
    store: Store, radius: int, min_score: float, domain: str | None = None
) -> Iterator[Group]:
    """Groups of two or more, ordered by domain and lowest id, from one snapshot of the store.

    Args:
        store: what to look through.
        radius: in bits, inclusive.
        min_score: least cosine of a pair whose items both have embeddings.
        domain: look in this one alone.

    Raises:
        InvalidInput: a negative radius, or a domain that the store does not hold.
    """
    if radius < 0:
        raise InvalidInput(f"a Hamming radius is 0 or more, got {radius}")
    min_score = min(max(min_score, -2.0), 2.0)  # no cosine lies beyond
    with store.snapshot():
        for name in held_domains(store, domain):
            yield from _groups(store, name, radius, min_score)


def held_domains(store: Store, domain: str | None) -> list[str]:
    """The domain asked for, or all that hold items.

    Raises:
        InvalidInput: the store holds nothing of it.
    """
    held = store.meta().held
    if domain is not None and domain not in held:
        raise not_held(domain, held)
    return held if domain is None else [domain]


def _groups(store: Store, domain: str, radius: int, min_score: float) -> Iterator[Group]:
    ids, codes = rows_of(store, domain)
    if store.meta().embedded[domain]:
        pairs = _scored(store, ids, near_pairs(codes, radius), min_score)
        labels = connected(len(ids), pairs)
    else:  # equal codes are one, so that very many of them cost nothing
        distinct, of_row = np.unique(codes, axis=0, return_inverse=True)
        labels = connected(len(distinct), near_pairs(distinct, radius))[of_row.ravel()]
    for places in sorted(groups_of(labels), key=lambda places: int(places[0])):
        yield _group(store, domain, ids[places], codes[places])


def rows_of(store: Store, domain: str) -> tuple[Ids, Codes]:
    """Ids and codes of the live items of a domain."""
    blocks = list(store.live(domain))
    return np.concatenate([b.ids for b in blocks]), np.concatenate([b.codes for b in blocks])


def _scored(
    store: Store, ids: Ids, pairs: Iterator[tuple[Ids, Ids]], min_score: float
) -> Iterator[tuple[Ids, Ids]]:
    """Those pairs whose embeddings are near; pairs without two embeddings are kept."""
    for many_a, many_b in pairs:
        for start in range(0, len(many_a), _SOME):
            a, b = many_a[start : start + _SOME], many_b[start : start + _SOME]
            some, where = np.unique(np.concatenate((a, b)), return_inverse=True)
            rows, present = store.embeddings(ids[some])
            vectors = np.zeros(rows.shape, np.float32)
            vectors[present] = unit(rows[present])
            first, second = where[: len(a)], where[len(a) :]
            scores = np.einsum("ij,ij->i", vectors[first], vectors[second])
            told = np.round(scores.astype(np.float64), DIGITS)
            near = (told >= min_score) | ~(present[first] & present[second])
            yield a[near], b[near]


def connected(count: int, pairs: Iterable[tuple[Ids, Ids]]) -> NDArray[np.int64]:
    """The group of each of `count` places, by what the pairs connect.

    Args:
        count: places.
        pairs: places (p,) and the places (p,) they are connected to.

    Returns:
        Shape (count,), the same number for places of one group.
    """
    labels = np.arange(count)
    waiting: list[tuple[Ids, Ids]] = []
    held = 0
    for pair in pairs:
        waiting.append(pair)
        held += len(pair[0])
        if held >= _MANY:
            labels, waiting, held = linked(labels, waiting), [], 0
    return linked(labels, waiting)


def linked(labels: NDArray[np.int64], pairs: list[tuple[Ids, Ids]]) -> NDArray[np.int64]:
    """Groups (count,), of which those that pairs of places connect have become one."""
    if not any(len(first) for first, _ in pairs):
        return labels
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = (labels[np.concatenate([pair[side] for pair in pairs])] for side in (0, 1))
    size = len(labels)
    graph = coo_array((np.ones(len(a), np.bool_), (a, b)), shape=(size, size))
    fresh: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return fresh[labels]


def groups_of(labels: NDArray[np.int64]) -> Iterator[Ids]:
    """Places of the members of each group of two or more, ascending, by the labels of places."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1, append=-1))
    for start, stop in pairwise(starts.tolist()):
        if stop - start > 1:
            yield order[start:stop]


def _group(store: Store, domain: str, ids: Ids, codes: Codes) -> Group:
    distances = hamming(codes, codes[:1])[:, 0]
    scores = cosines_to_first(store, ids)
    return Group(domain, store.items(ids.tolist()), distances.tolist(), scores)


def cosines_to_first(store: Store, ids: Ids) -> list[float | None]:
    """Cosines of embeddings with that of the first, `None` where there is none."""
    rows, present = store.embeddings(ids)
    if not present[0]:
        return [None] * len(ids)
    vectors = unit(rows[present])
    cosines = iter((vectors @ vectors[0]).tolist())
    return [round(next(cosines), DIGITS) if there else None for there in present.tolist()]
