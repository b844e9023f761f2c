"""Making a folder that appears only once it is complete, however many processes try to make it."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from opensearch.encoders.tensors import short_name
from opensearch.errors import StoreError

_ROOM: Final = "????????"
"""What `tempfile` puts into a name of its own."""

_LAST: Final = "manifest.json"


@contextmanager
def made_whole(path: Path) -> Iterator[Path]:
    """A new folder to fill: it becomes `path` if the block succeeds and is removed if it fails.

    It is made in a locked temporary folder beside `path`, or inside `path` where that cannot be
    replaced, e.g. because it is a mount point. Leftovers of killed processes are removed.

    Args:
        path: absolute; may be there, empty, or be a link to a folder that is.

    Raises:
        StoreError: another process is making it, or has meanwhile.
        OSError: it cannot be written.
    """
    with suppress(FileExistsError):  # a file, which the next step tells
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.is_dir():
        path = path.resolve()
    inside = _stays(path)
    with _new_room(path, path if inside else path.parent) as room:
        made = room / path.name
        made.mkdir()
        yield made
        (_move_all if inside else _move)(made, path)


def is_taken(path: Path) -> bool:
    """Whether something lies at a path that a new folder cannot take the place of.

    Raises:
        OSError: that cannot be told.
    """
    if not path.is_dir():
        return os.path.lexists(path)
    rooms = re.compile(rf"\.{re.escape(short_name(path.resolve()))}\.\w{{8}}\.partial")
    return not all(rooms.fullmatch(child.name) for child in path.iterdir())


def _stays(path: Path) -> bool:
    """Whether a folder is there that cannot be replaced by another, only filled."""
    return path.is_dir() and (os.path.ismount(path) or not os.access(path.parent, os.W_OK))


@contextmanager
def _new_room(path: Path, place: Path) -> Iterator[Path]:
    """A locked temporary folder; until it is locked, others may take it for one left behind."""
    while True:
        _remove_left(path, place)
        room = Path(tempfile.mkdtemp(".partial", f".{short_name(path)}.", place))
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


def _remove_left(path: Path, place: Path) -> None:
    for room in place.glob(f".{glob.escape(short_name(path))}.{_ROOM}.partial"):
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
        raise _made_meanwhile(path) from error


def _move_all(made: Path, path: Path) -> None:
    """Fill a folder; what makes it an index or an export comes last."""
    if is_taken(path):
        raise _made_meanwhile(path)
    for child in sorted(made.iterdir(), key=lambda child: child.name == _LAST):
        child.rename(path / child.name)


def _made_meanwhile(path: Path) -> StoreError:
    return StoreError(f"{path} is there already: another process has made it meanwhile")
