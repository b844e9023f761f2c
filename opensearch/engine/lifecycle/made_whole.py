"""A folder that is there only once all of it is, however many processes try to make it."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from opensearch.errors import StoreError

_ROOM: Final = "????????"
"""What `tempfile` puts into a name of its own."""


@contextmanager
def made_whole(path: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `path` when the block ends well, and is gone if not.

    It is made beside `path`, in a room of this process that holds a lock, too. What a killed
    process has left there is removed.

    Args:
        path: absolute; may be there, empty.

    Raises:
        StoreError: another process is making it, or has meanwhile.
        OSError: it cannot be written.
    """
    with suppress(FileExistsError):  # a file, which the next step tells
        path.parent.mkdir(parents=True, exist_ok=True)
    with _new_room(path) as room:
        made = room / path.name
        made.mkdir()
        yield made
        _move(made, path)


@contextmanager
def _new_room(path: Path) -> Iterator[Path]:
    """A room whose lock is held. Before it is, another process may take it for one left behind."""
    while True:
        _remove_left(path)
        room = Path(tempfile.mkdtemp(".partial", f".{path.name}.", path.parent))
        try:
            with _locked(room / "lock") as ours:
                if ours:
                    yield room
                    return
        finally:
            shutil.rmtree(room, ignore_errors=True)


@contextmanager
def _locked(file: Path) -> Iterator[bool]:
    """Make a file and lock it; false if it is gone by then, together with its folder."""
    try:
        lock = file.open("x")
    except FileNotFoundError:
        yield False
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _is_at(lock, file)


def _is_at(opened: IO[str], file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _remove_left(path: Path) -> None:
    for room in path.parent.glob(f".{glob.escape(path.name)}.{_ROOM}.partial"):
        try:
            with (room / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(room, ignore_errors=True)
        except FileNotFoundError:
            with suppress(OSError):
                room.rmdir()  # of a process killed before it made the lock
        except BlockingIOError as error:
            raise StoreError(
                f"another process is making {path} now; wait until it ends, or name another folder"
            ) from error
        except OSError:
            continue  # of another user, who alone may remove it


def _move(made: Path, path: Path) -> None:
    try:
        made.rename(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise StoreError(
            f"{path} is there already: another process has made it meanwhile"
        ) from error
