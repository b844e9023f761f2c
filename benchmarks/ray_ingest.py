"""`index --ray` against plain `index`: speed, the same codes, and what kills and lost nodes cost.

    python -m benchmarks.ray_ingest triad/photo:1000 drawings/sketch:900 triad/shape:100

Each SOURCE is a folder DOMAIN of a collection, with how many of its files take part, evenly picked.
Parts, all by default:

    same      a run on Ray between two plain ones; ids, keys and codes must be equal
    workers   SIGKILL of a worker again and again in one run; the index must be the same
    drivers   SIGKILL of `index` again and again, verified each time, until the last run ends
    nodes     a cluster of several nodes on this machine, one of which is removed half-way

Ray's processes are found by their parents and ended with them. Needs the extra ray and Linux.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from benchmarks.families import below, busy, signalled, waited_for
from benchmarks.kills import verify
from benchmarks.stored import codes_by_id
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.engine.lifecycle.layout import is_index
from opensearch.errors import StoreError
from opensearch.store import LmdbStore

Rows = dict[int, tuple[str, bytes]]
"""Key and code of each item, by id."""
SMALL = """
from functools import partial
from opensearch.__main__ import main
from opensearch.cluster import on_ray
on_ray.batched = partial(on_ray.batched, files=32)
main()
"""
"""The command line with smaller batches, so that a few files are many of them."""
BOOKS = ("added", "replaced", "moved", "unchanged", "ignored", "failed")


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--part", "parts", multiple=True, help="Which; repeatable. Default: all.")
@click.option("--workers", default=2, show_default=True)
@click.option("--kills", default=5, show_default=True, help="Of workers, and as many of drivers.")
@click.option("--nodes", default=3, show_default=True, help="Of one processor each.")
@click.option("--seed", default=0, show_default=True)
def main(
    sources: tuple[str, ...],
    parts: tuple[str, ...],
    workers: int,
    kills: int,
    nodes: int,
    seed: int,
) -> None:
    """Exit 0 if every index made equals that of a plain run, and its books close."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        files, plain = Path(folder, "files"), Path(folder, "first")
        count = gather(sources, files)
        ray = ("--ray", "local", "--workers", str(workers))
        print(f"{count} files; plain: {run(files, plain)}", flush=True)
        wanted = rows(plain)
        checks: dict[str, Callable[[], bool]] = {
            "same": lambda: same(files, Path(folder), ray, wanted),
            "workers": lambda: kill_workers(
                files, Path(folder, "workers"), ray, kills, chance, wanted
            ),
            "drivers": lambda: kill_drivers(
                files, Path(folder, "drivers"), ray, kills, chance, wanted
            ),
            "nodes": lambda: lose_a_node(files, Path(folder, "nodes"), nodes, wanted),
        }
        well = [checks[part]() for part in parts or checks]
    sys.exit(0 if all(well) else 1)


def gather(sources: Sequence[str], to: Path) -> int:
    """Copy files, evenly picked, into DOMAIN/CATEGORY of a new folder; how many there are."""
    count = 0
    for source in sources:
        folder, _, wanted = source.rpartition(":")
        found = sorted(file for file in Path(folder).rglob("*") if file.is_file())
        for place in range(int(wanted)):
            file = found[place * len(found) // int(wanted)]
            target = to / Path(folder).name / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            count += 1
    return count


def same(files: Path, folder: Path, ray: Sequence[str], wanted: Rows) -> bool:
    """A run on Ray between two plain ones, the first of which was made before; what they made."""
    equal = True
    for name, words in (("ray", ray), ("plain", ())):
        index = folder / name
        took = run(files, index, *words)
        alike = rows(index) == wanted
        equal = equal and alike
        print(f"{name}: {took}; same ids, keys, codes: {alike}", flush=True)
    return equal


def kill_workers(
    files: Path, index: Path, ray: Sequence[str], kills: int, chance: random.Random, wanted: Rows
) -> bool:
    """One run, whose workers are killed at moments spread over it."""
    with started(files, index, *ray) as child:
        for number in range(1, kills + 1):
            if not reached(child, index, number * len(wanted) // (kills + 1)):
                break
            while child.poll() is None and not (victims := busy(child.pid)):
                time.sleep(0.1)
            if child.poll() is None:
                signalled(chance.choice(victims))
            print(f"worker kill {number} of {kills} at {held(index)} items", flush=True)
        return ended(child, index, wanted)


def kill_drivers(
    files: Path, index: Path, ray: Sequence[str], kills: int, chance: random.Random, wanted: Rows
) -> bool:
    """Runs that are killed after some more items each, and one that is not."""
    for number in range(1, kills + 1):
        most = (len(wanted) - held(index)) // (kills + 2 - number)
        with started(files, index, *ray) as child:
            reached(child, index, held(index) + chance.randint(1, max(1, most)))
            family = below(child.pid)
            signalled(child.pid)
            child.wait()
        left = waited_for(family)
        print(
            f"driver kill {number} of {kills}: {held(index)} items, {verify(index)}; of its"
            f" {len(family)} processes {left or 'none'} are left after 20 s or less",
            flush=True,
        )
    with started(files, index, *ray) as child:
        return ended(child, index, wanted)


def lose_a_node(files: Path, index: Path, nodes: int, wanted: Rows) -> bool:
    """A run on a cluster of this machine, one node of which is removed half-way."""
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    try:
        added = [cluster.add_node(num_cpus=1, **small) for _ in range(nodes)]
        cluster.wait_for_nodes()
        with started(files, index, "--ray", cluster.address) as child:
            reached(child, index, len(wanted) // 3)
            print(f"workers a node: {[workers_of(node) for node in added]}", flush=True)
            cluster.remove_node(added[0], allow_graceful=False)
            print(f"a node is removed at {held(index)} items", flush=True)
            return ended(child, index, wanted)
    finally:
        cluster.shutdown()


def workers_of(node: Any) -> int:
    """How many of our workers run on a node of this machine."""
    raylet = node.all_processes["raylet"][0].process.pid
    return sum(name.startswith("ray::Work") for name in below(raylet).values())


@contextmanager
def started(
    files: Path, index: Path, *words: str, small: bool = True
) -> Iterator[subprocess.Popen[str]]:
    """The command line at work, by default in `SMALL` batches; killed when the block ends."""
    program = ["-c", SMALL] if small else ["-m", "opensearch"]
    command = [sys.executable, *program, "index", str(files), "--to", str(index)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--json", *words], text=True, **pipes) as child:  # type: ignore[call-overload]
        try:
            yield child
        finally:
            child.kill()


def run(files: Path, index: Path, *words: str) -> str:
    """What a run to its end took, from the start of its interpreter and from its first commit."""
    since = time.perf_counter()
    with started(files, index, *words, small=False) as child:
        reached(child, index, 1)
        begun, first = time.perf_counter(), held(index)
        output, errors = child.communicate()
    if child.returncode:
        raise SystemExit(f"index ended with {child.returncode}: {errors}{output}")
    seconds, after = time.perf_counter() - since, time.perf_counter() - begun
    items = held(index)
    return (
        f"{items / seconds:.1f} items a second ({seconds:.1f} s), {(items - first) / after:.1f}"
        f" from the first commit on (after {begun - since:.1f} s)"
    )


def ended(child: subprocess.Popen[str], index: Path, wanted: Rows) -> bool:
    """Wait for a run; whether its books close and its index is the wanted one."""
    output, errors = child.communicate()
    told = Counter(line.split(":")[0] for line in errors.splitlines())
    for line, times in told.items():
        print(f"    {times} x {line}")
    if child.returncode:
        print(f"ended with {child.returncode}: {errors}")
        return False
    report = json.loads(output)
    closes = report["seen"] == sum(report[name] for name in BOOKS)
    alike = rows(index) == wanted
    print(
        f"last run: {report['added']} added, {report['unchanged']} unchanged, {report['failed']}"
        f" failed; books close: {closes}; same ids, keys, codes: {alike}; {verify(index)}",
        flush=True,
    )
    return closes and alike


def reached(child: subprocess.Popen[str], index: Path, items: int) -> bool:
    """Wait until an index holds so many items; False where the run ended before."""
    while held(index) < items:
        if child.poll() is not None:
            return False
        time.sleep(0.3)
    return True


def held(index: Path) -> int:
    """Items of an index, 0 where there is none yet."""
    if not is_index(index):
        return 0
    with (
        suppress(StoreError),
        LmdbStore.open(IndexFolder.open(index).store, readonly=True) as store,
    ):
        return sum(store.meta().counts.values())
    return 0


def rows(index: Path) -> Rows:
    """Key and code of each item, by id."""
    with LmdbStore.open(IndexFolder.open(index).store, readonly=True) as store:
        codes = codes_by_id(store)
        return {item.id: (item.key, codes[item.id]) for item in store.walk()}


if __name__ == "__main__":
    main()
