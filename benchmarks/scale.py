"""Search at scale: this engine against faiss, usearch, LanceDB and Milvus Lite.

    python -m benchmarks.scale OUT [--rows 100000 --rows 1000000] [--bits 64] [--peer NAME]...

Every peer builds, opens and searches the same codes, each phase in a process of its own, one at a
time. A result is written to OUT/results.jsonl as soon as it is there, so a run that was cut short
goes on where it was. OUT also gets report.md, results.json and, with matplotlib, report.png. From
10 million rows on only this engine and faiss are run. A peer that is not installed is named and
passed over:

    pip install usearch lancedb "pymilvus==2.5.*" milvus-lite==2.5.1 "setuptools<81" matplotlib

Exact peers are compared with exact ones; approximate ones are timed at the least effort that
reaches a recall@10 of 0.95 on the first kind of query. The ratios are to `faiss.IndexBinaryFlat`,
measured query by query beside the peer. `--clock cpu` counts processor time, for busy machines; it
does not see Milvus Lite, which works in a process of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from benchmarks.scale_data import KINDS, Case, prepared
from benchmarks.scale_others import PEERS
from benchmarks.scale_report import Result, plot, table
from opensearch.errors import MissingExtra

LARGE = 10**7
AT_LARGE = ("opensearch", "opensearch-keyed", "faiss-flat", "faiss-multihash", "faiss-hnsw")
SPEC = ("peer", "rows", "bits", "data", "seed", "queries", "clock")


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rows", multiple=True, type=click.IntRange(min=1000), help="Repeatable.")
@click.option("--bits", multiple=True, type=int, default=(64, 128), show_default=True)
@click.option("--data", multiple=True, type=click.Choice(KINDS), default=KINDS)
@click.option("--peer", "peers", multiple=True, type=click.Choice(list(PEERS)), help="Repeatable.")
@click.option("--queries", default=100, show_default=True, type=click.IntRange(1, 256))
@click.option("--clock", type=click.Choice(["wall", "cpu"]), default="wall", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--limit", default=3600.0, show_default=True, help="Seconds a phase may take.")
def main(  # noqa: PLR0913 - one option each
    out: Path,
    rows: tuple[int, ...],
    bits: tuple[int, ...],
    data: tuple[str, ...],
    peers: tuple[str, ...],
    queries: int,
    clock: str,
    seed: int,
    limit: float,
) -> None:
    """Measure what is not yet in OUT, then write the table."""
    out.mkdir(parents=True, exist_ok=True)
    cases = [Case(*case, seed) for case in product(rows or (10**5, 10**6, LARGE), bits, data)]
    for spec in _specs(cases, peers or tuple(PEERS), {"queries": queries, "clock": clock}):
        if not any(_same(spec, result) for result in _results(out)):
            print(*(spec[name] for name in SPEC), flush=True)
            _keep(out, _measure(spec, out, limit))
    _report(out)


def _specs(
    cases: Sequence[Case], peers: Sequence[str], more: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for case in cases:
        for peer in peers:
            if case.rows < LARGE or peer in AT_LARGE:
                yield {"peer": peer, **vars(case), **more}


def _same(spec: dict[str, Any], result: Result) -> bool:
    return all(spec[name] == result[name] for name in SPEC)


def _measure(spec: dict[str, Any], out: Path, limit: float) -> Result | None:
    """Build and search in two processes; `None`, with the reason printed, when one fails."""
    case = Case(spec["rows"], spec["bits"], spec["data"], spec["seed"])
    arrays = prepared(case, out)
    folder = out / "index"
    shutil.rmtree(folder, ignore_errors=True)
    result: Result = dict(spec)
    for phase in ("build", "search"):
        asked = json.dumps({**spec, "folder": str(folder), "codes": str(arrays.parent)})
        command = [sys.executable, "-m", "benchmarks.scale_worker", phase, asked]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit, check=True
            )
        except subprocess.TimeoutExpired:
            print(f"  passed over: {phase} took more than {limit:g} s")
            return None
        except subprocess.CalledProcessError as error:
            print(f"  passed over: {phase} failed: {error.stderr.strip().splitlines()[-1:]}")
            return None
        found = json.loads(done.stdout.splitlines()[-1])
        if "missing" in found:
            print(f"  passed over: {found['missing']}")
            return None
        result |= found
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _results(out: Path) -> list[Result]:
    path = out / "results.jsonl"
    found = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:  # empty, or cut short when a run was killed
            continue
    return found


def _keep(out: Path, result: Result | None) -> None:
    if result is not None:
        with (out / "results.jsonl").open("a") as file:
            file.write("\n" + json.dumps(result))


def _report(out: Path) -> None:
    results = _results(out)
    text = table(results)
    (out / "report.md").write_text(text)
    (out / "results.json").write_text(json.dumps(results, indent=1))
    print(text)
    try:
        if results:
            plot(results, out / "report.png")
    except MissingExtra as error:
        print(error)


if __name__ == "__main__":
    main()
