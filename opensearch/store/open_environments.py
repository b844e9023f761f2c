"""One environment a folder and process, counted by its users, and none across a fork.

LMDB forbids opening an environment twice in a process: its locks belong to the process. One whose
file was replaced is set aside until its users let go of it, and the file there now gets its own.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path

from opensearch.errors import StoreError
from opensearch.store.environment import Environment

_open: dict[Path, Environment] = {}
_aside: list[Environment] = []
_guard = threading.Lock()
_dropped: deque[Environment] = deque()


def acquire(folder: Path, *, create: bool) -> Environment:
    """The environment of `folder`: the one already open in this process, or a new one.

    Raises:
        StoreError: nothing is there to open, or it is damaged.
    """
    if not create and not (folder / "data.mdb").is_file():
        raise StoreError(f"no store in {str(folder)!r}; name the folder of an index.")
    place = folder.resolve()
    with _guard:
        _settle()
        if place in _open and _open[place].replaced():
            _aside.append(_open.pop(place))
        if place not in _open:
            environment = Environment(place)
            environment.when_calm = _settle_now
            try:
                environment.create() if create else environment.open()
            except BaseException:
                environment.close()
                raise
            _open[place] = environment
        _open[place].users += 1
        return _open[place]


def release(environment: Environment) -> None:
    """Give the environment back; the last user of it closes it, when its reads have ended."""
    _dropped.append(environment)
    with _guard:
        _settle()
    if not environment.users:
        environment.wait_for_readers()
        with _guard:
            _settle()


def drop(environment: Environment) -> None:
    """As `release`, for the garbage collector, which may come while this thread is in here."""
    _dropped.append(environment)
    _settle_now()


def _settle_now() -> None:
    """Take leave of what was given back, unless somebody is at it, who will see it."""
    if _guard.acquire(blocking=False):
        try:
            _settle()
        finally:
            _guard.release()


def _settle() -> None:
    """Take leave of what was given back, as soon as nobody reads it; the guard is held."""
    while _dropped:
        _dropped.popleft().users -= 1
    for environment in [e for e in (*_open.values(), *_aside) if not e.users]:
        if environment.close_if_calm():
            if _open.get(environment.folder) is environment:
                del _open[environment.folder]
            else:
                _aside.remove(environment)


def _forget_in_child() -> None:
    """A forked child may not use its parent's environments; it opens its own."""
    global _guard
    _guard = threading.Lock()
    for environment in (*_open.values(), *_aside):
        environment.leave_to_parent()
    _open.clear()
    _aside.clear()
    _dropped.clear()


os.register_at_fork(after_in_child=_forget_in_child)
