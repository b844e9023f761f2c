"""How soon one added item is found by another process.

    python -m benchmarks.fresh OUT [--rows 10000000] [--bits 64] [--adds 30] [--keyed]

An index of ready codes is made in OUT; a reader in a process of its own opens it and asks for a
code again and again, while this process adds an item with that code. The time is from before
the add to the reader's word that it has it at distance 0.
"""

from __future__ import annotations

import multiprocessing
import shutil
import time
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np

from benchmarks.scale_data import Case, codes_of
from benchmarks.scale_peers import Opensearch, OpensearchKeyed


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rows", default=10_000_000, show_default=True, type=click.IntRange(min=1))
@click.option("--bits", default=64, show_default=True)
@click.option("--adds", default=30, show_default=True, type=click.IntRange(min=1))
@click.option("--keyed", is_flag=True, help="With a key and metadata an item.")
@click.option("--seed", default=0, show_default=True)
def main(out: Path, rows: int, bits: int, adds: int, keyed: bool, seed: int) -> None:
    """Print medians and the slowest, in milliseconds."""
    folder = out / "fresh"
    shutil.rmtree(folder, ignore_errors=True)
    peer = (OpensearchKeyed if keyed else Opensearch)(folder, bits)
    peer.build(codes_of(Case(rows, bits, "clustered", seed)))
    added, found = measured(peer, adds, seed)
    for what, seconds in (("acknowledged", added), ("found elsewhere", found)):
        p50, p90 = (1e3 * float(np.quantile(seconds, at)) for at in (0.5, 0.9))
        print(f"{what}: p50 {p50:.1f} ms, p90 {p90:.1f}, slowest {1e3 * max(seconds):.1f}")
    shutil.rmtree(folder)


def measured(peer: Opensearch, adds: int, seed: int) -> tuple[list[float], list[float]]:
    """Seconds from before an add to its acknowledgement, and to the other process's answer."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    reader = context.Process(target=_read, args=(type(peer), peer.folder, peer.bits, there))
    reader.start()
    peer.open()
    here.recv()
    chance = np.random.default_rng([seed, 3])
    added, found = [], []
    for _ in range(adds):
        code = chance.integers(0, 256, (1, peer.bits // 8), np.uint8)
        here.send(code)
        here.recv()  # it has begun to ask
        start = time.perf_counter()
        peer.add(code)
        added.append(time.perf_counter() - start)
        here.recv()
        found.append(time.perf_counter() - start)
    here.send(None)
    reader.join()
    return added, found


def _read(kind: type[Opensearch], folder: Path, bits: int, pipe: Connection) -> None:
    """In a child: ask for each code that comes until an item has it."""
    peer = kind(folder, bits)
    peer.open()
    pipe.send("ready")
    while (code := pipe.recv()) is not None:
        pipe.send("asking")
        while peer.search(code, 1)[0][0, 0]:
            pass
        pipe.send("found")


if __name__ == "__main__":
    main()
