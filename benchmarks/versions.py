"""Indexing and the first query of two versions of this project, side by side on the same cores.

    git worktree add ../before COMMIT
    python -m benchmarks.versions ../before COLLECTION [--limit 200] [--rounds 3] [--model MODEL]

Each round runs the command line of the older tree and of this one by turns, in processes of their
own, on the same files of a domain: everything from the start of the interpreter to the last
commit counts. Printed are items a second of wall time (of each side's best round, which is what
least disturbed it), the ratio, and the ratio of processor time, which other work on the machine
hardly moves. The query is one file of the index, in a fresh process, right after indexing; with
each tree's starter unless `--model` names one that both read.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

from opensearch.domains.collections.catalog import read_collection

HERE = Path(__file__).parents[1]
DOMAINS = ("photo", "sketch", "shape")
QUERIES = 3
"""Runs of the first query after each run of the index."""


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of processor time, children included."""

    wall: float
    processor: float


@click.command()
@click.argument("before", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", default=200, show_default=True, help="Files a domain; a sixth of shapes.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--domain", "domains", multiple=True, default=DOMAINS, show_default=True)
@click.option("--split", default="train", show_default=True, help="Of the files.")
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="For both.")
@click.option("--seed", default=0, show_default=True, help="Of the draw of files.")
def main(
    before: Path,
    collection: Path,
    limit: int,
    rounds: int,
    domains: tuple[str, ...],
    split: str,
    model: Path | None,
    seed: int,
) -> None:
    """Print a line a domain, and a line of its first query."""
    print(f"{'':<14}{'files':>6}{'before 1/s':>12}{'now 1/s':>10}{'ratio':>8}{'processor':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for domain in domains:
            count = limit // 6 if domain == "shape" else limit
            files = copied(collection, domain, split, count, Path(folder, domain), seed)
            asked = next(path for path in sorted(files.rglob("*")) if path.is_file())
            costs: dict[str, dict[Path, list[Cost]]] = {"index": {}, "query": {}}
            for _ in range(rounds):
                for tree in (before, HERE):
                    index = Path(folder, "index")
                    shutil.rmtree(index, ignore_errors=True)
                    words = ["index", files, "--to", index, "-q"]
                    words += ["--model", model] if model else []
                    costs["index"].setdefault(tree, []).append(run(tree, *words))
                    for _ in range(QUERIES):
                        costs["query"].setdefault(tree, []).append(run(tree, "query", index, asked))
            show(domain, count, costs["index"], before)
            show("  first query", 1, costs["query"], before)


def copied(collection: Path, domain: str, split: str, count: int, out: Path, seed: int) -> Path:
    """A folder with so many files of a domain, under a folder of its name."""
    found = [s for s in read_collection(collection) if (s.domain, s.split) == (domain, split)]
    for source in random.Random(seed).sample(found, min(count, len(found))):
        place = out / domain / (source.category or "none") / source.path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.path, place)
    return out


def run(tree: Path, *words: object) -> Cost:
    """One run of a tree's command line."""
    command = [sys.executable, "-m", "opensearch", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(tree.resolve())}
    # as installed: modules compiled by the index are not compiled again by the query
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    said = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise click.ClickException(f"{' '.join(command)} in {tree} failed: {said.decode()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def show(what: str, count: int, costs: dict[Path, list[Cost]], before: Path) -> None:
    """One line: rates of the best rounds, and the ratios."""
    old, new = (
        Cost(min(c.wall for c in part), min(c.processor for c in part))
        for part in (costs[before], costs[HERE])
    )
    print(
        f"{what:<14}{count:>6}{count / old.wall:>12.2f}{count / new.wall:>10.2f}"
        f"{old.wall / new.wall:>8.2f}{old.processor / new.processor:>11.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
