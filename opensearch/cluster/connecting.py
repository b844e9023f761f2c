"""The way to a Ray cluster: one that runs already, or one of this machine for this run alone."""

from __future__ import annotations

import io
import logging
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any, Final, TextIO

from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.extras import require

LOCAL: Final = "local"
"""In place of an address: start Ray on this machine, and stop it after the run."""

PROCESSORS: Final = 4
"""Most processors of a worker: one session gains little from more, two sessions gain twice."""

_ADDRESS: Final = re.compile(r"local|auto|[^\s/]+:[0-9]{1,5}")

_KNOCK_SECONDS: Final = 10.0

_STARTS: Final = 3
"""Times that Ray is started on this machine: it gives itself half a minute."""

_AUTH_MODE, _AUTH_TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
_TOKEN: Final = secrets.token_hex(32)
"""One a process: Ray keeps the first that it sees."""

_STORE: Final = 200 * 2**20
"""Bytes of shared memory for results under way, beside twice the model."""


def check_address(address: str) -> str:
    """The address, if Ray can be asked for it.

    Raises:
        InvalidInput: it is none of those that the text names.
        MissingExtra: Ray is not installed.
    """
    if not _ADDRESS.fullmatch(address):
        raise InvalidInput(
            f"a Ray cluster is named by {LOCAL!r}, 'auto' or HOST:PORT, got {address!r}. This"
            " machine must be one of its nodes: `ray start --address=HOST:PORT --num-cpus=0`"
            " makes it one that is given no work"
        )
    require("encoding on many machines", "ray")
    return address


def sized(nodes: Sequence[int], workers: int | None) -> tuple[int, int]:
    """How many workers, and how many processors each has.

    Args:
        nodes: processors of each node; none of them 0.
        workers: how many are asked for; as many as there is room for when `None`.

    Raises:
        InvalidInput: no node has a processor.
    """
    if not nodes:
        raise InvalidInput("no node of the Ray cluster has a processor to give; add one that has")
    each = min(PROCESSORS, *nodes)
    if workers is None:
        return sum(node // each for node in nodes), each
    return workers, max(1, min(each, sum(nodes) // workers))


@contextmanager
def connected(address: str, model_bytes: int, workers: int | None) -> Iterator[Any]:
    """The module `ray`, connected; what was connected before stays so afterwards.

    Args:
        address: `LOCAL`, `auto`, or host and port of the head.
        model_bytes: size of what every worker is sent.
        workers: how many a cluster of this machine has to have room for.

    Raises:
        OpenSearchError: nothing answers there, or Ray cannot be started.
    """
    with _with_token() if address == LOCAL else nullcontext():
        import ray

        if ray.is_initialized():
            yield ray
            return
        with _session(ray, address, model_bytes, workers):
            yield ray


@contextmanager
def _with_token() -> Iterator[None]:
    """Let a cluster of this machine obey none but this process, which alone knows its token.

    It listens on all addresses of the machine, and whoever it obeys runs code there. Ray reads
    the variables when it starts; what the user has set is left.
    """
    if os.environ.get(_AUTH_MODE):
        yield
        return
    os.environ |= {_AUTH_MODE: "token", _AUTH_TOKEN: _TOKEN}
    try:
        yield
    finally:
        for name in (_AUTH_MODE, _AUTH_TOKEN):
            os.environ.pop(name, None)


@contextmanager
def _session(ray: Any, address: str, model_bytes: int, workers: int | None) -> Iterator[None]:
    """What is connected for a while, and what was started for it."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        options: dict[str, Any] = {"address": address}
        if address == LOCAL:
            options |= {
                "num_cpus": max(os.cpu_count() or 1, workers or 1),
                "object_store_memory": _STORE + 2 * model_bytes,
                "include_dashboard": False,
                "_temp_dir": folder,
            }
        with _own_signals():
            _start(ray, address, options)
        try:
            with redirect_stdout(_WithoutRay(sys.stdout)):
                yield
        finally:
            with redirect_stdout(io.StringIO()):  # what was not printed yet
                ray.shutdown()


def _start(ray: Any, address: str, options: dict[str, Any]) -> None:
    """Connect; on this machine start Ray again if it timed out, as may happen on a busy one.

    Raises:
        OpenSearchError: nothing answers there, or Ray cannot be started.
    """
    for left in reversed(range(_STARTS if address == LOCAL else 1)):
        try:
            _knock(address)
            ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
            return
        except Exception as error:  # it raises all kinds, and that class itself
            ray.shutdown()
            if not left or "timed out" not in str(error):
                raise _unreached(address, error) from error


def processors(ray: Any) -> list[int]:
    """Processors of each node that is up and has any."""
    found = (int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])
    return [count for count in found if count]


def _knock(address: str) -> None:
    """Find out whether anybody listens there; Ray would try again for many minutes.

    Raises:
        OSError: nobody does, or the name is unknown.
    """
    host, _, port = address.rpartition(":")
    if host:
        socket.create_connection((host, int(port)), _KNOCK_SECONDS).close()


def _unreached(address: str, error: Exception) -> OpenSearchError:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if address == LOCAL:
        return OpenSearchError(f"Ray cannot be started on this machine: {reason}")
    return OpenSearchError(
        f"no Ray cluster answers at {address}: {reason}. Start one with `ray start --head`, or"
        f" let this run have its own: {LOCAL!r}"
    )


class _WithoutRay(io.TextIOBase):
    """Standard output for all but the threads in which Ray prints what became of its workers.

    The schedule tells that in its own words, and what stands there must stay JSON where it is.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of signals, which Ray replaces when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
