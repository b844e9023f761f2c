"""Many processes search an index while one writes to it and compacts it.

Every batch replaces the same items and writes its number into all of them, so an answer that
mixes two numbers is torn, and one with a number below the last acknowledged before the question
is stale.
"""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.engine import Engine
from opensearch.errors import OpenSearchError
from opensearch.records import Item

CONTEXT = multiprocessing.get_context("forkserver")
"""Children start from a process that has loaded the code and opened nothing."""

CONTEXT.set_forkserver_preload(["benchmarks.crowd", "faiss"])

ITEMS, EXTRA, COMPACT_EVERY = 40, 25, 5


@dataclass
class Seen:
    """Sums over the readers, and what the writer did."""

    readers: int = 0
    reads: int = 0
    torn: int = 0
    stale: int = 0
    generations: int = 0
    slowest: float = 0.0
    batches: int = 0
    errors: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether every answer was whole, new and given."""
        bad = self.torn or self.stale or self.errors or self.problems
        return not bad and self.reads >= self.readers and self.batches > 1

    def text(self) -> str:
        """One line."""
        return (
            f"{self.readers} readers: {self.reads} answers while {self.batches} batches and"
            f" {self.generations} compactions were acknowledged; torn {self.torn}, stale"
            f" {self.stale}, errors {self.errors[:3] or 0}, verify {self.problems or 'whole'};"
            f" slowest answer {self.slowest:.2f} s"
        )


def run(path: Path, readers: int, seconds: float) -> Seen:
    """Let one process write and `readers` read for so many seconds once all have begun."""
    with Engine.open(path) as engine:
        put(engine, 0)
        anchor = np.ones((1, engine._store.meta().dim), np.float32)
        code = np.zeros((1, engine._store.meta().bits // 8), np.uint8)
        engine._store.put([Item(-1, "anchor", "photo")], code, anchor)
    acknowledged, stop = CONTEXT.Value("q", 0), CONTEXT.Event()
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(readers + 1)]
    work = [write, *[read] * readers]
    children = [
        CONTEXT.Process(target=target, args=(path, acknowledged, stop, there))
        for target, (_, there) in zip(work, pipes, strict=True)
    ]
    for child in children:
        child.start()
    for here, _ in pipes:
        here.recv()
    time.sleep(seconds)
    stop.set()
    said = [here.recv() for here, _ in pipes]
    for child in children:
        child.join()
    seen = Seen(readers, batches=said[0]["batches"], errors=said[0]["errors"])
    for one in said[1:]:
        seen.reads += one["reads"]
        seen.torn += one["torn"]
        seen.stale += one["stale"]
        seen.slowest = max(seen.slowest, one["slowest"])
        seen.errors += one["errors"]
    with Engine.open(path) as engine:
        seen.problems = engine.verify()
        seen.generations = engine.info()["generation"]
    return seen


def put(engine: Engine, number: int) -> None:
    """Replace all items by those of a batch."""
    meta, rng = engine._store.meta(), np.random.default_rng(number)
    labels = {"batch": number, "set": "main"}
    items = [Item(-1, f"k{at}", "photo", metadata=labels) for at in range(ITEMS)]
    codes = rng.integers(0, 256, (ITEMS, meta.bits // 8), np.uint8)
    engine._store.put(items, codes, rng.normal(size=(ITEMS, meta.dim)))


def write(path: Path, acknowledged: Any, stop: Any, out: Connection) -> None:
    """In a child: batch after batch, others added and removed beside them, compactions."""
    number, errors = 0, []
    try:
        with Engine.open(path) as engine:
            out.send("ready")
            while number < 2 or not stop.is_set():
                put(engine, number + 1)
                number += 1
                acknowledged.value = number
                keys = [f"x{number}/{at}" for at in range(EXTRA)]
                engine.add_codes(
                    np.zeros((EXTRA, engine.model.bundle.card.bits // 8), np.uint8), "shape", keys
                )
                engine.remove([f"x{number - 1}/{at}" for at in range(EXTRA)])
                if number % COMPACT_EVERY == 0:
                    engine.compact()
    except OpenSearchError as error:
        errors.append(f"writer: {error}")
    out.send({"batches": number, "errors": errors})


def read(path: Path, acknowledged: Any, stop: Any, out: Connection) -> None:
    """In a child: ask again and again, and look at the numbers in the answer."""
    seen: dict[str, Any] = {"reads": 0, "torn": 0, "stale": 0, "slowest": 0.0, "errors": []}
    try:
        with Engine.open(path) as engine:
            engine.search(keys=["anchor"], refine=False)  # loads what a first answer needs
            out.send("ready")
            while not (seen["reads"] and stop.is_set()):
                newest, start = acknowledged.value, time.perf_counter()
                hits = engine.search(keys=["anchor"], refine=False, where="set = main", k=100)
                seen["slowest"] = max(seen["slowest"], time.perf_counter() - start)
                batches = {hit.metadata["batch"] for hit in hits}
                seen["reads"] += 1
                seen["torn"] += len(batches) != 1 or len({hit.key for hit in hits}) != ITEMS
                seen["stale"] += min(batches, default=newest) < newest
    except OpenSearchError as error:
        seen["errors"].append(f"reader: {error}")
    out.send(seen)
