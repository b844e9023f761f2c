"""Kill `opensearch index` ten times at random moments; it must end as if never killed.

    python -m benchmarks.kills MODEL COLLECTION [--kills 10] [--seed 0]

One index is made without interruption. Another is killed with SIGKILL again and again, at moments
spread over its whole making, verified after each kill, and finished by one last run. Both must
hold the same codes for the same keys, bit for bit, and the last run's books must close.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.stored import codes_by_id
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.engine.lifecycle.layout import is_index
from opensearch.store import LmdbStore


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option("--kills", default=10, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(model: Path, collection: Path, kills: int, seed: int) -> None:
    """Exit 0 if the killed index equals the uninterrupted one."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        start = time.perf_counter()
        finish(model, collection, whole)
        seconds = time.perf_counter() - start
        print(f"uninterrupted: {seconds:.1f} s, {len(codes(whole))} items")
        for number in range(1, kills + 1):
            moment = chance.uniform(0, 1.6 * seconds / kills)
            ended = kill_after(model, collection, killed, moment)
            print(f"kill {number:>2} after {moment:5.1f} s: {state(killed)}{ended}", flush=True)
        report = finish(model, collection, killed)
        books = ("added", "replaced", "moved", "unchanged", "ignored", "failed")
        closes = report["seen"] == sum(report[name] for name in books)
        same = codes(whole) == codes(killed)
        print(f"last run: {report['added']} added, {report['unchanged']} unchanged")
        print(f"books close: {closes}; codes equal: {same}; verify: {verify(killed)}")
    sys.exit(0 if closes and same else 1)


def command(model: Path, collection: Path, index: Path) -> list[str]:
    """The command line that is killed and run again."""
    return [
        *(sys.executable, "-m", "opensearch", "index", str(collection)),
        *("--to", str(index), "--model", str(model), "--json"),
    ]


def finish(model: Path, collection: Path, index: Path) -> dict[str, Any]:
    """Run to the end; the report."""
    done = subprocess.run(command(model, collection, index), stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"index ended with {done.returncode}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kill_after(model: Path, collection: Path, index: Path, seconds: float) -> str:
    """Start the command and SIGKILL it after `seconds`; a remark if it was done by then."""
    with subprocess.Popen(command(model, collection, index), stdout=subprocess.DEVNULL) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            return ""
    return " (it had finished)"


def state(index: Path) -> str:
    """Items of an index after a kill, and what verify says."""
    return f"{len(codes(index))} items, {verify(index)}" if is_index(index) else "no index yet"


def verify(index: Path) -> str:
    """What `opensearch verify` prints."""
    asked = [sys.executable, "-m", "opensearch", "verify", str(index)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def codes(index: Path) -> dict[str, bytes]:
    """Code of every key."""
    with LmdbStore.open(IndexFolder.open(index).store, readonly=True) as store:
        by_id = codes_by_id(store)
        return {item.key: by_id[item.id] for item in store.walk()}


if __name__ == "__main__":
    main()
