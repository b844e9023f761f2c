"""How the service is run, and what one client may cost it."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Final

from pydantic import Field

from opensearch.config import Settings
from opensearch.errors import InvalidInput, system_reason
from opensearch.limits import Limits

PORT: Final = 8765
_LEAST_TOKEN: Final = 16
_MOST_TOKEN: Final = 4096
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Bounds(Settings):
    """What requests may cost before they are refused with 413, 422, 429 or 503."""

    body: int = Field(default=64 * 2**20, gt=0, description="bytes of a request's body")
    parts: int = Field(default=16, gt=0, description="parts of a query, and files of a request")
    hits: int = Field(default=1000, gt=0, description="hits of a search, those skipped counted")
    text: int = Field(default=1000, gt=0, description="characters of words, filters and names")
    strokes: int = Field(default=100_000, gt=0, description="points of a drawing")
    body_seconds: float = Field(default=30, gt=0, description="time for a body to arrive")
    header_seconds: float = Field(default=10, gt=0, description="time for a request to begin")
    stop_seconds: int = Field(default=10, gt=0, description="time to finish when told to stop")
    connections: int = Field(default=512, gt=0, description="open at a time")
    requests: int = Field(default=128, gt=0, description="at work at a time")
    per_client: int = Field(default=32, gt=0, description="of one address at work at a time")
    encoders: int = Field(
        default_factory=lambda: 4 * max(2, os.cpu_count() or 1),
        gt=0,
        description="inputs at hand: a core reads one of them, the rest wait or are encoded",
    )
    searches: int = Field(
        default_factory=lambda: max(2, os.cpu_count() or 1),
        gt=0,
        description="searches and look-ups at a time",
    )
    queue: int = Field(default=64, ge=0, description="jobs of a kind that may wait")


UPLOADS: Final = Limits(bytes=48 * 2**20, seconds=20, memory=2 * 2**30)
"""What one uploaded file may cost; less than files of one's own may."""


class Serving(Settings):
    """A service: where it listens, who may ask, and whether it may write."""

    host: str = "127.0.0.1"
    port: int = Field(default=PORT, ge=0, le=65535)
    token: str | None = None
    writable: bool = False
    bounds: Bounds = Bounds()

    @property
    def hosts(self) -> frozenset[str] | None:
        """Names by which a browser may call a service on this machine alone; any when `None`.

        A page from elsewhere may let its own name point here (DNS rebinding): then the name is
        not one of these. Where other machines may ask, the token is what keeps such a page out.
        """
        return _LOCAL | {self.host.lower()} if is_loopback(self.host) else None


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_reach(host: str, token: str | None) -> None:
    """Refuse to be reached from other machines by whoever likes.

    Raises:
        InvalidInput: the address is not of this machine alone, and there is no token.
    """
    if token is None and not is_loopback(host):
        raise InvalidInput(
            f"`host` {host} may be reached from other machines, so it needs a token: write one"
            " into a file and name it with `token_file`, or leave the host at 127.0.0.1"
        )


def read_token(file: Path) -> str:
    """The token in a file, without white space around it.

    Raises:
        InvalidInput: it cannot be read, or is too short to keep anybody out.
    """
    try:
        with file.open("rb") as opened:
            token = opened.read(_MOST_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise InvalidInput(f"`token_file` {file} cannot be read: {system_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"`token_file` {file} must hold letters and digits of ASCII; make one by"
            " `openssl rand -hex 32`"
        ) from error
    if not _LEAST_TOKEN <= len(token) <= _MOST_TOKEN or not token.isprintable() or " " in token:
        raise InvalidInput(
            f"`token_file` {file} must hold {_LEAST_TOKEN} to {_MOST_TOKEN} characters without"
            f" spaces, got {len(token)}; make one by `openssl rand -hex 32`"
        )
    return token
