"""SIGKILL of the Milvus server, of `index` and its workers; in the end nothing is lost or doubled.

    python -m benchmarks.milvus_kills COLLECTION --python server/bin/python --data FOLDER
        [--kills 10] [--victim server --victim run --victim worker] [--port 19530] [--seed 0]

One index is made in a folder without interruption. Another is made in a Milvus server, and during
each run one is killed: the server, which is started again at once, the run itself (`driver` where
it has workers by `--ray local`), or one of those workers, as it encodes. Every fourth kill of a
server or a run comes at a random second, before or while the index is made or opened, all others
when some of what is missing is stored. Then the same command is run again, and must leave an index
whose keys and codes are those of the folder, each key once, bit for bit, with embeddings and
thumbnails; its books must close, and `verify` find nothing. Then three quarters of the items are
removed, so that the next kill meets work. The server is that of `benchmarks/milvus_server.py`; run
this in an environment with pymilvus, and ray for workers.
"""

from __future__ import annotations

import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click

from benchmarks.families import busy, signalled
from benchmarks.milvus_server import Server
from benchmarks.ray_ingest import BOOKS, SMALL
from opensearch.engine import Engine
from opensearch.engine.lifecycle.places import located, open_place
from opensearch.errors import OpenSearchError
from opensearch.milvus import connect
from opensearch.milvus.books import Shelf
from opensearch.records import Address

VICTIMS = ("server", "run", "driver", "worker")
RAY = ("--ray", "local", "--workers", "2")


@click.command()
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option("--python", required=True, type=click.Path(exists=True, path_type=Path),
              help="Python of the environment of the server.")  # fmt: skip
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Its folder.")
@click.option("--port", default=19530, show_default=True)
@click.option("--kills", default=10, show_default=True)
@click.option("--victim", "victims", multiple=True, type=click.Choice(VICTIMS),
              help="Killed in turn; repeatable. Default: mostly the server.")  # fmt: skip
@click.option("--seed", default=0, show_default=True)
def main(
    collection: Path, python: Path, data: Path, port: int, kills: int,
    victims: tuple[str, ...], seed: int,
) -> None:  # fmt: skip
    """Exit 0 if after every kill the same command left what a run without any leaves."""
    server = Server(python, data, port)
    server.start()
    trial = Trial(collection, f"{server.address}/k{secrets.token_hex(4)}", server, seed)
    turn = victims or ("server", "run", "server", "worker")
    try:
        well = [trial.kill(victim, number) for number, victim in enumerate(_some(turn, kills), 1)]
        print(f"{sum(well)} of {kills} kills left nothing lost or doubled", flush=True)
        sys.exit(0 if all(well) else 1)
    finally:
        server.stop()


def _some(victims: Sequence[str], kills: int) -> list[str]:
    return list(islice(cycle(victims), kills))


class Trial:
    """One index in a server, killed and completed again and again."""

    def __init__(self, collection: Path, where: str, server: Server, seed: int) -> None:
        self._words = [str(collection), "--json", "-q"]
        self._where = where
        self._server = server
        self._chance = random.Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            self._run(f"{folder}/whole")
            seconds = time.perf_counter() - start
            self._wanted = contents(f"{folder}/whole")
        print(f"in a folder: {seconds:.1f} s, {len(self._wanted)} items", flush=True)

    def kill(self, victim: str, number: int) -> bool:
        """Kill once and run the same command again; whether that made the index whole."""
        if number > 1:
            with Engine.open(self._where) as engine:
                kept = set(sorted(self._wanted)[number % 4 :: 4])
                engine.remove(sorted(self._wanted.keys() - kept))
        before = held(self._where)
        ray = RAY if victim in ("driver", "worker") else ()
        said = self._killed(victim, ray, early=number % 4 == 1 and victim != "worker")
        left = state(self._where)
        start = time.perf_counter()
        report = self._run(self._where, *ray)
        closes = report["seen"] == sum(report[name] for name in BOOKS)
        found = state(self._where)
        same = contents(self._where) == self._wanted
        print(
            f"kill {number:>2}, from {before} items on: {said}; {left}. The same command again:"
            f" {time.perf_counter() - start:.0f} s, {report['added']} added, {report['replaced']}"
            f" replaced, {report['unchanged']} unchanged; books close: {closes}; keys, codes,"
            f" embeddings and thumbnails: {same}; {found}",
            flush=True,
        )
        return closes and same and found.endswith("whole")

    def _killed(self, victim: str, ray: Sequence[str], *, early: bool) -> str:
        """Start the command and kill; what became of it."""
        with self._started(self._where, *ray) as child:
            if early:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(self._chance.uniform(2, 12))
            else:
                first = held(self._where)
                part = self._chance.uniform(0.01, 0.3) * (len(self._wanted) - first)
                while child.poll() is None and held(self._where) < first + part:
                    time.sleep(0.2)
            workers: list[int] = []
            while victim == "worker" and child.poll() is None and not workers:
                workers = busy(child.pid)
                time.sleep(0 if workers else 0.02)
            if child.poll() is not None:
                return "the run had finished"
            if victim == "server":
                self._server.kill()
                self._server.start()
            else:
                signalled(self._chance.choice(workers) if workers else child.pid)
            at = held(self._where)
            _, errors = child.communicate()
            lines = errors.strip().splitlines() or [""]
            words = next((line for line in lines if "has died" in line), lines[-1])[:110]
            return f"{victim} killed at {at} items, the run ends with {child.returncode} {words!r}"

    @contextmanager
    def _started(self, where: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        program = ["-c", SMALL] if words else ["-m", "opensearch"]
        command = [sys.executable, "-W", "ignore", *program, "index", *self._words, "--to", where]
        with subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def _run(self, where: str, *words: str) -> dict[str, Any]:
        """Run to the end; the report."""
        with self._started(where, *words) as child:
            output, errors = child.communicate()
        if child.returncode not in (0, 3):
            raise SystemExit(f"index ended with {child.returncode}: {errors[-500:]}")
        report: dict[str, Any] = json.loads(output)
        return report


def held(where: str) -> int:
    """Items of an index in a server by its books, 0 where there is none yet or nobody answers."""
    place = located(where)
    assert isinstance(place, Address)
    with suppress(OpenSearchError):
        link = connect(place)
        try:
            shelf = Shelf(link)
            return sum(shelf.books().meta.counts.values()) if shelf.exists() else 0
        finally:
            link.close()
    return 0


def state(where: str) -> str:
    """Items of an index, and what is wrong with it."""
    try:
        with open_place(located(where)).open_store() as store:
            items = sum(store.meta().counts.values())
            return f"{items} items, {'; '.join(store.verify()) or 'whole'}"
    except OpenSearchError as error:
        return str(error)[:110]


def contents(where: str) -> dict[str, tuple[bytes, bytes, bool]]:
    """Code, embedding and whether there is a thumbnail, of every key.

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
        ids = [item.id for item in items]
        embeddings, pictures = store.embeddings(ids)[0], store.thumbnails(ids)
        found = {
            item.key: (by_id[item.id], embedding.tobytes(), bool(picture))
            for item, embedding, picture in zip(items, embeddings, pictures, strict=True)
        }
    if len(found) < len(items):
        raise SystemExit(f"of {len(items)} items {len(items) - len(found)} have a key of another")
    return found


if __name__ == "__main__":
    main()
