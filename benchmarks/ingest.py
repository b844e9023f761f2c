"""Memory and speed while ready codes with keys and metadata go into an index, batch by batch.

    python -m benchmarks.ingest OUT [--rows 1000000] [--batch 10000] [--bits 64] [--seed 0]

After each tenth: items a second of that tenth, and memory of the process that is its own (pages of
files that the system may drop at will, such as those of the store, are counted apart).
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.scale_peers import OpensearchKeyed
from benchmarks.scale_worker import peak_mb
from benchmarks.starter_tables import table

TENTHS = 10


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(min=TENTHS))
@click.option("--batch", default=10_000, show_default=True, type=click.IntRange(min=1))
@click.option("--bits", default=64, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(out: Path, rows: int, batch: int, bits: int, seed: int) -> None:
    """Print a row a tenth."""
    peer = OpensearchKeyed(out / "ingest", bits)
    shutil.rmtree(peer.folder, ignore_errors=True)
    peer.build(np.zeros((0, bits // 8), np.uint8))
    peer.open()
    chance = np.random.default_rng(seed)
    lines = [["0", "", *_memory()]]
    for tenth in range(1, TENTHS + 1):
        start = time.perf_counter()
        first, last = (rows * at // TENTHS for at in (tenth - 1, tenth))
        for at in range(first, last, batch):
            names = range(at, min(at + batch, last))
            codes = chance.integers(0, 256, (len(names), bits // 8), np.uint8)
            peer.add_keyed(codes, [f"item/{n:09d}" for n in names])
        rate = (last - first) / (time.perf_counter() - start)
        lines.append([f"{last:,}", f"{rate:,.0f}", *_memory()])
    print(table(["items", "items a second", "own memory, MB", "of files, MB"], lines))
    shutil.rmtree(peer.folder)


def _memory() -> list[str]:
    """Megabytes of this process: its own, and mapped from files; else the most there were."""
    told = Path("/proc/self/status")
    if not told.is_file():
        return [f"{peak_mb():.0f}", "not told"]
    status = dict(line.split(":", 1) for line in told.read_text().splitlines())
    return [f"{int(status[name].split()[0]) / 1e3:.0f}" for name in ("RssAnon", "RssFile")]


if __name__ == "__main__":
    main()
