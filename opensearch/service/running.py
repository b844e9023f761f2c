"""Listening: a socket, connections that may not idle for ever, and an orderly end."""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from opensearch.errors import InvalidInput, system_reason
from opensearch.records import Where
from opensearch.service.app import create_app
from opensearch.service.connection import HEAD_BYTES, Connection
from opensearch.service.served import Served
from opensearch.service.settings import UPLOADS, Serving, check_reach


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one.

    Raises:
        InvalidInput: the address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InvalidInput(
            f"`host` {host} is not an address of this machine: {system_reason(error)}"
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"`port` {port} of {host} cannot be used: {system_reason(error)}; name another, or 0"
            " for any that is free"
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(
    app: ASGIApp, listening: socket.socket, serving: Serving, started: Callable[[], None]
) -> None:
    """Serve until a signal ends it; requests under way are finished, within their time."""
    config = uvicorn.Config(
        app,
        http=type("Connection", (Connection,), {"bounds": serving.bounds}),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=serving.bounds.stop_seconds,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    _Server(config, started).run([listening])


_UNLESS_IGNORED: Final = (signal.SIGHUP, signal.SIGQUIT)
"""Signals that end it, too, but not where they are ignored, as by nohup."""


class _Server(uvicorn.Server):
    """Tells when it is up; ends in order on the first signal and at once on the second."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM, *_UNLESS_IGNORED)
            if number not in _UNLESS_IGNORED or signal.getsignal(number) != signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + number)
        self.should_exit = True


def _settle() -> None:
    """Exempt what is loaded from garbage collection, which would stop all threads."""
    gc.collect()
    gc.freeze()


def serve(
    path: Where, model: Path | None, serving: Serving, started: Callable[[str], None]
) -> None:
    """Open an index and serve it until a signal ends it.

    Args:
        path: the index.
        model: to encode queries with, in place of the index's own.
        serving: where and how.
        started: called with the address of the page once it is served.

    Raises:
        InvalidInput: the address cannot be had, or may be reached by anybody without a token.
        OpenSearchError: index or model cannot be opened.
    """
    check_reach(serving.host, serving.token)
    listening = listen(serving.host, serving.port)
    try:
        app = create_app(Served(path, model, UPLOADS), serving, _settle)
        # Products of one query are small: threads of BLAS would wait for cores that others use.
        with threadpool_limits(1, user_api="blas"):
            run(app, listening, serving, lambda: started(address_of(listening)))
    finally:
        listening.close()
