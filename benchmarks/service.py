"""How fast the HTTP service answers: 1, 8 and 32 clients with sketches, photos, shapes and words.

python -m benchmarks.service INDEX COLLECTION --seconds 60 --out service.json

The service runs as a process of its own, as `opensearch serve` starts it; `service_clients` is
another, whose processor time is told with each row, and what the rate would be without it. In the
same run the same pictures are read and encoded one at a time without a service: from the bytes of a
file through reader and network (`file`), and through the network alone, views ready (`network`).
COLLECTION has the folders sketch/, photo/ and shape/. Memory is that of the service and of the
processes that read for it. Milliseconds of processor time a request say where the cores go.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.stages import STAGES

KINDS = ("sketch", "photo", "shape", "words")
TIMES = ("queue", *STAGES, "total")
_BARE = 300
"""Pictures that the bare encoder is given."""


@contextmanager
def service(index: Path) -> Iterator[tuple[int, int]]:
    """The port and the process id of a service that is ready."""
    command = [sys.executable, "-m", "opensearch", "serve", str(index), "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    try:
        while _ready(port) != 200:
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _ready(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


def asked(port: int, collection: Path, kind: str, pid: int, **options: float) -> dict[str, Any]:
    """What clients found, and the seconds of processor time of the service and its readers."""
    command = [sys.executable, "-m", "benchmarks.service_clients", str(port), str(collection), kind]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        clients.stdout.readline()  # its requests are made
        before = spent(pid)
        clients.stdin.write("\n")
        clients.stdin.close()
        found: dict[str, Any] = json.loads(clients.stdout.readline())
        used = [b - a for a, b in zip(before, spent(pid), strict=True)]
    return {**found, "service_seconds": used[0], "reader_seconds": used[1]}


def row(found: dict[str, Any], clients: int) -> dict[str, Any]:
    """Figures of one run."""
    count, took = len(found["latencies_ms"]), found["seconds"]
    parts = {"service": "service_seconds", "readers": "reader_seconds", "clients": "cpu_seconds"}
    share = found["cpu_seconds"] / (took * (os.cpu_count() or 1))
    return {
        "clients": clients,
        "requests": count,
        "errors": found["errors"],
        "per_second": round(count / took, 1),
        "without_clients": round(count / took / (1 - share), 1),
        "cpu_ms": {
            name: round(1000 * found[key] / max(1, count), 2) for name, key in parts.items()
        },
        "latency_ms": percentiles(found["latencies_ms"]),
        "stages_ms": {
            name: percentiles(found["stages_ms"][name])
            for name in TIMES
            if name in found["stages_ms"]
        },
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    if not values:
        return {}
    return {f"p{at}": round(float(np.percentile(values, at)), 2) for at in (50, 95, 99)}


def bare(index: Path, collection: Path, kind: str, count: int) -> dict[str, dict[str, float]]:
    """Pictures a second without a service, one at a time: from files, and of ready views.

    BLAS has one thread, as in the service; the network has all cores, one picture after the other.
    """
    from threadpoolctl import threadpool_limits

    from opensearch.engine import Engine
    from opensearch.model import Content

    files = sorted((collection / kind).rglob("*.*"))
    random.Random(1).shuffle(files)
    inputs = [Content(file.read_bytes(), file.name) for file in files[:count]]
    with Engine.open(index) as engine, threadpool_limits(1, user_api="blas"):
        model = engine.model
        for each in inputs[:10]:
            model.embed_one(each)
        opened: list[Any] = []
        of_files = _rate(inputs, lambda each: opened.append(model.embed_one(each)[0]))
        network = _rate(
            opened,
            lambda each: model.bundle.encoder(each.domain).embed(each.reading.views[None]),
        )
    return {"file": of_files, "network": network}


def _rate(items: Sequence[Any], work: Callable[[Any], object]) -> dict[str, float]:
    before, start = spent(os.getpid()), time.perf_counter()
    for item in items:
        work(item)
    took = time.perf_counter() - start
    used = sum(spent(os.getpid())) - sum(before)
    return {
        "per_second": round(len(items) / took, 1),
        "cpu_ms": round(1000 * used / len(items), 2),
    }


def memory(pid: int) -> int:
    """Bytes held by a process and its children, shared pages counted by their share."""
    return sum(_held(each) for each in (pid, *_children(pid)))


def spent(pid: int) -> tuple[float, float]:
    """Seconds of processor time of a process, and of its children."""
    return _spent(pid), sum(_spent(each) for each in _children(pid))


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


def soak(port: int, pid: int, collection: Path, count: int) -> dict[str, Any]:
    """Memory after each twentieth of many requests by 8 clients: sketches, photos, words."""
    held, errors = [], 0
    for part in range(20):
        options = {"clients": 8, "seconds": 3600, "most": count // 20, "files": 400, "seed": part}
        errors += asked(port, collection, "mixed", pid, **options)["errors"]
        held.append(round(memory(pid) / 2**20, 1))
    return {"requests": count, "errors": errors, "mib_after_each_twentieth": held}


def measured(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """All figures."""
    busy = [round(each, 1) for each in os.getloadavg()]
    figures: dict[str, Any] = {"cores": os.cpu_count(), "load": busy, "runs": {}, "bare": {}}
    say(f"{os.cpu_count()} cores, load before {busy}")
    with service(arguments.index) as (port, pid):
        for kind in arguments.kinds:
            runs = figures["runs"][kind] = []
            for clients in arguments.clients:  # other files each time: some that were read are kept
                options = {"clients": clients, "seconds": arguments.seconds, "seed": clients}
                found = asked(port, arguments.collection, kind, pid, **options)
                runs.append(row(found, clients))
                say(f"{kind}: {json.dumps(runs[-1])}")
        if arguments.soak:
            figures["soak"] = soak(port, pid, arguments.collection, arguments.soak)
            say(f"soak: {json.dumps(figures['soak'])}")
    for kind in (each for each in ("sketch", "photo") if each in arguments.kinds):
        rates = figures["bare"][kind] = bare(arguments.index, arguments.collection, kind, _BARE)
        say(f"one at a time, {kind}: {json.dumps(rates)}")
        for run in figures["runs"][kind]:
            for name, one in rates.items():
                shares = [run[of] / one["per_second"] for of in ("per_second", "without_clients")]
                say(
                    f"{kind}, {run['clients']} clients: {shares[0]:.2f} of {name};"
                    f" {shares[1]:.2f} without the clients' share of the cores"
                )
    return figures


def main() -> None:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="of each run")
    parser.add_argument("--kinds", nargs="*", choices=("healthz", *KINDS), default=KINDS)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--soak", type=int, default=0, help="requests while memory is watched")
    parser.add_argument("--out", type=Path, help="JSON file of all figures")
    arguments = parser.parse_args()
    figures = measured(arguments, lambda line: print(line, flush=True))
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
