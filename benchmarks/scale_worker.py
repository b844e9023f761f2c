"""One measurement of the benchmark of scale, in a process of its own; prints one JSON object.

    python -m benchmarks.scale_worker build|search '{"peer": "opensearch", "rows": 100000, ...}'

Every timed call of a peer stands between two of faiss's flat search of the same query in the
same process, on one thread, so that a ratio of the two means something on a busy machine too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale_data import Case, Codes
from benchmarks.scale_others import PEERS
from benchmarks.scale_peers import Peer
from opensearch.errors import MissingExtra

K = 10
BATCH, ROUNDS = 64, 5
RECALL = 0.95
"""Approximate peers are timed at the least effort with this recall@10, or at their most."""

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
Seconds = NDArray[np.float64]


def main() -> None:
    """Measure what the arguments say."""
    phase, spec = sys.argv[1], json.loads(sys.argv[2])
    peer = PEERS[spec["peer"]](Path(spec["folder"]), spec["bits"])
    case = Case(spec["rows"], spec["bits"], spec["data"], spec["seed"])
    arrays = Path(spec["codes"], f"{case.name}.npz")
    try:
        measure = {"build": build, "search": search}[phase]
        print(json.dumps(measure(peer, arrays, CLOCKS[spec["clock"]], spec["queries"])))
    except MissingExtra as error:
        print(json.dumps({"missing": str(error)}))


def build(peer: Peer, arrays: Path, clock: Callable[[], float], queries: int) -> dict[str, Any]:
    """Seconds to make the index, bytes it takes on disk, and memory above that of the codes."""
    with np.load(arrays) as held:
        codes = held["codes"]
    before = _rss()
    start = clock()
    peer.build(codes)
    seconds = clock() - start
    size = sum(path.stat().st_size for path in peer.folder.rglob("*") if path.is_file())
    return {"build_s": seconds, "build_mb": peak_mb() - before, "disk_mb": size / 1e6}


def search(peer: Peer, arrays: Path, clock: Callable[[], float], queries: int) -> dict[str, Any]:
    """Open, memory, then for each kind of query its times, those of faiss flat, and recall."""
    with np.load(arrays) as held:
        kinds = {kind: held[kind][:queries] for kind in held if kind != "codes"}
    before = _rss()
    start = clock()
    peer.open()
    result: dict[str, Any] = {"open_s": clock() - start}
    for codes in kinds.values():
        for code in codes[:10]:
            peer.search(code[None], K)
    result |= {"rss_mb": _rss(), "rss_before_mb": before}
    flat = _flat(arrays)
    tuned = next(iter(kinds.values()))
    result["effort"] = _tuned(peer, flat, tuned)
    result["kinds"] = {kind: _timed(peer, flat, codes, clock) for kind, codes in kinds.items()}
    return result | _added(peer, tuned[-1:], clock)


def _flat(arrays: Path) -> Any:
    import faiss

    with np.load(arrays) as held:
        codes = held["codes"]
    index = faiss.IndexBinaryFlat(8 * codes.shape[1])
    index.add(codes)
    return index


def _flat_search(flat: Any, codes: Codes) -> NDArray[np.int32]:
    import faiss

    faiss.omp_set_num_threads(1)
    distances: NDArray[np.int32] = flat.search(codes, K)[0]
    return distances


def recall(found: NDArray[np.int32], nearest: NDArray[np.int32]) -> float:
    """Share of hits that are as near as the true k-th, shapes (n, k); ties count as found."""
    return float((found <= nearest[:, -1:]).mean())


def _tuned(peer: Peer, flat: Any, codes: Codes) -> int:
    nearest = _flat_search(flat, codes)
    for effort in peer.efforts:
        peer.set_effort(effort)
        if recall(peer.search(codes, K)[0], nearest) >= RECALL:
            break
    return effort


def _timed(peer: Peer, flat: Any, codes: Codes, clock: Callable[[], float]) -> dict[str, Any]:
    mine, theirs = np.zeros(len(codes)), np.zeros(len(codes))
    found, nearest = [], []
    for row, code in enumerate(codes):
        start = clock()
        found.append(peer.search(code[None], K)[0])
        middle = clock()
        nearest.append(_flat_search(flat, code[None]))
        mine[row], theirs[row] = middle - start, clock() - middle
    distances, true = np.concatenate(found), np.concatenate(nearest)
    batch_ms, flat_batch_ms = _batches(peer, flat, np.resize(codes, (BATCH, codes.shape[1])), clock)
    return {
        "ms": _percentiles(mine),
        "flat_ms": _percentiles(theirs),
        "batch_ms": batch_ms,
        "flat_batch_ms": flat_batch_ms,
        "recall": recall(distances, true),
        "exact": bool(np.array_equal(distances, true)),
    }


def _batches(
    peer: Peer, flat: Any, codes: Codes, clock: Callable[[], float]
) -> tuple[float, float]:
    """Milliseconds a query of a batch, of the peer and of faiss flat; medians of `ROUNDS`."""
    import faiss

    mine, theirs = [], []
    for _ in range(ROUNDS):
        start = clock()
        peer.search(codes, K)
        middle = clock()
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        flat.search(codes, K)
        mine.append(middle - start)
        theirs.append(clock() - middle)
    return 1e3 * float(np.median(mine)) / len(codes), 1e3 * float(np.median(theirs)) / len(codes)


def _percentiles(seconds: Seconds) -> dict[str, float]:
    found = np.percentile(1e3 * seconds, [50, 90, 99])
    return {name: float(value) for name, value in zip(("p50", "p90", "p99"), found, strict=True)}


def _added(peer: Peer, like: Codes, clock: Callable[[], float]) -> dict[str, float]:
    """Milliseconds to add one item and to find it at distance 0."""
    code = ~like
    start = clock()
    peer.add(code)
    found = peer.search(code, 1)[0]
    return {"add_ms": 1e3 * (clock() - start), "add_found": float(found[0, 0] == 0)}


def _rss() -> float:
    """Megabytes of memory now, where the system tells; else the most there were."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        return peak_mb()
    return int(status.read_text().split()[1]) * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """The most megabytes of memory that this process had."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    main()
