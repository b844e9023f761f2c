"""Items a second of `index` against the fastest bare loop we can write.

    python -m benchmarks.indexing MODEL COLLECTION [--limit 500] [--json OUT]

The bare loop reads (decodes or renders) in as many threads as there are cores and runs the same
backbone in the same runtime in batches of 32 views; it keeps nothing. The engine also tells what is
new, projects, hashes, makes thumbnails and commits to disk. Both see the same files of one
domain, one after the other in one process, the bare loop first and last, so that a warm page
cache favours neither; the ratio is engine to the mean of the two bare runs.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.errors import UnreadableFile
from opensearch.records import Source

AHEAD = 128
BATCH = 32
Views = NDArray[np.uint8]


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option("--limit", type=int, help="Files a domain, evenly picked. Default: all.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Also write the numbers.")
def main(model: Path, collection: Path, limit: int | None, out: Path | None) -> None:
    """Print items a second of the bare loop and of the engine, for each domain."""
    bundle = Bundle.open(model)
    results = []
    print(f"{'domain':<10}{'items':>7}{'bare 1/s':>10}{'engine 1/s':>12}{'ratio':>7}")
    for domain in bundle.domains:
        sources = [s for s in read_collection(collection) if s.domain == domain]
        step = max(1, len(sources) // limit) if limit else 1
        sources = sources[::step][:limit]
        before = bare(bundle, domain, sources)
        engine = indexed(model, domain, sources)
        after = bare(bundle, domain, sources)
        rate = (before + after) / 2
        results.append(
            {"domain": domain, "items": len(sources), "bare": [before, after], "engine": engine}
        )
        print(
            f"{domain:<10}{len(sources):>7}{rate:>10.1f}{engine:>12.1f}{engine / rate:>7.2f}",
            flush=True,
        )
    if out is not None:
        out.write_text(json.dumps(results, indent=1))


def bare(bundle: Bundle, domain: str, sources: Sequence[Source]) -> float:
    """Items a second of reading in threads and encoding in batches."""
    backbone = bundle.backbone(domain)
    start = time.perf_counter()
    batch: list[Views] = []
    views = 0
    for item in _read(bundle, domain, sources):
        batch.append(item)
        views += len(item)
        if views >= BATCH:
            backbone.features(np.concatenate(batch))
            batch, views = [], 0
    if batch:
        backbone.features(np.concatenate(batch))
    return len(sources) / (time.perf_counter() - start)


def _read(bundle: Bundle, domain: str, sources: Sequence[Source]) -> Iterator[Views]:
    read = open_reader(bundle.domain(domain).reader)
    waiting: deque[Future[Views | None]] = deque()

    def attempt(source: Source) -> Views | None:
        try:
            return read(source.path, source.part).views
        except UnreadableFile:
            return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for source in sources:
            waiting.append(pool.submit(attempt, source))
            if len(waiting) == AHEAD:
                views = waiting.popleft().result()
                if views is not None:
                    yield views
        for future in waiting:
            views = future.result()
            if views is not None:
                yield views


def indexed(model: Path, domain: str, sources: Sequence[Source]) -> float:
    """Items a second of `Engine.add` on the same files, copied into a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        for source in sources:
            place = files / source.key
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, place)
        with Engine.create(Path(folder, "index"), model) as engine:
            engine.model.bundle.backbone(domain)
            engine.model.hasher.encode(np.eye(1, engine.model.bundle.card.dim, dtype=np.float32))
            start = time.perf_counter()
            report = engine.add(files, domain=domain)
            seconds = time.perf_counter() - start
    assert report.closes, report
    return (report.added + report.failed) / seconds


if __name__ == "__main__":
    main()
