"""Kill `opensearch index` and the Milvus server under it; in the end nothing is lost or doubled.

    python -m benchmarks.milvus_kills MODEL COLLECTION --python server/bin/python --data FOLDER
        [--port 19530] [--kills 10] [--seed 0]

One index is made in a folder without interruption. Another is made in a Milvus server: of the runs
every second one is killed with SIGKILL at a random moment, in the others the server is, and started
again. Where a run had finished all the same, half of the items are removed again, so that the next
kill meets work. One last run finishes. Both must hold the same codes for the same keys, bit for
bit, each key once; the last run's books must close and `verify` find nothing. The server is that of
`benchmarks/milvus_server.py`; run this in an environment with pymilvus.
"""

from __future__ import annotations

import json
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.milvus_server import Server
from opensearch.engine.lifecycle.places import is_index, located, open_place
from opensearch.errors import OpenSearchError


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option("--python", required=True, type=click.Path(exists=True, path_type=Path),
              help="Python of the environment of the server.")  # fmt: skip
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Its folder.")
@click.option("--port", default=19530, show_default=True)
@click.option("--kills", default=10, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(
    model: Path, collection: Path, python: Path, data: Path, port: int, kills: int, seed: int
) -> None:
    """Exit 0 if the index in the killed server equals the one in a folder."""
    chance = random.Random(seed)
    server = Server(python, data, port)
    server.start()
    address = f"{server.address}/k{secrets.token_hex(4)}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            run(model, collection, f"{folder}/whole")
            seconds = time.perf_counter() - start
            wanted = codes(f"{folder}/whole")
        print(f"in a folder: {seconds:.1f} s, {len(wanted)} items", flush=True)
        for number in range(1, kills + 1):
            halve(address)
            moment = chance.uniform(4, 4 + 3 * seconds / kills)
            said = (kill_run if number % 2 else kill_server)(
                model, collection, address, moment, server
            )
            print(f"kill {number:>2} after {moment:4.1f} s: {said}; {state(address)}", flush=True)
        report = run(model, collection, address)
        found = codes(address)
        books = ("added", "replaced", "moved", "unchanged", "ignored", "failed")
        closes = report["seen"] == sum(report[name] for name in books)
        print(f"last run: {report['added']} added, {report['unchanged']} unchanged")
        print(f"books close: {closes}; codes equal: {found == wanted}; {state(address)}")
        sys.exit(0 if closes and found == wanted and not problems(address) else 1)
    finally:
        server.stop()


def halve(where: str) -> None:
    """Remove half of the items, where nearly all are there."""
    if is_there(where) and not problems(where):
        with open_place(located(where)).open_store() as store:
            keys = [item.key for item in store.walk()]
            if len(keys) > 300:
                store.remove(keys[::2])


def command(model: Path, collection: Path, where: str) -> list[str]:
    """The command line that is killed and run again."""
    asked = [sys.executable, "-m", "opensearch", "index", str(collection), "--to", where]
    return [*asked, "--json", "-q"] + ([] if "://" in where and is_there(where) else
                                       ["--model", str(model)])  # fmt: skip


def is_there(where: str) -> bool:
    """Whether an index lies there."""
    return is_index(located(where))


def run(model: Path, collection: Path, where: str) -> dict[str, Any]:
    """Run to the end; the report."""
    done = subprocess.run(command(model, collection, where), stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"index ended with {done.returncode}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kill_run(model: Path, collection: Path, where: str, seconds: float, server: Server) -> str:
    """Start the command and SIGKILL it; what became of it."""
    with subprocess.Popen(command(model, collection, where), stdout=subprocess.DEVNULL) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            return "the run is killed"
    return "the run had finished"


def kill_server(model: Path, collection: Path, where: str, seconds: float, server: Server) -> str:
    """Start the command, SIGKILL the server and start it again; what became of the command."""
    asked = command(model, collection, where)
    with subprocess.Popen(
        asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            server.kill()
            server.start()
        _, said = child.communicate()
        return f"the server is killed, the run ends with {child.returncode} {said[-90:].strip()!r}"


def state(where: str) -> str:
    """Items of an index after a kill, and what is wrong with it."""
    if not is_there(where):
        return "no index yet"
    return f"{len(codes(where))} items, {'; '.join(problems(where)) or 'whole'}"


def problems(where: str) -> list[str]:
    """What the store finds wrong with itself."""
    with open_place(located(where)).open_store() as store:
        try:
            return store.verify()
        except OpenSearchError as error:
            return [str(error)]


def codes(where: str) -> dict[str, bytes]:
    """Code of every key.

    Raises:
        SystemExit: a key comes twice.
    """
    with open_place(located(where)).open_store() as store:
        by_id = {
            int(id_): code.tobytes()
            for domain in store.meta().counts
            for block in store.live(domain)
            for id_, code in zip(block.ids, block.codes, strict=True)
        }
        items = list(store.walk())
    found = {item.key: by_id[item.id] for item in items}
    if len(found) < len(items):
        raise SystemExit(f"of {len(items)} items {len(items) - len(found)} have a key of another")
    return found


if __name__ == "__main__":
    main()
