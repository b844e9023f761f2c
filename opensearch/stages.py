"""How long the steps of a piece of work took, for whoever wants to know.

A room below marks a step by `with stage("encode")`; it costs next to nothing unless somebody up the
same thread or task listens with `timed`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

STAGES: Final = ("decode", "render", "encode", "search", "rescore", "fetch")
"""Reading a picture; reading and drawing a shape; the encoder; candidates by codes; scores by
embeddings; records of the hits."""

_listening: ContextVar[dict[str, float] | None] = ContextVar("_listening", default=None)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds by stage of all that runs inside the block, in this thread."""
    seconds: dict[str, float] = {}
    before = _listening.set(seconds)
    try:
        yield seconds
    finally:
        _listening.reset(before)


def spent(name: str, since: float) -> None:
    """Add the time from `since`, of `time.perf_counter`, until now to a stage."""
    seconds = _listening.get()
    if seconds is not None:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - since


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the block as this stage."""
    since = time.perf_counter()
    try:
        yield
    finally:
        spent(name, since)
