"""Approximate search by a graph (HNSW) or by lists (IVF) of faiss: only where a caller names it.

A structure covers the rows there were when it was built; those added since are searched flat,
deleted ones are left out. It is kept with the recall@10 that was measured against a flat search.
Files are derived and safe to delete.

Sources: Malkov, Yashunin, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs", TPAMI 2020; inverted lists around binary k-means
centres as in faiss's `IndexBinaryIVF`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, StoreError, system_reason
from opensearch.search import base, hamming
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Rows

FORMAT = 1
RECALL = 0.95
"""The effort of a structure is doubled until its recall@10 reaches this, or it looks at all."""

K = 10
QUERIES = 200
FLIPPED = 0.05
"""Recall is measured on so many stored codes, each bit flipped with this chance."""

_MASKED = 4096
"""So many deleted rows are fetched besides and left out; with more a flat search is cheaper."""

_LINKS = 16

_ROWS_ALONE, _QUERIES_ALONE = 50_000, 16
"""Up to so many one thread builds or searches: on a busy machine threads wait for each other."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure over the first `count` rows of a domain, and how well it does.

    `effort` is efSearch of a graph, nprobe of lists.
    """

    name: str
    count: int
    effort: int
    recall: float
    index: Any


def _graph(rows: int) -> tuple[str, int]:
    return f"BHNSW{_LINKS}", rows


def _lists(rows: int) -> tuple[str, int]:
    count = max(1, min(int(4 * np.sqrt(rows)), rows // 40))  # faiss wants 39 rows a centre
    return f"BIVF{count}", count


MAKERS: dict[str, Callable[[int], tuple[str, int]]] = {"hnsw": _graph, "ivf": _lists}
"""Names of structures: how faiss calls one for so many rows, and its greatest effort."""


def check_name(name: str) -> None:
    """Refuse a structure that there is not.

    Raises:
        InvalidInput: an unknown name.
    """
    if name not in MAKERS:
        raise InvalidInput(f"unknown structure {name!r}; known: {', '.join(MAKERS)}")


def build(codes: Codes, name: str, seed: int) -> Structure:
    """A structure over codes (n, bytes), its effort raised until recall@10 is `RECALL`."""
    import faiss

    kind, most = MAKERS[name](len(codes))
    index: Any = faiss.index_binary_factory(8 * codes.shape[1], kind)
    _share_work(len(codes), _ROWS_ALONE)
    if not index.is_trained:
        index.cp.min_points_per_centroid = 1  # few are enough for few, and no news for a terminal
        index.train(codes)
    index.add(codes)
    chance = np.random.default_rng(seed)
    queries = codes[chance.integers(0, len(codes), QUERIES)]
    queries = queries ^ np.packbits(chance.random((QUERIES, 8 * codes.shape[1])) < FLIPPED, axis=1)
    rows = Rows(np.arange(len(codes)), codes, np.zeros(0, np.int64))
    nearest = hamming.nearest(queries, [rows], K)[0]
    effort = min(16, most)
    while True:
        _set_effort(index, name, effort)
        recall = _recall(_search(index, queries, K)[0], nearest)
        if recall >= RECALL or effort >= most:
            return Structure(name, len(codes), effort, recall, index)
        effort = min(2 * effort, most)


def _set_effort(index: Any, name: str, effort: int) -> None:
    if name == "hnsw":
        index.hnsw.efSearch = effort
    else:
        index.nprobe = effort


def _recall(found: Distances, nearest: Distances) -> float:
    """Share of hits as near as the true k-th; ties count as found."""
    wanted = nearest < FAR
    return float(((found <= nearest.max(axis=1, keepdims=True)) & wanted).sum() / wanted.sum())


def save(folder: Path, domain: str, identity: str, made: Structure) -> None:
    """Write a structure in place of the one of its name before.

    Raises:
        StoreError: the folder cannot be written.
    """
    import faiss

    safe = base.safe_name(domain)
    name = f"{safe}-{made.name}-{made.count}"
    about = {"format": FORMAT, "identity": identity, "rows": made.count}
    about |= {"effort": made.effort, "recall": made.recall}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with base.removed_on_failure(folder, name):
            base.replace_file(folder / name, [faiss.serialize_index_binary(made.index)])
            known = [json.dumps(about, indent=1).encode()]
            base.replace_file(folder / f"{safe}.{made.name}", known)
    except OSError as error:
        raise StoreError(
            f"cannot write a structure to {str(folder)!r}: {system_reason(error)};"
            " search without it, or free the disk and build it again."
        ) from error
    for old in folder.glob(f"{safe}-{made.name}-*"):
        if old.name != name:
            old.unlink(missing_ok=True)


def drop(folder: Path, domain: str, name: str) -> None:
    """Remove a structure, what is known of it first: then it is not used."""
    safe = base.safe_name(domain)
    for old in (folder / f"{safe}.{name}", *folder.glob(f"{safe}-{name}-*")):
        old.unlink(missing_ok=True)


def about(folder: Path, domain: str, identity: str, name: str) -> dict[str, Any] | None:
    """Rows, effort and recall of a structure on disk; `None` when there is none to use."""
    safe = base.safe_name(domain)
    try:
        found: dict[str, Any] = json.loads((folder / f"{safe}.{name}").read_bytes())
        fits = (found["format"], found["identity"]) == (FORMAT, identity)
        if not fits or not (folder / f"{safe}-{name}-{found['rows']}").is_file():
            return None
        return {key: found[key] for key in ("rows", "effort", "recall")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def load(folder: Path, domain: str, identity: str, name: str) -> Structure | None:
    """A structure read into memory; `None` when there is none to use."""
    import faiss

    known = about(folder, domain, identity, name)
    if known is None:
        return None
    path = folder / f"{base.safe_name(domain)}-{name}-{known['rows']}"
    try:
        index = faiss.deserialize_index_binary(np.fromfile(path, np.uint8))
    except (OSError, RuntimeError, AssertionError):
        return None
    _set_effort(index, name, known["effort"])
    return Structure(name, known["rows"], known["effort"], known["recall"], index)


def nearest(made: Structure, queries: Codes, parts: list[Rows], k: int) -> tuple[Distances, Ids]:
    """As `hamming.nearest`, approximately among the rows of the structure."""
    starts = [0, *accumulate(len(part.ids) for part in parts)]
    masked = np.concatenate(
        [start + part.masked for start, part in zip(starts, parts, strict=False)]
    )
    masked = masked[masked < made.count]
    if starts[-1] < made.count or len(masked) > _MASKED:
        return hamming.nearest(queries, parts, k)
    rest = [
        part.past(max(0, made.count - start))
        for start, part in zip(starts, parts, strict=False)
        if made.count < start + len(part.ids)
    ]
    distances, places = _search(made.index, queries, k + len(masked))
    lost = (places < 0) | np.isin(places, masked)
    ids = np.where(lost, -1, _ids_at(parts, np.where(lost, 0, places)))
    found = np.where(lost, FAR, distances).astype(np.int32), ids
    merged = hamming.merge([found, hamming.nearest(queries, rest, k)])
    return merged[0][:, :k], merged[1][:, :k]


def _search(index: Any, queries: Codes, k: int) -> tuple[Distances, Ids]:
    _share_work(len(queries), _QUERIES_ALONE)
    found: tuple[Distances, Ids] = index.search(queries, k)
    return found


def _share_work(pieces: int, alone: int) -> None:
    """Let faiss use all cores for more than `alone` pieces of work, else one."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1 if pieces > alone else 1)


def _ids_at(parts: Sequence[Rows], places: NDArray[np.int64]) -> Ids:
    """Ids of rows by their places in all parts, one after the other."""
    ids = np.full(places.shape, -1, np.int64)
    start = 0
    for part in parts:
        inside = (places >= start) & (places < start + len(part.ids))
        ids[inside] = part.ids[places[inside] - start]
        start += len(part.ids)
    return ids
