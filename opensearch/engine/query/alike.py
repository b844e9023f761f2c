"""Copies of one file or item: items that show the same picture or shape, by their imprints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.opener import Opened
from opensearch.engine.filters.naming import wanted_item
from opensearch.engine.filters.selecting import targeted
from opensearch.engine.lifecycle.generations import Generation
from opensearch.engine.query.as_stored import stored_domain
from opensearch.engine.query.copies import matches
from opensearch.engine.query.query import Query
from opensearch.errors import InvalidInput, NotKept
from opensearch.hashing import hamming
from opensearch.model import Model
from opensearch.model.inputs import name_of
from opensearch.records import Hit, Source

_PAGE: Final = 4096
"""Imprints compared at once."""
_MEANING: Final = {
    "where": None,
    "max_distance": None,
    "structure": None,
    "refine": None,
    "score": "rescored",
    "depth": 1000,
}
"""Options that only searches by meaning have, with the values that leave them unset."""
_WHY: Final = {"where": "filter the hits instead"}
_NO_IMPRINT: Final = (
    "nothing is kept to recognise copies by; `Engine.compact()` adds it for items of imports and"
    " of older versions"
)
_ALL_ALIKE: Final = "copies are known by how they look, not by codes or embeddings"


@dataclass(frozen=True)
class _Asked:
    """What to look for copies of: its name, domain, imprint and code (bits // 8,)."""

    name: str
    domain: str
    imprint: bytes
    code: NDArray[np.uint8]
    own_id: int = -1
    opened: tuple[Opened, ...] = ()


def copies_of(
    query: Query, now: Generation, model: Model
) -> tuple[list[Hit], list[str], list[Opened]]:
    """Copies of a query's file or stored item, with remarks and the file opened.

    Exact copies come first, then altered ones, most alike first. The score is the likeness, 0..1,
    and the distance that of the codes. An item is no copy of itself.

    Raises:
        InvalidInput: the query is neither one file nor one item, or asks for more than copies have.
        NotKept: the item has no imprint.
    """
    alone = len(query.files) + len(query.keys) == 1
    if not alone or query.text or query.exclude or query.parts:
        raise InvalidInput(
            "`like` looks for copies of one file or one item: leave out everything else"
        )
    for name, without in _MEANING.items():
        if getattr(query, name) != without:
            raise InvalidInput(
                f"`{name}` cannot be combined with `like`: {_WHY.get(name, _ALL_ALIKE)}"
            )
    store, targets = now.store, targeted(now.store, query.targets)
    now.searcher.refresh()
    asked = _of_item(query.keys[0], now) if query.keys else _of_file(query, now, model)
    ids, notes = _compared(query, asked, now, targets)
    found: list[tuple[bool, float, int, str]] = []
    left_out = 0
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE].tolist()
        imprints = store.imprints(page)
        left_out += imprints.count(b"")
        copies = matches(asked.imprint, imprints)
        for id_, likeness, change, exact in zip(
            page, copies.likeness, copies.changes, copies.exact, strict=True
        ):
            if likeness is not None and likeness >= (query.min_score or 0) and id_ != asked.own_id:
                found.append((not exact, -likeness, id_, change or ""))
    if left_out:
        notes.append(f"of {left_out:,} of {len(ids):,} items {_NO_IMPRINT}")
    found = sorted(found)[: query.k]
    codes = now.searcher.codes(np.array([row[2] for row in found], np.int64), targets)
    distances = hamming(codes, asked.code[None])[:, 0].tolist()
    hits = [
        Hit(rank, i.id, i.key, i.path, i.domain, i.category, distance, -row[1], i.metadata)
        for rank, (i, distance, row) in enumerate(
            zip(store.items([row[2] for row in found]), distances, found, strict=True), start=1
        )
    ]
    hits = [replace(hit, score_kind="likeness") for hit in hits]
    told = [f"{hit.key}: {row[3]}" for hit, row in zip(hits, found, strict=True) if row[3]]
    taken = f"only copies of {asked.name}, taken as a {asked.domain}, are looked for"
    return hits, [taken, *notes, *told], list(asked.opened)


def _compared(
    query: Query, asked: _Asked, now: Generation, targets: list[str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Ids, ascending, of the items that are compared, and a remark where they are not all."""
    every = [np.zeros(0, np.int64), *(now.store.ids(target) for target in targets)]
    count, most = sum(map(len, every)), query.compared
    if most is None or count <= most:
        return np.sort(np.concatenate(every)), []
    nearest = now.searcher.search(asked.code[None], targets, most)[1][0]
    note = f"compared with the {most:,} of {count:,} items that are nearest by code"
    return np.sort(nearest), [note]


def _of_file(query: Query, now: Generation, model: Model) -> _Asked:
    given = query.files[0][0]
    domain = query.source or stored_domain(given, now.store, model.limits)
    with model.readers() as readers:
        source = Source(path=given, key="query", domain=domain)  # type: ignore[arg-type]
        opened = model.opened_input(readers, given, source, None)
    vector = model.bundle.encoder(opened.domain).embed(opened.reading.views[None])
    code = model.hasher.encode(vector, opened.domain)[0]
    imprint = opened.imprint
    return _Asked(name_of(given), opened.domain, imprint, code, opened=(opened,))


def _of_item(key: str, now: Generation) -> _Asked:
    item = wanted_item(now.store, key)
    imprint = now.store.imprints([item.id])[0]
    if not imprint:
        raise NotKept(
            f"no imprint is kept of item {key!r} to find its copies by; `Engine.compact()` makes"
            " it if the file is still where it was"
        )
    code = now.searcher.codes(np.array([item.id]), [item.domain])[0]
    return _Asked(item.key, item.domain, imprint, code, item.id)
