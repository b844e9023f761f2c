"""The environments this process has open: one for each folder, closed with its last user.

LMDB forbids opening an environment twice in a process, since its locks belong to the process, and
using one across a fork. Where a file was replaced, the environment of the old one stays open until
its users release it, beside that of the new one.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path

from opensearch.errors import StoreError
from opensearch.files import is_file
from opensearch.store.environment import Environment
from opensearch.store.lmdb_errors import translated

_open: dict[Path, Environment] = {}
_replaced: list[Environment] = []
_guard = threading.Lock()
_released: deque[Environment] = deque()


def acquire(folder: Path, *, create: bool) -> Environment:
    """The environment of `folder`: the one already open in this process, or a new one.

    Raises:
        StoreError: nothing is there to open, or it is damaged.
    """
    with translated("open", folder, OSError, RuntimeError):  # of a link that leads to itself
        if not create and not is_file(folder / "data.mdb"):
            raise StoreError(f"no store in {str(folder)!r}; name the folder of an index.")
        place = folder.resolve()
    with _guard, translated("open", folder, OSError):
        _close_unused()
        if place in _open and _open[place].replaced():
            _replaced.append(_open.pop(place))
        if place not in _open:
            environment = Environment(place)
            environment.when_idle = _try_to_close_unused
            try:
                environment.create() if create else environment.open()
            except BaseException:
                environment.close()
                raise
            _open[place] = environment
        _open[place].users += 1
        return _open[place]


def release(environment: Environment) -> None:
    """End one use of an environment; it is closed after the last, once its reads have ended."""
    _released.append(environment)
    with _guard:
        _close_unused()
    if not environment.users:
        environment.wait_for_readers()
        with _guard:
            _close_unused()


def drop(environment: Environment) -> None:
    """As `release`, for the garbage collector, which may run while this thread holds the guard."""
    _released.append(environment)
    _try_to_close_unused()


def _try_to_close_unused() -> None:
    """Close what has no users, unless another thread holds the guard: then that one will."""
    if _guard.acquire(blocking=False):
        try:
            _close_unused()
        finally:
            _guard.release()


def _close_unused() -> None:
    """Close the environments without users that nobody reads; the caller holds the guard."""
    while _released:
        _released.popleft().users -= 1
    for environment in [e for e in (*_open.values(), *_replaced) if not e.users]:
        if environment.close_if_idle():
            if _open.get(environment.folder) is environment:
                del _open[environment.folder]
            else:
                _replaced.remove(environment)


def _forget_in_child() -> None:
    """A forked child may not use its parent's environments; it opens its own."""
    global _guard
    _guard = threading.Lock()
    for environment in (*_open.values(), *_replaced):
        environment.leave_to_parent()
    _open.clear()
    _replaced.clear()
    _released.clear()


os.register_at_fork(after_in_child=_forget_in_child)
