"""Exact search of one query through tables of chunks, where that is cheaper than a flat one.

Codes within distance r of a query differ from it in at most r // m bits of one of the m chunks,
and in fewer of those before it. Step by step each chunk is looked up with one more bit flipped,
and after step s all rows within s are known. The search ends once the k-th of them is no
farther: it is then the answer, ties included. The cost of every step is estimated first: when the
rows in its buckets cost too much, the query is searched flat.

Source: Norouzi, Punjani, Fleet, CVPR 2012, sections 2 and 3. The cost estimate is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.search import base, hamming
from opensearch.search.backends import chunk_tables
from opensearch.search.backends.backend import Backend, Place, Structure
from opensearch.search.backends.chunk_tables import Chunk, Tables, lanes, values
from opensearch.search.hamming import Codes, Distances, Ids, Segment

Places = NDArray[np.int64]

SHARE = 0.25
"""What tables may cost a query that ends up searched flat, as a share of that search."""

STEP_COST, PROBE_COST, ROW_COST = 100_000, 50, 30
"""Of a step, a look into a bucket, and a row found there; in rows of 8 bytes of a flat search,
which takes 0.4 ns for one. Fitted at 10 M x 64 and 128 bits."""

SCATTERED = 3
"""How much more a row costs when the table has no copy of its code."""

ALL = 2**62


class TableStructure(Structure):
    """The tables of a domain's base, and the search through them."""

    recall = 1.0

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.count = tables.count

    def nearest(self, queries: Codes, parts: list[Segment], k: int) -> tuple[Distances, Ids]:
        """One query through tables where that is cheaper; many are searched flat."""
        if len(queries) > 1:
            return hamming.nearest(queries, parts, k)
        sought = Sought(queries, k, 8 * queries.shape[1])
        found, rest = _through_tables(sought, parts, self.tables)
        distances, ids = hamming.nearest(queries, rest, k)
        if found is None:
            return distances, ids
        distances, ids = hamming.merge([found, (distances[0], ids[0])])
        return distances[None, :k], ids[None, :k]

    def within(self, query: Codes, parts: list[Segment], radius: int) -> tuple[Distances, Ids]:
        """As `hamming.within`, through tables where that is cheaper."""
        found, rest = _through_tables(Sought(query, ALL, radius), parts, self.tables)
        flat = hamming.within(query, rest, radius)
        return flat if found is None else hamming.merge([found, flat])

    @property
    def whole(self) -> bool:
        """Whether all files of the tables are as long as they were."""
        return all(base.whole(chunk.rows) for chunk in self.tables.chunks)

    def agrees(self, codes: Codes) -> bool:
        """Whether the tables are those of these codes; they are rebuilt to compare."""
        return chunk_tables.agrees(self.tables, codes)


class MultiIndex(Backend):
    """Tables of chunks, built automatically from `chunk_tables.FEWEST` rows on."""

    exact = True
    automatic = True
    summary = "tables of chunks"

    def due(self, rows: int, covered: int) -> bool:
        """Whether tables over `covered` rows are to be rebuilt for so many rows."""
        return chunk_tables.due(rows, covered)

    def build(self, place: Place, codes: Codes, seed: int = 0) -> TableStructure:
        """Sort the rows by each chunk of their codes, one chunk after the other."""
        place = _place(place)
        chunk_tables.save(place, codes)
        made = chunk_tables.load(place, codes)
        assert made is not None, "tables that were written whole"
        return TableStructure(made)

    def load(self, place: Place, codes: Codes) -> TableStructure | None:
        """Map the files into memory."""
        made = chunk_tables.load(_place(place), codes)
        return None if made is None else TableStructure(made)

    def about(self, place: Place) -> dict[str, Any] | None:
        """Rows covered, and where codes are cut."""
        return _place(place).read()

    def drop(self, place: Place) -> None:
        """Remove the tables."""
        _place(place).drop()


def _place(place: Place) -> Place:
    """In file names the structure is called by what it is made of."""
    return replace(place, name="tables")


@dataclass(frozen=True, slots=True)
class Sought:
    """One query: its code (1, bytes), the k nearest rows within a radius (inclusive)."""

    code: Codes
    k: int
    radius: int


def _through_tables(
    sought: Sought, parts: list[Segment], tables: Tables
) -> tuple[tuple[Distances, Ids] | None, list[Segment]]:
    """What the tables of the first part give, and the parts that are left to search flat."""
    if not parts or len(parts[0].ids) < tables.count:
        return None, parts
    first, *others = parts
    found = look_up(sought, first, tables)
    return (None, parts) if found is None else (found, [first.past(tables.count), *others])


def look_up(sought: Sought, rows: Segment, tables: Tables) -> tuple[Distances, Ids] | None:
    """The rows sought among those of the tables, with all ties at the last distance.

    Returns:
        Distances and ids in no order; `None` when a flat search is cheaper.
    """
    width = sought.code.shape[1] / 8
    budget = SHARE * tables.count * width
    found = _Found(sought.k, sought.radius)
    for flips, order, chunk in _steps(tables):
        budget -= STEP_COST + PROBE_COST * comb(chunk.high - chunk.low, flips)
        if budget < 0:
            return None
        starts, counts = _buckets(chunk, sought.code, flips)
        row_cost = ROW_COST * (1 + width) / 2 * (1 if chunk.sorted else SCATTERED)
        budget -= row_cost * int(counts.sum())
        if budget < 0:
            return None
        found.add(*_measured(chunk, sought.code, _ranges(starts, counts), found.limit), rows.masked)
        if found.limit <= len(tables.chunks) * flips + order:
            return found.distances, rows.ids[found.places]
    return found.distances, rows.ids[found.places]


@dataclass(slots=True)
class _Found:
    """The nearest rows so far; those beyond `limit` are of no more use."""

    k: int
    limit: int
    places: Places = field(default_factory=lambda: np.zeros(0, np.int64))
    distances: Distances = field(default_factory=lambda: np.zeros(0, np.int32))

    def add(self, places: Places, distances: Distances, masked: Places) -> None:
        """Take in the rows of one step, each once; a step before may have had them."""
        if len(masked):
            at = np.minimum(np.searchsorted(masked, places), len(masked) - 1)
            live = masked[at] != places
            places, distances = places[live], distances[live]
        self._lower(distances)
        near = distances <= self.limit
        places = np.concatenate((self.places, places[near]))
        self.places, first = np.unique(places, return_index=True)
        self.distances = np.concatenate((self.distances, distances[near]))[first]
        self._lower(self.distances)
        near = self.distances <= self.limit
        self.places, self.distances = self.places[near], self.distances[near]

    def _lower(self, distances: Distances) -> None:
        if len(distances) >= self.k:
            self.limit = min(self.limit, int(np.partition(distances, self.k - 1)[self.k - 1]))


def _steps(tables: Tables) -> Iterator[tuple[int, int, Chunk]]:
    """Bits to flip and chunks: after the step (s, j) all rows within m s + j are known."""
    widest = max(chunk.high - chunk.low for chunk in tables.chunks)
    for flips in range(widest + 1):
        for order, chunk in enumerate(tables.chunks):
            yield flips, order, chunk


def _buckets(chunk: Chunk, code: Codes, flips: int) -> tuple[Places, Places]:
    """Starts and sizes of the buckets of values that differ from the query's in so many bits."""
    value = int(values(code, chunk.low, chunk.high)[0])
    flipped = value ^ _masks(chunk.high - chunk.low, flips)
    starts = chunk.starts[flipped].astype(np.int64)
    return starts, chunk.starts[flipped + 1] - starts


@lru_cache(maxsize=64)
def _masks(width: int, flips: int) -> Places:
    """All numbers of `width` bits of which `flips` are set."""
    chosen = combinations([1 << bit for bit in range(width)], flips)
    return np.fromiter((sum(bits) for bits in chosen), np.int64)


def _ranges(starts: Places, counts: Places) -> Places:
    """The numbers from each start on, as many as its count, one after the other."""
    full = np.flatnonzero(counts)
    starts, counts = starts[full], counts[full]
    if not len(full):
        return starts
    steps = np.ones(int(counts.sum()), np.int64)
    steps[0] = starts[0]
    steps[np.cumsum(counts)[:-1]] = starts[1:] - starts[:-1] - counts[:-1] + 1
    return np.cumsum(steps, out=steps)


def _measured(chunk: Chunk, code: Codes, at: Places, limit: int) -> tuple[Places, Distances]:
    """Rows at these places of a table that lie within `limit`, with their distances."""
    rows = at if chunk.sorted else chunk.rows[at].astype(np.int64)
    bits = np.bitwise_count(np.take(chunk.lanes, rows, axis=0) ^ lanes(code))
    distances = bits[:, 0].astype(np.int32)
    for lane in range(1, bits.shape[1]):  # faster than a sum over so short an axis
        distances += bits[:, lane]
    near = np.flatnonzero(distances <= limit)
    rows = chunk.rows[at[near]].astype(np.int64) if chunk.sorted else rows[near]
    return rows, distances[near]
