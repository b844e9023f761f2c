"""Search of an index in Milvus by the server; keeps the `CodeSearch` protocol."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from opensearch.errors import InvalidInput
from opensearch.milvus.nearest import merged, nearest, shell
from opensearch.milvus.rows import among, joined
from opensearch.milvus.state import State
from opensearch.milvus.store import MilvusStore
from opensearch.milvus.structures import Structures
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Mask, checked, scattered
from opensearch.search.protocol import Shells

MOST_PADDED: Final = 2**27
"""Places of a result that hold no item, at most: 1.5 GiB."""

_RUNS: Final = 500
"""Ranges of ids that an expression may hold."""
_LISTED: Final = 16_384
"""Ids that an expression may hold."""


class MilvusSearch:
    """Hamming search by a server; each thread searches the books that it last refreshed to."""

    def __init__(self, store: MilvusStore) -> None:
        self._store = store
        self._structures = Structures(store)
        self._local = threading.local()

    def refresh(self) -> None:
        """See what the store holds now."""
        self._local.state = self._store.state

    def fold(self) -> None:
        """Nothing: the server builds its own files."""

    def problems(self) -> list[str]:
        """None: the server sees to its own files."""
        return []

    def search(
        self,
        codes: Codes,
        domains: Sequence[str],
        k: int,
        structure: str | None = None,
        *,
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """As `CodeSearch.search`."""
        if k < 1:
            raise InvalidInput(f"a search needs k of 1 or more, got {k}")
        state, queries = self._state, checked(codes, self._bits)
        k, shape = min(k, max(1, sum(state.meta.counts.values()))), (len(queries), k)
        known = self._structures.check(state, domains, structure)
        if known is not None and within is None:
            found = [self._structures.nearest(state, known, queries, domains, k, exclude)]
        else:
            passing = _expressions(state, domains, exclude, within)
            found = [nearest(state, queries, each, k) for each in passing]
        return _padded(found, shape)

    def shells(
        self,
        code: Codes,
        domains: Sequence[str],
        at_least: int,
        cap: int,
        structure: str | None = None,
        *,
        within: Iterable[int] | Mask | None = None,
        exclude: Iterable[int] | None = None,
    ) -> Shells:
        """As `CodeSearch.shells`."""
        if not 1 <= at_least <= cap:
            raise InvalidInput(f"shells need 1 <= at_least <= cap, got {at_least} and {cap}")
        state, query = self._state, checked(np.asarray(code)[None], self._bits)
        wanted = max(1, min(at_least, sum(state.meta.counts.values())))
        left_out = None if exclude is None else list(exclude)
        if within is not None and not isinstance(within, np.ndarray):
            within = list(within)
        near, ids = self.search(query, domains, wanted, structure, exclude=left_out, within=within)
        held = ids[0] >= 0
        distances, found = near[0][held], ids[0][held]
        if (structure is not None and within is None) or not len(found):
            return Shells(distances, found, sampled=False)
        return self._whole(state, query[0], (distances, found), domains, cap, within, left_out)

    def _whole(
        self,
        state: State,
        query: Codes,
        found: tuple[Distances, Ids],
        domains: Sequence[str],
        cap: int,
        within: Iterable[int] | Mask | None,
        exclude: Iterable[int] | None,
    ) -> Shells:
        """The shells of what was found, the last one whole, or an even sample of it."""
        radius = int(found[0][-1])
        inner = int(np.searchsorted(found[0], radius))
        parts = [
            shell(state, query, each, radius)
            for each in _expressions(state, domains, exclude, within)
        ]
        last = np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
        sampled = inner + len(last) > cap
        if sampled:
            order = np.argsort(scattered(last), kind="stable")[: cap - inner]
            last = last[np.sort(order)]
        distances = np.concatenate((found[0][:inner], np.full(len(last), radius, np.int32)))
        return Shells(distances, np.concatenate((found[1][:inner], last)), sampled)

    def codes(self, ids: Ids, domains: Sequence[str]) -> Codes:
        """As `CodeSearch.codes`."""
        wanted = [int(id_) for id_ in ids]
        found = self._state.codes(wanted)
        for id_ in wanted:
            if id_ not in found:
                raise InvalidInput(f"no item of {', '.join(domains)} has the id {id_}")
        raw = b"".join(found[id_] for id_ in wanted)
        return np.frombuffer(raw, np.uint8).reshape(len(wanted), self._bits // 8)

    def build(self, structure: str, seed: int = 0) -> dict[str, float]:
        """As `CodeSearch.build`; the server builds and keeps it."""
        return self._structures.build(structure, seed)

    def built(self) -> list[str]:
        """Names of the structures that were built."""
        return sorted(self._state.books.structures)

    def recalls(self, structure: str, domains: Sequence[str]) -> dict[str, float]:
        """Recall@10 by those of the domains that have this structure."""
        made = self._state.books.structures.get(structure, {}).get("domains", {})
        return {domain: made[domain]["recall"] for domain in domains if domain in made}

    def drop(self) -> None:
        """Remove all structures that were built."""
        self._structures.drop()

    def info(self) -> dict[str, dict[str, Any]]:
        """How each domain is searched, and the structures over it."""
        books = self._state.books
        return {
            domain: {
                "exact": f"BIN_FLAT of {self._store.link.server}",
                **{
                    name: made["domains"][domain]
                    for name, made in books.structures.items()
                    if domain in made["domains"]
                },
            }
            for domain in books.meta.domains
        }

    @property
    def _state(self) -> State:
        """What this thread has refreshed to."""
        if getattr(self._local, "state", None) is None:
            self.refresh()
        state: State = self._local.state
        return state

    @property
    def _bits(self) -> int:
        return self._state.meta.bits


def _expressions(
    state: State,
    domains: Sequence[str],
    exclude: Iterable[int] | None,
    within: Iterable[int] | Mask | None,
) -> list[str]:
    """Expressions, of which each row that is searched passes exactly one; none where no row can."""
    names = state.meta.domains
    numbers = sorted({names.index(domain) for domain in domains if domain in names})
    if not numbers:
        return []
    targeted = "" if len(numbers) == len(names) else among("domain", numbers)
    known = state.meta.next_id
    unwanted = () if exclude is None else exclude
    left_out = sorted({int(id_) for id_ in unwanted if 0 <= id_ < known})
    if within is None and len(left_out) <= _LISTED:
        parts = [f"id not in {left_out}"] if left_out else [""]
    else:
        allowed = _mask(state, within)
        allowed[left_out] = False
        parts = _passing(allowed)
    return [joined(targeted, part) for part in parts]


def _mask(state: State, within: Iterable[int] | Mask | None) -> Mask:
    """Which ids are searched, with a place for every id given yet."""
    allowed = np.zeros(state.meta.next_id, np.bool_)
    if within is None:
        allowed[:] = True
    elif isinstance(within, np.ndarray) and within.dtype == np.bool_:
        count = min(len(within), len(allowed))
        allowed[:count] = within[:count]
    else:
        ids = np.array([int(id_) for id_ in within], np.int64)
        allowed[ids[(ids >= 0) & (ids < len(allowed))]] = True
    return allowed


def _passing(allowed: Mask) -> list[str]:
    """Expressions for the ids of a mask: ranges where they are few, else ids, in several parts."""
    edges = np.flatnonzero(np.diff(allowed, prepend=False, append=False))
    starts, stops = edges[::2].tolist(), edges[1::2].tolist()
    if len(starts) <= _RUNS:
        ranges = [f"(id >= {a} and id < {b})" for a, b in zip(starts, stops, strict=True)]
        return [" or ".join(ranges)] if ranges else []
    ids = np.flatnonzero(allowed)
    return [among("id", ids[at : at + _LISTED].tolist()) for at in range(0, len(ids), _LISTED)]


def _padded(
    found: Sequence[tuple[Distances, Ids]], shape: tuple[int, int]
) -> tuple[Distances, Ids]:
    """The nearest of several results, in exactly this shape.

    Raises:
        InvalidInput: that shape is far larger than what was found.
    """
    nothing = np.zeros((shape[0], 0), np.int32), np.zeros((shape[0], 0), np.int64)
    distances, ids = merged([nothing, *found], shape[1])
    there = ids.shape[1]
    if shape[0] * (shape[1] - there) > MOST_PADDED:
        raise InvalidInput(
            f"k must be near the number of items: {shape[0]} queries for {shape[1]} hits each would"
            f" fill {shape[0] * shape[1] * 12 / 2**30:.1f} GiB with nothing; there are only"
            f" {max(there, 1)} hits"
        )
    missing = [(0, 0), (0, shape[1] - there)]
    return (
        np.pad(distances, missing, constant_values=FAR),
        np.pad(ids, missing, constant_values=-1),
    )
