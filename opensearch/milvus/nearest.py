"""The nearest rows in order of (distance, id), where the server cuts ties as it likes.

More is asked for than is wanted. Where even that ends within a shell of one distance, the shell is
asked for by itself, and where it is larger than a server gives at once, by ranges of ids. Distances
of BIN_FLAT are exact, so the result is that of a flat search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from opensearch.milvus import schema
from opensearch.milvus.rows import joined
from opensearch.milvus.state import State
from opensearch.search.hamming import Codes, Distances, Ids, merge

MOST: Final = 16_000
"""Rows asked for at once; servers give 16,384 at most, Milvus Lite one less."""

_TOGETHER: Final = 64
"""Queries of one message."""
_MARGIN: Final = 64
"""Rows asked for beyond those wanted: ties at the last distance are cut here."""


def nearest(state: State, queries: Codes, expression: str, k: int) -> tuple[Distances, Ids]:
    """The k nearest rows that pass an expression, for each query; short rows end with id -1.

    Args:
        state: whose rows.
        queries: codes (n, bytes).
        expression: of Milvus, empty for all rows.
        k: at least 1.
    """
    passing = joined(state.visible, expression)
    if k > MOST // 2:
        found = [_by_ranges(state, query, passing)[:k] for query in queries]
    else:
        found = _at_once(state, queries, passing, k)
    width = max((len(rows) for rows in found), default=0)
    distances = np.full((len(queries), width), np.iinfo(np.int32).max, np.int32)
    ids = np.full((len(queries), width), -1, np.int64)
    for row, pairs in enumerate(found):
        if len(pairs):
            distances[row, : len(pairs)], ids[row, : len(pairs)] = pairs[:, 0], pairs[:, 1]
    return distances, ids


def shell(state: State, query: Codes, expression: str, distance: int) -> Ids:
    """All rows at exactly this distance of a query (bytes,), ascending."""
    passing = joined(state.visible, expression)
    pairs = _search(state, query[None], passing, MOST, _only(distance))[0]
    if len(pairs) < MOST:
        return pairs[:, 1]
    parts = [pairs[:0, 1], *_shell_by_ranges(state, query, passing, distance)]
    return np.concatenate(parts)


def _at_once(state: State, queries: Codes, passing: str, k: int) -> list[Ids]:
    """Pairs (distance, id) of the k nearest of each query, in order."""
    limit = min(MOST, max(4 * k, k + _MARGIN))
    found = []
    for start in range(0, len(queries), _TOGETHER):
        part = queries[start : start + _TOGETHER]
        for query, pairs in zip(part, _search(state, part, passing, limit), strict=True):
            cut = len(pairs) == limit and pairs[-1, 0] == pairs[k - 1, 0]
            found.append(_settled(state, query, passing, pairs, k) if cut else pairs[:k])
    return found


def _settled(state: State, query: Codes, passing: str, pairs: Ids, k: int) -> Ids:
    """The k nearest where the shell of the last one is larger than what was asked for."""
    distance = int(pairs[k - 1, 0])
    inside = pairs[pairs[:, 0] < distance]
    wanted = k - len(inside)
    ties = _search(state, query[None], passing, MOST, _only(distance))[0]
    if len(ties) == MOST:
        lowest: list[Ids] = []
        for ids in _shell_by_ranges(state, query, passing, distance):
            lowest.append(ids)
            if sum(map(len, lowest)) >= wanted:
                break
        ids = np.concatenate(lowest)
        ties = np.stack((np.full(len(ids), distance), ids), axis=1)
    return np.concatenate((inside, ties[:wanted]))


def _shell_by_ranges(state: State, query: Codes, passing: str, distance: int) -> Iterator[Ids]:
    """The rows of a shell, ascending, in ranges of ids that are narrowed until one is whole."""
    low, width, stop = 0, MOST, state.meta.next_id
    while low < stop:
        within = joined(passing, f"id >= {low}", f"id < {low + width}")
        pairs = _search(state, query[None], within, MOST, _only(distance))[0]
        if len(pairs) == MOST and width > MOST:
            width //= 2
            continue
        yield pairs[:, 1]
        low += width
        width *= 2 if len(pairs) < MOST // 4 else 1


def _by_ranges(state: State, query: Codes, passing: str) -> Ids:
    """All rows that pass as pairs in order, asked for in ranges of ids."""
    parts = [np.zeros((0, 2), np.int64)]
    for low in range(0, state.meta.next_id, MOST):
        within = joined(passing, f"id >= {low}", f"id < {low + MOST}")
        parts.append(_search(state, query[None], within, MOST)[0])
    return _ordered(np.concatenate(parts))


def _search(
    state: State, queries: Codes, passing: str, limit: int, params: dict[str, Any] | None = None
) -> list[Ids]:
    """Pairs (distance, id) of each query, in order."""
    name = schema.items(state.link.name)
    codes = [query.tobytes() for query in queries]
    return pairs_of(state.link.search(name, codes, passing, limit, params or {}))


def pairs_of(found: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Ids]:
    """Answers of a server as pairs (distance, id), in order."""
    return [
        _ordered(np.array([distances, ids], np.int64).reshape(2, -1).T) for ids, distances in found
    ]


def _ordered(pairs: Ids) -> Ids:
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _only(distance: int) -> dict[str, Any]:
    """Search parameters for all rows at one distance: `radius` is exclusive, `range_filter` not."""
    return {"radius": float(distance + 1), "range_filter": float(distance)}


def merged(found: Sequence[tuple[Distances, Ids]], k: int) -> tuple[Distances, Ids]:
    """The k nearest of several results, side by side."""
    distances, ids = merge(list(found))
    return distances[:, :k], ids[:, :k]
