"""Functions of modules that are loaded when they are first called.

Whoever asks only needs to know what a format is called; reading it is the work of another process,
and of few files. A registry says here where the work lies, and nothing else of ours is loaded late.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def later(module: str, name: str) -> Callable[..., Any]:
    """A function, always the same, that loads `module` with its first call, and calls `name`."""

    def call(*args: Any, **named: Any) -> Any:
        return getattr(import_module(module), name)(*args, **named)

    return call
