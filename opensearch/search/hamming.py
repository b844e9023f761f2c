"""Exact Hamming search over packed codes, in arrays or in memory-mapped files.

Two ways to the same result, ties always in order of position: chunks, whose distances come from
faiss and whose nearest are chosen here, and the heap of faiss, which breaks ties the same way.
Measured at 1 M rows and k = 10, one query on one thread: chunks take 0.38 ms at 64 bits where
`faiss.IndexBinaryFlat` and the heap take 0.49; at other widths the heap is the faster one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput

if TYPE_CHECKING:
    from opensearch.search.backends.backend import Structure

Codes: TypeAlias = NDArray[np.uint8]
Distances: TypeAlias = NDArray[np.int32]
Ids: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

FAR = np.iinfo(np.int32).max
"""Distance of a row that is masked, or of a place in the result that is empty."""

_FIRST_CHUNK = 2**12
_CHUNK = 2**17
"""Rows measured at once: their distances stay in the cache. The first chunk is smaller: it only
finds a bound that rules out most rows of the next ones."""

_HEAPED = 2**21
"""Rows that many queries search by the heap of faiss: it starts faster, chunks continue faster."""

_QUICK = 8
"""Bytes of a code for which chunks are faster than the heap for a few queries as well; at 4 and
at 16 to 64 bytes they take 1.2 to 1.3 times as long."""

FEW_ROWS = 2**16
"""Rows that are measured at once for their shells: in one pass where chunks take two."""

_TOGETHER = 8
"""Queries measured at once, so that a chunk of codes is read from memory once for all."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of rows of a domain: ids (n,) ascending, codes (n, bytes), places (m,) to leave out.

    `structure` covers the first of them, where an exact backend has built one.
    """

    ids: Ids
    codes: Codes
    masked: NDArray[np.int64]
    structure: Structure | None = None

    def past(self, count: int) -> Segment:
        """The rows behind the first `count`."""
        masked = self.masked[np.searchsorted(self.masked, count) :] - count
        return Segment(self.ids[count:], self.codes[count:], masked)

    def passing(self, mask: Mask) -> Segment:
        """The rows that a mask with a place an id lets pass, masked ones left out.

        A mask that leaves out few rows costs no copy of the others.
        """
        keep: NDArray[np.bool_] = np.take(mask, self.ids)
        keep[self.masked] = False
        if 2 * np.count_nonzero(keep) > len(keep):
            return Segment(self.ids, self.codes, np.flatnonzero(~keep), self.structure)
        at = np.flatnonzero(keep)
        return Segment(self.ids[at], np.take(self.codes, at, axis=0), self.masked[:0])

    def only(self, ids: Ids) -> Segment:
        """The rows of these sorted ids, masked ones left out."""
        at = places(self.ids, ids)
        if len(self.masked):
            at = at[np.isin(at, self.masked, assume_unique=True, invert=True)]
        return Segment(self.ids[at], np.take(self.codes, at, axis=0), self.masked[:0])

    def without(self, ids: Ids) -> Segment:
        """The same rows with those of these sorted ids masked too."""
        masked = ascending(np.concatenate((self.masked, places(self.ids, ids))))
        return Segment(self.ids, self.codes, masked, self.structure)


def ascending(values: Ids) -> Ids:
    """The distinct values in order; `numpy.unique` hashes, 25 times slower on sorted ids."""
    values = np.sort(values)
    new: NDArray[np.bool_] = np.diff(values, prepend=values[:1] - 1) != 0
    return values[new]


def places(rows: Ids, ids: Ids) -> NDArray[np.int64]:
    """Where those of `ids` (n,) that occur lie in `rows` (m,); both ascending, without repeats."""
    at = np.searchsorted(rows, ids)
    inside = at < len(rows)
    at = at[inside]
    found: NDArray[np.int64] = at[rows[at] == ids[inside]]
    return found


def checked(codes: Codes, bits: int) -> Codes:
    """Queries (n, bits // 8) in one piece.

    Raises:
        InvalidInput: codes of another shape or type.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != bits // 8 or codes.dtype != np.uint8:
        raise InvalidInput(
            f"a query needs codes of {bits // 8} bytes ({bits} bits) as uint8,"
            f" got {codes.dtype} of shape {codes.shape}"
        )
    return np.ascontiguousarray(codes)


def measure(queries: Codes, codes: Codes, out: Distances) -> None:
    """Write Hamming distances (queries, codes) to `out`; all arrays contiguous."""
    import faiss

    a, b, result = (faiss.swig_ptr(array) for array in (queries, codes, out))
    faiss.hammings(a, b, len(queries), len(codes), codes.shape[1], result)  # type: ignore[attr-defined]


def chunks(queries: Codes, parts: Iterable[Segment]) -> Iterator[tuple[Ids, Distances]]:
    """Ids (c,) and distances (queries, c) of all rows in order; masked rows are `FAR`.

    The distances lie in one buffer and last until the next chunk is asked for.
    """
    buffer = np.empty(len(queries) * _CHUNK, np.int32)  # a new one a chunk costs as much again
    size = _FIRST_CHUNK
    for part in parts:
        start = 0
        while start < len(part.ids):
            stop = min(start + size, len(part.ids))
            count = stop - start
            distances = buffer[: len(queries) * count].reshape(len(queries), count)
            measure(queries, part.codes[start:stop], distances)
            low, high = np.searchsorted(part.masked, (start, stop))
            if low < high:
                distances[:, part.masked[low:high] - start] = FAR
            yield part.ids[start:stop], distances
            start, size = stop, _CHUNK


def nearest(queries: Codes, parts: list[Segment], k: int) -> tuple[Distances, Ids]:
    """The k nearest rows of each query in order of (distance, id).

    Args:
        queries: codes, shape (n, bytes).
        parts: rows whose ids ascend within and from one part to the next.
        k: at least 1.

    Returns:
        Distances and ids, shape (n, k), padded with `FAR` and -1.
    """
    known, rest = _begun(queries, parts, k)
    if not any(len(part.ids) for part in rest):
        return known

    def go_on(group: slice) -> tuple[Distances, Ids]:
        return _nearest(queries[group], rest, k, (known[0][group], known[1][group]))

    if len(queries) <= _TOGETHER:
        return _nearest(queries, rest, k, known)
    groups = [slice(at, at + _TOGETHER) for at in range(0, len(queries), _TOGETHER)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, len(groups))) as pool:
        found = list(pool.map(go_on, groups))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _nothing(queries: int, k: int) -> tuple[Distances, Ids]:
    return np.full((queries, k), FAR, np.int32), np.full((queries, k), -1, np.int64)


def _begun(
    queries: Codes, parts: list[Segment], k: int
) -> tuple[tuple[Distances, Ids], list[Segment]]:
    """The k nearest of the first rows, as far as none is masked, and the rows that are left."""
    first = parts[0] if parts else None
    few = len(queries) <= _TOGETHER
    if first is None or (few and first.codes.shape[1] == _QUICK):
        return _nothing(len(queries), k), parts
    most = len(first.ids) if few else _HEAPED
    count = min(len(first.ids), most, *first.masked[:1].tolist())
    if count < k:
        return _nothing(len(queries), k), parts
    distances, places = _heaped(queries, first.codes[:count], k)
    return (distances, first.ids[places]), [first.past(count), *parts[1:]]


def _heaped(queries: Codes, codes: Codes, k: int) -> tuple[Distances, NDArray[np.int64]]:
    """Distances and places of the k nearest codes; the heap of faiss settles ties by place."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if len(queries) <= _TOGETHER else os.cpu_count() or 1)
    shape = len(queries), k
    distances, places = np.empty(shape, np.int32), np.empty(shape, np.int64)
    heap = faiss.int_maxheap_array_t()
    heap.nh, heap.k = shape
    heap.val, heap.ids = faiss.swig_ptr(distances), faiss.swig_ptr(places)
    a, b = faiss.swig_ptr(queries), faiss.swig_ptr(codes)
    faiss.hammings_knn_hc(heap, a, b, len(codes), codes.shape[1], 1)
    faiss.omp_set_num_threads(threads)
    return distances, places


def _nearest(
    queries: Codes, parts: list[Segment], k: int, known: tuple[Distances, Ids]
) -> tuple[Distances, Ids]:
    """The k nearest rows; `known` are those of rows before these, and are written over."""
    best, ids = known
    buffer = np.empty(len(queries) * _CHUNK, np.bool_)  # as for distances: one for all chunks
    for chunk_ids, distances in chunks(queries, parts):
        # Later rows lose ties, so only what is strictly nearer can still come in.
        nearer = buffer[: distances.size].reshape(distances.shape)
        closer = np.flatnonzero(np.less(distances, best[:, -1:], out=nearer))
        if not len(closer):
            continue
        starts = np.searchsorted(closer, len(chunk_ids) * np.arange(len(queries) + 1)).tolist()
        for query, (low, high) in enumerate(pairwise(starts)):
            if low < high:
                columns = closer[low:high] - query * len(chunk_ids)
                near = np.concatenate((best[query], distances[query, columns]))
                order = _smallest(near, k)
                best[query] = near[order]
                ids[query] = np.concatenate((ids[query], chunk_ids[columns]))[order]
    return best, ids


def _smallest(values: Distances, k: int) -> NDArray[np.int64]:
    """Places of the k smallest values, ties in order of place."""
    few = np.flatnonzero(values <= np.partition(values, k - 1)[k - 1])
    return few[np.argsort(values[few], kind="stable")[:k]]


def within(query: Codes, parts: list[Segment], radius: int) -> tuple[Distances, Ids]:
    """All rows at most `radius` (inclusive) from one query (1, bytes), in order of rows."""
    near, ids = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for chunk_ids, distances in chunks(query, parts):
        inside = np.flatnonzero(distances[0] <= radius)
        near.append(distances[0][inside])
        ids.append(chunk_ids[inside])
    return np.concatenate(near), np.concatenate(ids)


def shells(query: Codes, parts: list[Segment], at_least: int) -> tuple[Distances, Ids]:
    """Whole shells around one query (1, bytes) until they hold `at_least` rows, or all there are.

    In order of (distance, id). The distances of all rows are in memory at once: for `FEW_ROWS`.
    """
    bits = 8 * query.shape[1]
    distances = np.empty((1, sum(len(part.ids) for part in parts)), np.int32)
    start = 0
    for part in parts:
        own = distances[:, start : start + len(part.ids)]
        measure(query, part.codes, own)
        own[0, part.masked] = bits + 1
        start += len(part.ids)
    held = np.cumsum(np.bincount(distances[0], minlength=bits + 2)[: bits + 1])
    near = np.flatnonzero(distances[0] <= min(bits, int(np.searchsorted(held, at_least))))
    ids = parts[0].ids[near] if len(parts) == 1 else np.concatenate([p.ids for p in parts])[near]
    measured = distances[0, near]
    order = np.lexsort((ids, measured))
    return measured[order], ids[order]


def merge(found: list[tuple[Distances, Ids]]) -> tuple[Distances, Ids]:
    """Results of several domains side by side, each row in order of (distance, id)."""
    distances = np.concatenate([part[0] for part in found], axis=-1)
    ids = np.concatenate([part[1] for part in found], axis=-1)
    order = np.lexsort((ids, distances), axis=-1)
    return np.take_along_axis(distances, order, -1), np.take_along_axis(ids, order, -1)


def scattered(ids: Ids) -> NDArray[np.uint64]:
    """A hash of each id that spreads neighbours apart.

    Source: splitmix64 (Steele, Lea and Flood, OOPSLA 2014), its output function.
    """
    x = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
