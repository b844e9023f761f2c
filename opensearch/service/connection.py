"""One connection: it may not stay silent for ever, and what is no request is told so."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from opensearch.service.failures import ErrorBody, Failure
from opensearch.service.settings import Bounds

HEAD_BYTES: Final = 64 * 1024


class Connection(H11Protocol):
    """A connection whose next request must begin within a time; one too many is closed."""

    bounds: ClassVar[Bounds] = Bounds()
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            transport.close()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """A head that has begun must be whole in time, too."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self._late is None:
                self._wait()  # a head has begun and is not whole
        else:
            self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say in the shape of all errors that this is no request."""
        failure = Failure(
            status=400,
            kind="BadRequest",
            message="this cannot be understood as an HTTP request, or its head is over 64 KiB;"
            " send one with fewer or other headers",
            way_out="send one with fewer or other headers",
        )
        body = ErrorBody(error=failure).model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        self._late = self.loop.call_later(self.bounds.header_seconds, self.transport.close)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
