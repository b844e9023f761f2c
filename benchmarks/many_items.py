"""Seconds and memory of `list` and `remove` over very many items, as the command line does them.

    python -m benchmarks.many_items MODEL --index DIR [--items 1000000] [--json OUT]

An index of made-up items, as in `benchmarks.filters`, is filled through its store with no encoder.
Then each verb runs in a process of its own: a page,
the last page, what a filter finds, everything; then 1 % removed by a filter and by a folder, and a
tenth by a filter, with each removal first tried dry. Printed are seconds from start to end, seconds
of the processor, and the peak of what was resident, pages of the index's file that were read
counted in.
"""

from __future__ import annotations

import json
import tempfile
from multiprocessing import get_context
from pathlib import Path

import click

from benchmarks.filters import fill
from benchmarks.measured import measured
from opensearch.engine import Engine


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--index", type=click.Path(path_type=Path), required=True, help="Where it is made.")
@click.option("--items", default=1_000_000, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Also write the numbers.")
def main(model: Path, index: Path, items: int, out: Path | None) -> None:
    """Print what each verb cost."""
    if index.exists():
        raise click.ClickException(f"{index} is there already, and what is measured removes items")
    # In a process of its own: the peak of a child counts what its parent held.
    filling = get_context("spawn").Process(target=_filled, args=(index, model, items))
    filling.start()
    filling.join()
    place = str(index)
    year, folder = ["--where", "year = 7"], ["--folder", "/photos/08"]
    tenth = ["--where", "year >= 20 and year < 30"]
    verbs = {
        "list --limit 20": ["list", place, "--limit", "20"],
        "list --limit 20 at the end": ["list", place, "--offset", str(items - 20)],
        "list --where, 1 %": ["list", place, *year],
        "list --folder, 1 %": ["list", place, *folder],
        "list --paths, all": ["list", place, "--paths"],
        "list --json, all": ["list", place, "--json"],
        "remove --where, 1 %, dry": ["remove", place, *year, "--dry-run"],
        "remove --where, 1 %": ["remove", place, *year],
        "remove --folder, 1 %": ["remove", place, *folder],
        "remove --where, 10 %": ["remove", place, *tenth],
        "remove --where, 1 %, ignored": ["remove", place, "--where", "year = 9", "--ignore"],
        "list --limit 20, then": ["list", place, "--limit", "20"],
    }
    done = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, words in verbs.items():
            done[name], _ = measured(words, Path(scratch))
            told = "  ".join(f"{value:.1f} {unit}" for unit, value in done[name].items())
            print(f"{name:<30} {told}", flush=True)
    if out is not None:
        out.write_text(json.dumps({"items": items, **done}, indent=1))


def _filled(index: Path, model: Path, items: int) -> None:
    with Engine.create(index, model) as engine:
        fill(engine._store, items, 0)


if __name__ == "__main__":
    main()
