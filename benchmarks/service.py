"""How fast the HTTP service answers: 1, 8 and 32 clients with sketches, photos, shapes and words.

python -m benchmarks.service INDEX COLLECTION --seconds 60 --out service.json

The service runs as a process of its own, as `opensearch serve` starts it. In the same run the bare
encoder is fed the same pictures, one at a time, and requests for /healthz say what the load
generator itself costs. COLLECTION has the folders sketch/, photo/ and shape/. Memory is that of
the service and of the processes that read for it. Milliseconds of processor time a request say
where the cores go, and how many requests they could answer at most, whatever else runs beside.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("sketch", "photo", "shape", "words")
WORDS = ("chair", "car", "airplane", "guitar", "dog", "lamp", "table", "bicycle", "cup", "tree")
STAGES = ("queue", "decode", "render", "encode", "search", "rescore", "fetch", "total")


@contextmanager
def service(index: Path) -> Iterator[tuple[int, int]]:
    """The port and the process id of a service that is ready."""
    command = [sys.executable, "-m", "opensearch", "serve", str(index), "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    try:
        while asked(port, "GET", "/readyz")[0] != 200:
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def asked(port: int, method: str, path: str, *rest: Any) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, *rest)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def form(file: Path) -> tuple[bytes, dict[str, str]]:
    """A multipart body with a file, and its headers."""
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    )
    body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={mark}"}


def requests(kind: str, collection: Path, count: int, seed: int) -> list[tuple[Any, ...]]:
    """Arguments of `HTTPConnection.request`; no two are of the same file."""
    if kind == "healthz":
        return [("GET", "/healthz")]
    if kind == "words":
        bodies = [{"parts": [{"kind": "words", "text": word}], "k": 24} for word in WORDS]
        headers = {"Content-Type": "application/json"}
        return [("POST", "/v1/search", json.dumps(body).encode(), headers) for body in bodies]
    files = sorted(path for path in (collection / kind).rglob("*") if path.is_file())
    random.Random(seed).shuffle(files)
    return [("POST", "/v1/search/files", *form(file)) for file in files[:count]]


class Load:
    """Clients that ask as fast as they are answered, for a while."""

    def __init__(self, port: int, made: Sequence[tuple[Any, ...]]) -> None:
        self.port = port
        self.seconds: list[float] = []
        self.stages: dict[str, list[float]] = {}
        self.errors = 0
        self._next = itertools.cycle(made)
        self._lock = threading.Lock()

    def run(
        self, clients: int, seconds: float, most: int | None = None, pid: int = 0
    ) -> dict[str, Any]:
        """Figures of one run; with those of processor time where `pid` is the service's."""
        before = spent(pid)
        start = time.perf_counter()
        end = start + seconds
        threads = [threading.Thread(target=self._ask, args=(end, most)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        used = [b - a for a, b in zip(before, spent(pid), strict=True)]
        stages = {name: percentiles(self.stages[name]) for name in STAGES if name in self.stages}
        return {
            "clients": clients,
            "requests": len(self.seconds),
            "errors": self.errors,
            "per_second": round(len(self.seconds) / took, 1),
            "cpu_ms": {
                name: round(1000 * each / max(1, len(self.seconds)), 2)
                for name, each in zip(("service", "readers", "clients"), used, strict=True)
            },
            "latency_ms": percentiles([1000 * each for each in self.seconds]),
            "stages_ms": stages,
        }

    def _ask(self, end: float, most: int | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        while time.perf_counter() < end and (most is None or len(self.seconds) < most):
            with self._lock:
                request = next(self._next)
            start = time.perf_counter()
            connection.request(*request)
            response = connection.getresponse()
            body = response.read()
            self._note(time.perf_counter() - start, response.status, body)
        connection.close()

    def _note(self, seconds: float, status: int, body: bytes) -> None:
        took = json.loads(body).get("took_ms", {}) if status == 200 else {}
        with self._lock:
            self.seconds.append(seconds)
            self.errors += status != 200
            for name, spent in took.items():
                self.stages.setdefault(name, []).append(spent)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    if not values:
        return {}
    return {f"p{at}": round(float(np.percentile(values, at)), 2) for at in (50, 95, 99)}


def bare_rate(index: Path, collection: Path, kind: str, count: int) -> dict[str, float]:
    """Pictures a second through the encoder alone, views ready, one at a time; and their cost.

    BLAS has one thread, as in the service: with more, the encoder is slower.
    """
    from threadpoolctl import threadpool_limits

    from opensearch.engine import Engine

    with Engine.open(index) as engine, threadpool_limits(1, user_api="blas"):
        model = engine.model
        files = sorted((collection / kind).rglob("*.*"))[:count]
        views = [model.read(kind, file).views for file in files]
        encoder = model.bundle.encoder(kind)
        for view in views[:3]:
            encoder.embed(view[None])
        start, used = time.perf_counter(), time.process_time()
        for view in views:
            encoder.embed(view[None])
        return {
            "per_second": round(len(views) / (time.perf_counter() - start), 1),
            "cpu_ms": round(1000 * (time.process_time() - used) / len(views), 2),
        }


def memory(pid: int) -> int:
    """Bytes held by a process and its children, shared pages counted by their share."""
    return sum(_held(each) for each in (pid, *_children(pid)))


def spent(pid: int) -> tuple[float, float, float]:
    """Seconds of processor time of a process, of its children, and of this one."""
    children = sum(_spent(each) for each in _children(pid)) if pid else 0.0
    return _spent(pid) if pid else 0.0, children, time.process_time()


def _spent(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    every = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [each for each in every if _parent(each) == pid]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def soak(port: int, pid: int, made: Sequence[tuple[Any, ...]], count: int) -> dict[str, Any]:
    """Memory after each tenth of many requests by 8 clients."""
    held, errors = [], 0
    for _ in range(10):
        load = Load(port, made)
        load.run(8, 3600, count // 10)
        errors += load.errors
        held.append(round(memory(pid) / 2**20, 1))
    return {"requests": count, "errors": errors, "mib_after_each_tenth": held}


def measured(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """All figures."""
    busy = [round(each, 1) for each in os.getloadavg()]
    figures: dict[str, Any] = {"cores": os.cpu_count(), "load": busy, "runs": {}, "bare": {}}
    say(f"{os.cpu_count()} cores, load before {busy}")
    with service(arguments.index) as (port, pid):
        for kind in ("healthz", *arguments.kinds):
            runs = figures["runs"][kind] = []
            for clients in arguments.clients:  # other files each time: some that were read are kept
                made = requests(kind, arguments.collection, arguments.files, seed=clients)
                load = Load(port, made)
                runs.append(load.run(clients, arguments.seconds, pid=pid))
                say(f"{kind}: {json.dumps(runs[-1])}")
        if arguments.soak:
            mixed = [r for kind in KINDS[:2] for r in requests(kind, arguments.collection, 200, 1)]
            mixed += requests("words", arguments.collection, 0, 1) * 40
            figures["soak"] = soak(port, pid, mixed, arguments.soak)
            say(f"soak: {json.dumps(figures['soak'])}")
    for kind in ("sketch", "photo"):
        bare = bare_rate(arguments.index, arguments.collection, kind, 200)
        figures["bare"][kind] = bare
        say(f"bare encoder, {kind}: {json.dumps(bare)}")
        for run in figures["runs"].get(kind, ()):
            share = run["per_second"] / bare["per_second"]
            say(f"{kind}, {run['clients']} clients: {share:.2f} of the bare encoder's rate")
    return figures


def main() -> None:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="of each run")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--files", type=int, default=2000, help="different files of a kind")
    parser.add_argument("--soak", type=int, default=0, help="requests while memory is watched")
    parser.add_argument("--out", type=Path, help="JSON file of all figures")
    arguments = parser.parse_args()
    figures = measured(arguments, lambda line: print(line, flush=True))
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
