"""The one process that writes to an index in Milvus, which has no locks.

The writer says so in a row beside the books and keeps renewing it. Others take it for dead `LEASE`
seconds after the last renewal, or at once if its process has ended on the same machine.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from typing import Any, Final

from opensearch.errors import StoreError
from opensearch.milvus.books import Shelf

WRITER: Final = "writer"
LEASE: Final = 60.0
"""Seconds after which a writer that has not been heard of is taken for dead."""

_US: Final = secrets.token_hex(8)
"""What this process is called where it writes; all its stores write together."""


def claim(shelf: Shelf) -> bool:
    """Become the one process that writes; true if this process was not the writer before.

    Raises:
        StoreError: another process writes.
    """
    known = _writer(shelf.texts(WRITER).get(WRITER))
    ours = known is not None and known["who"] == _US
    if known is not None and not ours and not _is_dead(known):
        raise StoreError(
            f"another process writes to {shelf.address} ({known['host']}, process"
            f" {known['pid']}); repeat when it is done. One that was killed elsewhere is waited"
            f" for {LEASE:.0f} s"
        )
    now = time.time()
    last = float(known["at"]) if known else 0.0
    if not ours or abs(now - last) > LEASE / 4:  # a clock that was set back, too
        shelf.write({WRITER: json.dumps(_ourselves(now))})
    if not ours:
        said = _writer(shelf.texts(WRITER, strong=True).get(WRITER))
        if said is None or said["who"] != _US:
            raise StoreError(
                f"another process has begun to write to {shelf.address} at the same"
                " moment; repeat when it is done"
            )
    return not ours


def release(shelf: Shelf) -> None:
    """Let others write."""
    known = _writer(shelf.texts(WRITER).get(WRITER))
    if known is not None and known["who"] == _US:
        shelf.drop([WRITER])


def _ourselves(now: float) -> dict[str, Any]:
    return {"who": _US, "host": socket.gethostname(), "pid": os.getpid(), "at": now}


def _writer(text: str | None) -> dict[str, Any] | None:
    """Who writes, by that row."""
    try:
        said = json.loads(text) if text else None
        return (
            said if isinstance(said, dict) and {"who", "host", "pid", "at"} <= set(said) else None
        )
    except ValueError:
        return None


def _is_dead(writer: dict[str, Any]) -> bool:
    """Whether a writer is not there any more, or was not heard of for long."""
    if writer["host"] == socket.gethostname():
        try:
            os.kill(int(writer["pid"]), 0)
        except ProcessLookupError:
            return True
        except (OSError, ValueError, OverflowError):
            pass
    return bool(time.time() - float(writer["at"]) > LEASE)
