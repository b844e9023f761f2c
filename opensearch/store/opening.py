"""Opening LMDB's files: as large a map as the system grants, and no file that was cut short.

LMDB maps its file into memory and trusts it: to read a page past the end of a file that was cut
short ends the process by SIGBUS. So the length is compared with the last page in use. A sound
file may be a little short, too, when the last pages were given out and given back in one
transaction, never written; a child then reads all pages that are in use.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import lmdb

from opensearch.errors import StoreError
from opensearch.store import pages
from opensearch.store.tables import TRANSACTIONS

MAP_START = 2**36
"""First size of the map, bytes: address space, not disk; grown by doubling when it is full."""

MAP_LEAST = 2**26
"""Where address space is limited, the first size is twice the file's, and this at least."""

_GROWTH = (2.0, 1.5, 1.2, 1.05)
"""By how much a full map grows: the first of these that the system grants."""


def open_map(folder: Path, size: int | None = None, **flags: Any) -> Any:
    """An LMDB environment with a map of `size` bytes, or of less where that is not granted.

    Raises:
        lmdb.Error: the files are missing or damaged.
        StoreError: there is a file to read, and it is empty.
    """
    needed = length(folder)
    if not needed and flags.get("readonly"):
        raise cut_short(folder, 2 * os.sysconf("SC_PAGE_SIZE"))  # LMDB would say "bad descriptor"
    sizes = [size or MAP_START, max(2 * needed, MAP_LEAST), max(needed, 2**20)]
    if size is None and _limited():
        del sizes[0]
    for tried in sizes:
        try:
            return lmdb.open(os.fsencode(folder), map_size=tried, **flags)
        except lmdb.MemoryError:
            if tried == sizes[-1]:
                raise
    raise AssertionError("unreachable: the last size returns or raises")


def larger(size: int) -> list[int]:
    """Sizes to try, in order, for a map of `size` bytes that is full; whole MiB."""
    return [int(size * growth) // 2**20 * 2**20 + 2**20 for growth in _GROWTH]


def length(folder: Path) -> int:
    """Bytes of the data file, 0 where there is none."""
    try:
        return os.stat(folder / "data.mdb").st_size
    except OSError:
        return 0


def place(folder: Path) -> tuple[int, int] | None:
    """Device and number of the data file that lies in a folder now, `None` where there is none."""
    try:
        there = os.stat(folder / "data.mdb")
    except OSError:
        return None
    return there.st_dev, there.st_ino


def writable(folder: Path) -> bool:
    """Whether the folder and what lies in it may be written; true where nothing is yet."""
    files = [folder, *(folder / name for name in ("data.mdb", "lock.mdb", "writer.lock"))]
    return all(os.access(file, os.W_OK) for file in files if file.exists())


def ever_used(folder: Path) -> bool:
    """Whether a folder holds a store that was written to, or a file that does not tell.

    Plain reads of the file tell, which nothing in it can crash. Making the tables and the first
    books takes a known number of transactions; with no more, nothing was written after that.
    """
    if length(folder) < 2 * pages.LEAST:
        return False
    try:
        return pages.last_transaction(folder) > TRANSACTIONS + 1
    except (pages.NotPagesError, OSError):
        return True


def pages_length(env: Any) -> int:
    """Bytes of a file that holds every page ever given out."""
    return int((env.info()["last_pgno"] + 1) * env.stat()["psize"])


def check_whole(env: Any, folder: Path) -> None:
    """Refuse a file that lacks pages in use.

    Raises:
        StoreError: it was cut short.
    """
    wanted = pages_length(env)
    if length(folder) >= wanted:
        return
    try:
        with env.begin() as txn:  # keeps the pages of this transaction from being overwritten
            pages.end_of_use(folder, txn.id())
    except pages.NotPagesError as error:
        raise cut_short(folder, wanted) from error


def fill_up(env: Any, folder: Path) -> None:
    """Make the file as long as all pages given out, so that its length tells whether it is whole.

    The bytes added take no room on the disk. Not to be able to is no harm.
    """
    wanted = pages_length(env)
    if length(folder) < wanted:
        try:
            with (folder / "data.mdb").open("r+b") as file:
                if file.seek(0, os.SEEK_END) < wanted:
                    file.truncate(wanted)
        except OSError:
            return


def cut_short(folder: Path, wanted: int) -> StoreError:
    """What is said of a file that lacks its end."""
    return StoreError(
        f"the store {str(folder)!r} is damaged: its file data.mdb was cut short to"
        f" {length(folder):,} of {wanted:,} bytes; restore the index from a copy, or build"
        " it again."
    )


def _limited() -> bool:
    """Whether a map of the usual size would take half of the address space or more."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return limit != resource.RLIM_INFINITY and limit < 2 * MAP_START
