"""Callbacks by which long-running work reports what it is doing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from opensearch.records import Failure

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the work, steps done and steps in all."""

Note: TypeAlias = Callable[[str], None]
"""Called with one sentence that the user should read."""


Count: TypeAlias = Callable[[int, int], None]
"""Called with steps done and steps in all, where the work needs no name."""


Failed: TypeAlias = Callable[[Failure], None]
"""Called with each file of a collection that is passed over, and why."""


def unheard(failure: Failure) -> None:
    """Ignore a failure."""


def quiet(what: str, done: int, total: int) -> None:
    """Report no progress."""


def uncounted(done: int, total: int) -> None:
    """Report no count."""


def silent(text: str) -> None:
    """Ignore a note."""
