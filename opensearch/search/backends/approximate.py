"""Approximate search by a graph (HNSW) or by lists (IVF) of faiss: only where a caller names it.

A structure is kept with the recall@10 that was measured against a flat search. Rows added since
are searched flat, deleted ones are left out.

Sources: Malkov, Yashunin, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs", TPAMI 2020; inverted lists around binary k-means
centres as in faiss's `IndexBinaryIVF`.
"""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.search import hamming
from opensearch.search.backends.backend import Backend, Place, Structure
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Segment

RECALL = 0.95
"""A structure's effort is doubled until its recall@10 reaches this or it searches everything."""

K = 10
QUERIES = 200
FLIPPED = 0.05
"""Recall is measured on so many stored codes, each bit flipped with this chance."""

_MASKED = 4096
"""Up to so many deleted rows are fetched in excess and left out; beyond, flat search is cheaper."""

_LINKS = 16

_ROWS_ALONE, _QUERIES_ALONE = 50_000, 16
"""Up to so many one thread builds or searches: on a busy machine threads wait for each other."""


@dataclass(frozen=True, slots=True)
class FaissStructure(Structure):
    """A binary index of faiss in memory, with its effort set."""

    count: int
    recall: float
    index: Any

    def nearest(self, queries: Codes, parts: list[Segment], k: int) -> tuple[Distances, Ids]:
        """As `hamming.nearest`, approximately among the rows covered."""
        starts = [0, *accumulate(len(part.ids) for part in parts)]
        masked = np.concatenate(
            [start + part.masked for start, part in zip(starts, parts, strict=False)]
        )
        masked = masked[masked < self.count]
        if starts[-1] < self.count or len(masked) > _MASKED:
            return hamming.nearest(queries, parts, k)
        rest = [
            part.past(max(0, self.count - start))
            for start, part in zip(starts, parts, strict=False)
            if self.count < start + len(part.ids)
        ]
        distances, places = _search(self.index, queries, k + len(masked))
        lost = (places < 0) | np.isin(places, masked)
        ids = np.where(lost, -1, _ids_at(parts, np.where(lost, 0, places)))
        found = np.where(lost, FAR, distances).astype(np.int32), ids
        merged = hamming.merge([found, hamming.nearest(queries, rest, k)])
        return merged[0][:, :k], merged[1][:, :k]


class FaissBackend(Backend):
    """A binary index of faiss, built with as much effort as `RECALL` needs."""

    exact = False

    @abstractmethod
    def plan(self, rows: int) -> tuple[str, int]:
        """What faiss's factory calls the index for so many rows, and its greatest effort."""

    @abstractmethod
    def set_effort(self, index: Any, effort: int) -> None:
        """How hard an index looks from now on."""

    def build(self, place: Place, codes: Codes, seed: int = 0) -> FaissStructure:
        """Build, raise the effort until recall@10 is `RECALL`, and write the file."""
        import faiss

        kind, most = self.plan(len(codes))
        index: Any = faiss.index_binary_factory(8 * codes.shape[1], kind)
        _share_work(len(codes), _ROWS_ALONE)
        if not index.is_trained:
            index.cp.min_points_per_centroid = 1  # few are enough for few, and no warning
            index.train(codes)
        index.add(codes)
        queries, nearest = _questions(codes, seed)
        effort = min(16, most)
        while True:
            self.set_effort(index, effort)
            recall = _recall(_search(index, queries, K)[0], nearest)
            if recall >= RECALL or effort >= most:
                break
            effort = min(2 * effort, most)
        data = faiss.serialize_index_binary(index)
        about = {"effort": effort, "recall": recall, "sha256": _digest(data)}
        place.write(len(codes), about, [("", [data])])
        return FaissStructure(len(codes), recall, index)

    def about(self, place: Place) -> dict[str, Any] | None:
        """Rows, effort and recall."""
        found = place.read() or {}
        about = {key: found.get(key) for key in ("rows", "effort", "recall")}
        known = all(isinstance(value, int | float) and value >= 0 for value in about.values())
        return about if known and place.path(int(found["rows"])).is_file() else None

    def load(self, place: Place, codes: Codes) -> FaissStructure | None:
        """Read the file into memory; a damaged one, which faiss might search, is none."""
        import faiss

        about, found = self.about(place), place.read()
        if about is None or found is None:
            return None
        try:
            data = np.fromfile(place.path(about["rows"]), np.uint8)
            if found.get("sha256") not in (None, _digest(data)):  # older ones have none
                return None
            index = faiss.deserialize_index_binary(data)
        except (OSError, RuntimeError, AssertionError, MemoryError):
            return None
        self.set_effort(index, int(about["effort"]))
        return FaissStructure(about["rows"], about["recall"], index)


class Hnsw(FaissBackend):
    """A graph of near neighbours in layers; effort is efSearch."""

    summary = "a graph of near neighbours"

    def plan(self, rows: int) -> tuple[str, int]:
        """At the greatest effort all rows are candidates."""
        return f"BHNSW{_LINKS}", rows

    def set_effort(self, index: Any, effort: int) -> None:
        """Candidates kept on the way."""
        index.hnsw.efSearch = effort


class Ivf(FaissBackend):
    """Lists of codes around binary centres; effort is nprobe."""

    summary = "lists around centres"

    def plan(self, rows: int) -> tuple[str, int]:
        """At the greatest effort all lists are searched."""
        count = max(1, min(int(4 * np.sqrt(rows)), rows // 40))  # faiss wants 39 rows a centre
        return f"BIVF{count}", count

    def set_effort(self, index: Any, effort: int) -> None:
        """Lists searched."""
        index.nprobe = effort


def _digest(data: NDArray[np.uint8]) -> str:
    return hashlib.sha256(data.data).hexdigest()


def _questions(codes: Codes, seed: int) -> tuple[Codes, Distances]:
    """Queries near stored codes, and the distances of their nearest rows."""
    chance = np.random.default_rng(seed)
    queries = codes[chance.integers(0, len(codes), QUERIES)]
    queries = queries ^ np.packbits(chance.random((QUERIES, 8 * codes.shape[1])) < FLIPPED, axis=1)
    rows = Segment(np.arange(len(codes)), codes, np.zeros(0, np.int64))
    return queries, hamming.nearest(queries, [rows], K)[0]


def _recall(found: Distances, nearest: Distances) -> float:
    """Share of hits as near as the true k-th; ties count as found."""
    wanted = nearest < FAR
    return float(((found <= nearest.max(axis=1, keepdims=True)) & wanted).sum() / wanted.sum())


def _search(index: Any, queries: Codes, k: int) -> tuple[Distances, Ids]:
    _share_work(len(queries), _QUERIES_ALONE)
    found: tuple[Distances, Ids] = index.search(queries, k)
    return found


def _share_work(pieces: int, alone: int) -> None:
    """Let faiss use all cores for more than `alone` pieces of work, else one."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1 if pieces > alone else 1)


def _ids_at(parts: Sequence[Segment], places: NDArray[np.int64]) -> Ids:
    """Ids of rows by their places in all parts, one after the other."""
    ids = np.full(places.shape, -1, np.int64)
    start = 0
    for part in parts:
        inside = (places >= start) & (places < start + len(part.ids))
        ids[inside] = part.ids[places[inside] - start]
        start += len(part.ids)
    return ids
