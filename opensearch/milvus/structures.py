"""Approximate structures over the codes, built and searched by the server where it has them.

Each is a collection of its own, so that exact searches stay exact. Its rows are those that were
there when it was built; later ones are searched exactly beside it, deleted ones are deleted in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus import schema
from opensearch.milvus.books import Shelf
from opensearch.milvus.nearest import MOST, merged, nearest, pairs_of
from opensearch.milvus.rows import among, joined
from opensearch.milvus.state import State
from opensearch.search.hamming import FAR, Codes, Distances, Ids

if TYPE_CHECKING:
    from opensearch.milvus.store import MilvusStore

RECALL: Final = 0.95
"""The effort of a structure is doubled until its recall@10 reaches this, or it looks at all."""

K: Final = 10
QUERIES: Final = 200
FLIPPED: Final = 0.05
"""Recall is measured on `QUERIES` stored codes, each bit flipped with this chance."""

_LINKS: Final = 16
_MOST_EFFORT: Final = 4096


class Structures:
    """The approximate structures of one store."""

    def __init__(self, store: MilvusStore) -> None:
        self._store = store

    def check(self, state: State, domains: Sequence[str], name: str | None) -> str | None:
        """The name of a structure that can be searched, `None` for an exact search.

        Raises:
            InvalidInput: an unknown name, or one that was never built.
        """
        if name is None:
            return None
        _known(name)
        if name not in state.books.structures:
            raise InvalidInput(
                f"{', '.join(map(repr, domains))} has no structure {name!r}; make it with"
                f" `Engine.build_structure({name!r})`, or search without one"
            )
        return name

    def nearest(
        self, state: State, name: str, queries: Codes, domains: Sequence[str], k: int,
        exclude: Iterable[int] | None,
    ) -> tuple[Distances, Ids]:  # fmt: skip
        """The k nearest, by a structure and, among the rows it does not cover, by exact search."""
        made = state.books.structures[name]
        held = [domain for domain in domains if domain in made["domains"]]
        left_out = [int(id_) for id_ in exclude] if exclude is not None else []
        without = f"id not in {left_out}" if left_out else ""
        effort = max((made["domains"][domain]["effort"] for domain in held), default=0)
        found = []
        if held:
            passing = joined(_targeted(state, held), without)
            found.append(_search(state, name, queries, passing, min(k, MOST), effort))
        rest = [domain for domain in domains if domain not in held]
        newer = joined(_targeted(state, held), f"id >= {made['next_id']}") if held else ""
        others = _targeted(state, rest)
        for part in (newer, others):
            if part:
                found.append(nearest(state, queries, joined(part, without), k))
        nothing = np.zeros((len(queries), 0), np.int32), np.zeros((len(queries), 0), np.int64)
        return merged([nothing, *found], k)

    def build(self, name: str, seed: int) -> dict[str, float]:
        """Build a structure of all rows there are; recall@10 by domain.

        Raises:
            InvalidInput: an unknown name.
            StoreError: the server has no such index of binary vectors.
        """
        _known(name)
        with self._store.frozen():
            state = self._store.state
            self._forget(name)
            self._copied(state, name)
            made: dict[str, dict[str, Any]] = {}
            for domain, count in state.meta.counts.items():
                if count:
                    made[domain] = _measured(state, name, domain, seed)
            shelf, fresh = Shelf(state.link), self._store.state
            fresh.books.structures[name] = {"next_id": state.meta.next_id, "domains": made}
            shelf.write_books(fresh.books)
        return {domain: about["recall"] for domain, about in made.items()}

    def drop(self) -> None:
        """Remove all of them."""
        with self._store.frozen():
            for name in list(self._store.state.books.structures):
                self._forget(name)

    def _forget(self, name: str) -> None:
        state = self._store.state
        if state.books.structures.pop(name, None) is not None:
            Shelf(state.link).write_books(state.books)
        state.link.drop(schema.structure(state.link.name, name))

    def _copied(self, state: State, name: str) -> None:
        """Copy all codes into a new collection and wait for its index."""
        rows = sum(state.meta.counts.values())
        lists = max(1, min(int(4 * np.sqrt(rows)), rows // 40))
        params = {"hnsw": {"M": _LINKS, "efConstruction": 200}, "ivf": {"nlist": lists}}[name]
        try:
            made = schema.create_structure(state.link, name, state.meta.bits, **params)
        except StoreError as error:
            raise StoreError(
                f"{state.link.server} has no index {schema.KINDS[name]} of binary vectors"
                f" ({error}); a server has BIN_IVF_FLAT from 2.3 on. Exact searches need none"
            ) from error
        for number, domain in enumerate(state.meta.domains):
            for block in state.blocks(domain, -1):
                pairs = zip(block.ids.tolist(), block.codes, strict=True)
                state.link.insert(
                    made, [{"id": i, "code": c.tobytes(), "domain": number} for i, c in pairs]
                )
        state.link.flush(made)
        state.link.wait_for_index(made)


def _known(name: str) -> None:
    if name not in schema.KINDS:
        raise InvalidInput(f"unknown structure {name!r}; known: {', '.join(schema.KINDS)}")


def _targeted(state: State, domains: Sequence[str]) -> str:
    """An expression for domains; empty for none."""
    names = state.meta.domains
    numbers = [names.index(domain) for domain in domains if domain in names]
    return among("domain", numbers) if numbers else ""


def _search(
    state: State, name: str, queries: Codes, passing: str, k: int, effort: int
) -> tuple[Distances, Ids]:
    """The k nearest by a structure."""
    params = {"hnsw": {"ef": max(effort, k)}, "ivf": {"nprobe": effort}}[name]
    collection = schema.structure(state.link.name, name)
    codes = [query.tobytes() for query in queries]
    found = pairs_of(state.link.search(collection, codes, passing, k, params))
    distances = np.full((len(queries), k), FAR, np.int32)
    ids = np.full((len(queries), k), -1, np.int64)
    for row, pairs in enumerate(found):
        distances[row, : len(pairs)], ids[row, : len(pairs)] = pairs[:, 0], pairs[:, 1]
    return distances, ids


def _measured(state: State, name: str, domain: str, seed: int) -> dict[str, Any]:
    """Rows, effort and recall@10 of a structure in one domain."""
    chance = np.random.default_rng(seed)
    ids = state.ids_where(state.in_domain(domain) or "")
    some = chance.choice(ids, min(QUERIES, len(ids)), replace=False).tolist()
    raw = state.codes(some)
    stored = np.stack([np.frombuffer(raw[id_], np.uint8) for id_ in some])
    flips = np.packbits(chance.random((len(stored), 8 * stored.shape[1])) < FLIPPED, axis=1)
    queries = stored ^ flips
    passing = state.in_domain(domain) or ""
    wanted = nearest(state, queries, passing, min(K, len(ids)))[0]
    effort, most = 16, min(_MOST_EFFORT, max(16, len(ids)))
    while True:
        found = _search(state, name, queries, passing, min(K, len(ids)), effort)[0]
        recall = float((found <= wanted.max(axis=1, keepdims=True)).mean())
        if recall >= RECALL or effort >= most:
            return {"rows": len(ids), "effort": effort, "recall": recall}
        effort = min(2 * effort, most)
