"""The door of the service: who may ask, how much may come in, and what every answer carries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections import Counter
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opensearch.service.connection import HEAD_BYTES
from opensearch.service.failures import ServiceError, answer_of, failure_of, refusal
from opensearch.service.meters import Meters
from opensearch.service.settings import Serving

COOKIE: Final = "opensearch_session"
OPEN: Final = frozenset({"/", "/healthz", "/readyz", "/v1/session", "/docs", "/openapi.json"})
"""Paths that give nothing away, so that a page can ask for the token; and /static/."""

_MOST_HEADERS: Final = 100
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_DATA_POLICY: Final = "default-src 'none'; sandbox; base-uri 'none'; frame-ancestors 'none'"

_log = logging.getLogger(__name__)


def session_of(token: str) -> str:
    """What the cookie holds: made of the token, which cannot be told from it."""
    return hmac.new(token.encode(), b"opensearch session 1", hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how nearly."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode())


class Guard:
    """Middleware around the whole service."""

    def __init__(self, app: ASGIApp, serving: Serving, meters: Meters) -> None:
        self._app = app
        self._serving = serving
        self._meters = meters
        self._clients: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse, one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        client = str((scope.get("client") or ("",))[0])
        try:
            self._check(Headers(scope=scope), scope, client)
            self._clients[client] += 1
            try:
                bounded = _Body(receive, self._serving, Headers(scope=scope))
                await self._app(asked, bounded.receive, answer.send)
            finally:
                self._clients[client] -= 1
                self._clients += Counter()  # forget clients with nothing under way
        except ServiceError as error:
            await answer.instead(error.response())
        except Exception as error:
            if answer.status:
                _log.error("an answer was cut short", exc_info=error)
            await answer.instead(answer_of(failure_of(error)))
        finally:
            route = getattr(asked.get("route"), "path", "none")
            self._meters.answered(route, scope["method"], answer.status, answer.seconds)

    def _check(self, headers: Headers, scope: Scope, client: str) -> None:
        """Refuse what may not ask.

        Raises:
            ServiceError: with the reason.
        """
        host = _host(headers)
        names = self._serving.hosts
        if names is not None and _name(host) not in names:
            raise refusal(
                421,
                "WrongHost",
                f"this service answers only to {', '.join(sorted(names))}, got {host[:100]!r}",
                "use the address that it printed when it started",
                wanted=", ".join(sorted(names)),
                came=host[:100],
            )
        self._check_head(scope)
        self._check_origin(headers, scope, host)
        if not (scope["path"] in OPEN or scope["path"].startswith("/static/")):
            self._check_token(headers)
        bounds = self._serving.bounds
        if self._clients.total() >= bounds.requests:
            raise refusal(
                503,
                "Busy",
                f"{bounds.requests} requests are under way",
                "ask again in a second",
                retry_after=1,
            )
        if self._clients[client] >= bounds.per_client:
            raise refusal(
                429,
                "TooManyRequests",
                f"{bounds.per_client} requests of yours are under way",
                "wait for their answers",
                retry_after=1,
            )

    def _check_head(self, scope: Scope) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if len(scope["headers"]) > _MOST_HEADERS or size + len(scope["raw_path"]) > HEAD_BYTES:
            raise ServiceError(
                431,
                "HeadTooLarge",
                f"a request has at most {_MOST_HEADERS} headers and {HEAD_BYTES:,} bytes of head"
                " here; send fewer",
                way_out="send fewer headers",
            )

    def _check_origin(self, headers: Headers, scope: Scope, host: str) -> None:
        """Refuse what a page of another site sends."""
        origin = headers.get("origin")
        other = origin is not None and _site(origin) != host.lower()
        site = headers.get("sec-fetch-site", "none")
        across = site not in ("same-origin", "none") and scope["path"].startswith("/v1")
        if (other and scope["method"] not in _SAFE) or across:
            raise refusal(
                403,
                "OtherSite",
                "a page of another site may not use this service",
                "open its own page",
                came=(origin or site)[:100],
            )

    def _check_token(self, headers: Headers) -> None:
        token = self._serving.token
        if token is None:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and same(given.strip(), token):
            return
        if same(_cookie(headers), session_of(token)):
            return
        error = ServiceError(
            401,
            "TokenWanted",
            "this service needs its token; send the header `Authorization: Bearer TOKEN`",
            wanted="Authorization: Bearer TOKEN",
            way_out="send the header, or open the page and give the token there",
        )
        error.headers = {"WWW-Authenticate": "Bearer"}
        raise error


class _Answer:
    """Passes an answer on with the headers that all have; notes its status and time."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.status = 0
        self.scope = scope
        self._send = send
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            data = self.scope["path"].startswith("/v1")
            policy = _DATA_POLICY if data else _PAGE_POLICY
            fixed = {**_ALWAYS, "Content-Security-Policy": policy}
            for name, value in fixed.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store" if data else "no-cache")
        elif self.scope["method"] == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    async def instead(self, response: Any) -> None:
        """Send this answer, unless one has begun."""
        if not self.status:
            await response(self.scope, _nothing, self.send)


class _Body:
    """A request's body within its bounds of bytes and time."""

    def __init__(self, receive: Receive, serving: Serving, headers: Headers) -> None:
        self._receive = receive
        self._most = serving.bounds.body
        self._seconds = serving.bounds.body_seconds
        self._until = time.monotonic() + self._seconds
        self._came = 0
        self._whole = False
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            raise refusal(
                408,
                "TooSlow",
                f"the body took over {self._seconds:g} s to arrive",
                "send it faster, or less of it",
            ) from None
        self._came += len(message.get("body", b""))
        if self._came > self._most:
            raise self._too_large()
        self._whole = not message.get("more_body", False)
        return message

    def _too_large(self) -> ServiceError:
        return refusal(
            413,
            "TooLarge",
            f"a body has at most {self._most:,} bytes here",
            "send smaller or fewer files",
            wanted=f"at most {self._most:,} bytes",
        )


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _host(headers: Headers) -> str:
    hosts = headers.getlist("host")
    return hosts[0] if len(hosts) == 1 else ""


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _site(origin: str) -> str | None:
    """The host and port of an Origin header; None where it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
