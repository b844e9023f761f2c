"""Many queries at once: their files are embedded together; or ready codes, without records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.filters.selecting import targeted
from opensearch.engine.lifecycle.generations import Generations
from opensearch.engine.query.answering import answer
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.as_stored import firm, stored_domain
from opensearch.engine.query.query import Query, without_exact
from opensearch.errors import OpenSearchError
from opensearch.limits import Limits
from opensearch.model import Model
from opensearch.model.ahead import Ahead, Asked
from opensearch.store import again

CHUNK: Final = 64
"""Queries whose files are embedded together, and held in memory."""


def answer_many(
    queries: Sequence[Query], generations: Generations, model: Model
) -> Iterator[Answer | OpenSearchError]:
    """The answer to each query, in order, or why there is none."""
    for start in range(0, len(queries), CHUNK):
        chunk = queries[start : start + CHUNK]
        ahead = Ahead(model, _inputs(chunk, generations, model.limits))
        for query in chunk:
            try:
                yield again(lambda: answer(query, generations, model, ahead.embed_one))  # noqa: B023 - called at once
            except OpenSearchError as error:
                yield error


def _inputs(queries: Sequence[Query], generations: Generations, limits: Limits) -> list[Asked]:
    """What queries are asked by, each with the domain that it will be embedded as."""
    try:
        store = generations.current().store
    except OpenSearchError:
        return []  # each query is told why
    return [
        (given, query.source or firm(stored_domain(given, store, limits)), query.up)
        for query in queries
        for given in (*(each for each, _ in query.files), *query.exclude)
        if query.like != "exact"
    ]


def search_codes(
    generations: Generations,
    codes: NDArray[np.uint8],
    targets: Sequence[str],
    k: int,
    structure: str | None,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Distances and ids of the nearest items of codes; see `Engine.search_batch`."""
    now, name = generations.current(), without_exact(structure)

    def search() -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        with now.store.snapshot():
            now.searcher.refresh()
            domains = targeted(now.store, targets)
            return now.searcher.search(codes, domains, k, name)

    return again(search)
