"""Clients of the HTTP service that cost next to nothing: one thread, plain sockets, ready bytes.

`benchmarks.service` starts this as a process of its own, so that the service shares no
interpreter with what asks it. All requests are made before the first is sent; of an answer no more
is read than its status and the milliseconds that it names. It waits for a line on its input before
it begins, and writes one line of JSON at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORDS = ("chair", "car", "airplane", "guitar", "dog", "lamp", "table", "bicycle", "cup", "tree")
FAMILY = ("sketch", "photo", "words")
"""Kinds of request that `mixed` goes through in turn."""
_MARK = "a-boundary-that-no-file-holds-7d1f0c"
_ENOUGH = 2**20


def requests(kind: str, collection: Path, count: int, seed: int) -> list[bytes]:
    """Whole requests of a kind; up to `count` of files, no two of the same."""
    if kind == "mixed":
        each = [requests(one, collection, count, seed) for one in FAMILY]
        rounds = max(len(one) for one in each)
        return [one[at % len(one)] for at in range(rounds) for one in each]
    if kind == "healthz":
        return [b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]
    if kind == "words":
        said = ({"parts": [{"kind": "words", "text": word}], "k": 24} for word in WORDS)
        return [_posted("/v1/search", "application/json", json.dumps(s).encode()) for s in said]
    files = sorted(path for path in (collection / kind).rglob("*") if path.is_file())
    random.Random(seed).shuffle(files)
    return [form(path) for path in files[:count]]


def form(file: Path) -> bytes:
    """A search by one file."""
    head = f'--{_MARK}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"'
    body = head.encode() + b"\r\n\r\n" + file.read_bytes() + f"\r\n--{_MARK}--\r\n".encode()
    return _posted("/v1/search/files", f"multipart/form-data; boundary={_MARK}", body)


def _posted(path: str, kind: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Client:
    """One connection: it sends a request, reads the answer, and sends the next."""

    port: int
    rest: bytes = b""
    came: bytearray = field(default_factory=bytearray)
    start: float = 0.0

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def ask(self, request: bytes) -> None:
        """Begin with a request."""
        self.rest, self.start = request, time.perf_counter()
        self.came.clear()
        self.push()

    def push(self) -> None:
        """Send as much as goes."""
        with suppress(BlockingIOError):
            self.rest = self.rest[self.socket.send(self.rest) :]

    def answer(self) -> tuple[int, bytes] | None:
        """Status and body, once they are whole."""
        self.came += self.socket.recv(_ENOUGH)
        end = self.came.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.came[:end]).lower()
        _, _, length = head.partition(b"content-length:")
        size = int(length.split(b"\r\n", 1)[0])
        if len(self.came) < end + 4 + size:
            return None
        return int(head.split(None, 2)[1]), bytes(self.came[end + 4 :])


def run(port: int, made: list[bytes], clients: int, seconds: float, most: int) -> dict[str, Any]:
    """Ask as fast as answers come, for some seconds or until `most` answers have come."""
    following: Iterator[bytes] = itertools.cycle(made)
    latencies: list[float] = []
    stages: dict[str, list[float]] = {}
    errors = 0
    used, start = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for _ in range(clients):
            client = Client(port)
            client.ask(next(following))
            waiting.register(client.socket, _wanted(client), client)
        while waiting.get_map():
            for key, _ in waiting.select():
                client = key.data
                if client.rest:
                    client.push()
                elif answer := client.answer():
                    latencies.append(1000 * (time.perf_counter() - client.start))
                    errors += answer[0] != 200
                    for name, spent in _took(answer[1]).items():
                        stages.setdefault(name, []).append(spent)
                    if time.perf_counter() - start >= seconds or len(latencies) >= most:
                        waiting.unregister(client.socket)
                        client.socket.close()
                        continue
                    client.ask(next(following))
                waiting.modify(client.socket, _wanted(client), client)
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - used,
        "latencies_ms": latencies,
        "errors": errors,
        "stages_ms": stages,
    }


def _wanted(client: Client) -> int:
    return selectors.EVENT_WRITE if client.rest else selectors.EVENT_READ


def _took(body: bytes) -> dict[str, float]:
    """The milliseconds that stand at the end of an answer."""
    _, found, told = body.rpartition(b'"took_ms":')
    return dict(json.loads(told[:-1])) if found else {}


def main() -> None:
    """Make the requests, wait for a line, ask, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", type=int)
    parser.add_argument("collection", type=Path)
    parser.add_argument("kind", help="healthz, words, mixed, or a folder of the collection")
    parser.add_argument("--files", type=int, default=2000, help="different files")
    parser.add_argument("--seed", type=int, default=0, help="of the order of files")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--most", type=int, default=sys.maxsize, help="answers after which it ends")
    arguments = parser.parse_args()
    made = requests(arguments.kind, arguments.collection, arguments.files, arguments.seed)
    print("ready", flush=True)
    sys.stdin.readline()
    told = run(arguments.port, made, arguments.clients, arguments.seconds, arguments.most)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
