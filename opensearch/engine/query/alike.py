"""Copies of one file: items that show the same picture or shape, by their imprints."""

from __future__ import annotations

import numpy as np

from opensearch.engine.lifecycle.generations import Generation
from opensearch.engine.query.copies import matches
from opensearch.engine.query.query import Query
from opensearch.engine.query.selecting import targeted
from opensearch.errors import InvalidInput
from opensearch.model import Model
from opensearch.model.inputs import name_of
from opensearch.records import Hit, Source

_PAGE = 4096
"""Imprints compared at once."""


def copies_of(query: Query, now: Generation, model: Model) -> tuple[list[Hit], list[str]]:
    """Items that are copies of a query's file, and what was done to them, in remarks.

    Exact copies come first, then altered ones, likest first. The score is the likeness, 0..1, and
    the distance that of codes.

    Raises:
        InvalidInput: the query is not one file, or asks for more than copies have.
    """
    if len(query.files) != 1 or query.text or query.keys or query.exclude or query.parts:
        raise InvalidInput("copies are looked for by one file alone: leave out what else is asked")
    if query.where is not None:
        raise InvalidInput("`where` does not go with `like`: filter what comes")
    given = query.files[0][0]
    with model.readers() as readers:
        source = Source(path=given, key="query", domain=query.source)  # type: ignore[arg-type]
        opened = model.opened_input(readers, given, source, None)
    vector = model.bundle.encoder(opened.domain).embed(opened.reading.views[None])
    code = model.hasher.encode(vector, opened.domain)[0]
    store, targets = now.store, targeted(now.store, query.targets)
    ids = np.sort(np.concatenate([np.zeros(0, np.int64), *(store.ids(t) for t in targets)]))
    found: list[tuple[bool, float, int, str]] = []
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE].tolist()
        for id_, likeness, change, exact in zip(
            page, *matches(opened.imprint, store.imprints(page)), strict=True
        ):
            if likeness is not None and likeness >= (query.min_score or 0):
                found.append((not exact, -likeness, id_, change or ""))
    found = sorted(found)[: query.k]
    now.searcher.refresh()
    codes = now.searcher.codes(np.array([row[2] for row in found], np.int64), targets)
    distances = np.unpackbits(codes ^ code, axis=1).sum(axis=1).tolist()
    hits = [
        Hit(rank, i.id, i.key, i.path, i.domain, i.category, distance, -row[1], i.metadata)
        for rank, (i, distance, row) in enumerate(
            zip(store.items([row[2] for row in found]), distances, found, strict=True), start=1
        )
    ]
    notes = [f"{hit.key}: {row[3]}" for hit, row in zip(hits, found, strict=True) if row[3]]
    notes.insert(0, f"{name_of(given)} is looked for as a {opened.domain}, by its copies alone")
    return hits, notes
