"""One place of `benchmarks.milvus`, in a process of its own; see there.

python -m benchmarks.milvus_worker PLACE OUT ROWS ADDRESS SERVER_PID
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.milvus_server import children_of, memory_of, seconds_of, size_of
from opensearch.engine import Engine

T = TypeVar("T")

BATCH = 65_536
SINGLE, TOGETHER, FILTERED = 200, 20, 5
K = 10
MOST_SECONDS = 120.0


def codes_of(rows: int, seed: int) -> NDArray[np.uint8]:
    """Codes (rows, 8) around a thousand centres, each bit flipped with a chance of .15."""
    centres = np.random.default_rng(0).integers(0, 256, (1000, 8), np.uint8)
    chance = np.random.default_rng(seed)
    flips = np.packbits(chance.random((rows, 64), np.float32) < 0.15, axis=1)
    near: NDArray[np.uint8] = centres[chance.integers(0, 1000, rows)] ^ flips
    return near


def fill(engine: Engine, codes: NDArray[np.uint8]) -> None:
    """Add all codes with records."""
    for start in range(0, len(codes), BATCH):
        part = codes[start : start + BATCH]
        numbers = range(start, start + len(part))
        engine.add_codes(
            part,
            "photo",
            [f"photo/{number % 997}/{number:09d}.jpg" for number in numbers],
            [{"year": 1990 + number % 35, "colour": "red"} for number in numbers],
            [f"category {number % 100}" for number in numbers],
        )


class Meter:
    """Wall and processor time of the phases; the latter of client and server together."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.told: dict[str, Any] = {}

    def pids(self) -> list[int]:
        """Everybody who works: this process, its children, the server."""
        own = os.getpid()
        return [own, *children_of(own), *([self._server] if self._server else [])]

    def seconds(self) -> float:
        """Seconds of the processor that all have used."""
        return sum(map(seconds_of, self.pids()))

    def memory(self) -> int:
        """Megabytes of all."""
        return round(sum(map(memory_of, self.pids())) / 1e6)

    def timed(self, name: str, calls: Sequence[Callable[[], T]]) -> list[T]:
        """What the calls give; their median, 95th percentile and processor time are told.

        After `MOST_SECONDS` no other call is begun.
        """
        wall: list[float] = []
        given = []
        before = self.seconds()
        for call in calls:
            if sum(wall) > MOST_SECONDS:
                self.told[f"{name}, calls"] = len(wall)
                break
            start = time.perf_counter()
            given.append(call())
            wall.append(time.perf_counter() - start)
        p50, p95 = (1000 * np.percentile(wall, (50, 95))).tolist()
        spent = 1000 * (self.seconds() - before) / len(wall)
        self.told |= {f"{name}, p50 ms": round(p50, 2), f"{name}, p95 ms": round(p95, 2)}
        self.told[f"{name}, processor ms"] = round(spent, 2)
        return given


def measure(place: str, rows: int, address: str, server: int) -> Iterator[dict[str, Any]]:
    """Fill an index and search it; what is known after each part, the filters last but one."""
    codes, queries = codes_of(rows, 1), codes_of(SINGLE + 64 * TOGETHER, 2)
    meter = Meter(server)
    with Engine.create(address) as engine:
        start, before = time.perf_counter(), meter.seconds()
        fill(engine, codes)
        meter.told = {
            "place": place,
            "rows": rows,
            "items a second": round(rows / (time.perf_counter() - start)),
            "items a processor second": round(rows / (meter.seconds() - before)),
        }
        yield meter.told
        engine.search_batch(queries[:1], k=K)
        found = meter.timed(
            "single", [partial(engine.search_batch, q[None], k=K) for q in queries[:SINGLE]]
        )
        starts = range(SINGLE, len(queries), 64)
        many = [partial(engine.search_batch, queries[at : at + 64], k=K) for at in starts]
        found += meter.timed("batch of 64", many)
        ids = [pair[1][0] for pair in found[:50]]
        meter.timed("ten records", [partial(engine.items, each) for each in ids])
        meter.told |= {
            "memory MB": meter.memory(),
            "answers": digest([[d.tolist(), i.tolist()] for d, i in found]),
        }
        yield meter.told
        asked = [f"year = {1990 + at} and category = 'category 7'" for at in range(FILTERED)]
        passed = meter.timed("filter", [partial(engine.find, each) for each in asked])
        meter.told |= {"filtered": [digest(each.ids.tolist()) for each in passed]}
        yield meter.told
        meter.told |= {"problems": len(engine.verify())}
        yield meter.told


def digest(answers: list[Any]) -> str:
    """Equal for equal answers."""
    return hashlib.sha256(json.dumps(answers).encode()).hexdigest()


def main() -> None:
    """Measure, and write what is known as soon as it is."""
    place, out, rows, address, server = sys.argv[1:]
    folder = Path(out)
    before = size_of(folder)
    for result in measure(place, int(rows), address, int(server)):
        result["disk MB"] = round((size_of(folder) - before) / 1e6)
        (folder / f"{place}.json").write_text(json.dumps(result, indent=1))
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
