"""Reading without a lock beside a writer that reuses pages as if nobody were reading them.

On a read-only mount LMDB cannot enter its readers in the table that writers consult. A writer
leaves the pages of a transaction alone until two more are committed; the third may overwrite them.
So the number of the last transaction is checked before and after every read, and what is read is
copied in between: a read that was overtaken raises an error and never returns other bytes. Where a
writer is that busy, later reads use a private copy of the file.

Source: `mdb_page_alloc` and `mdb_find_oldest` of LMDB 0.9.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from opensearch.errors import Overtaken
from opensearch.store import pages

COPIED_MOST = 2**30
"""Bytes of the largest file that is copied."""

TRIES = 5
"""How often a copy, or a read, is repeated."""


T = TypeVar("T")


class Watched:
    """A read transaction that notices when commits overtake it; it returns copies.

    Args:
        txn: without a lock.
        last: the number of the last transaction that was committed.
        name: of the folder, for the text.
    """

    def __init__(self, txn: Any, last: Callable[[], int], name: str) -> None:
        self._txn = txn
        self._last = last
        self._limit = txn.id() + 1
        self._name = name

    def check(self) -> None:
        """Stop when pages of this transaction may have been overwritten.

        Raises:
            Overtaken: by two commits or more.
        """
        if self._last() > self._limit:
            raise Overtaken(
                f"a writer changes {self._name!r} faster than this read-only index is read;"
                " repeat, or search it where its folder can be written: there readers are seen."
            )

    def asked(self, read: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The result of a read, copied while its pages were certainly valid."""
        self.check()
        try:
            found = _copied(read(*args, **options))
        except lmdb.Error:
            self.check()
            raise
        self.check()
        return found

    def get(self, *args: Any, **options: Any) -> Any:
        """As of LMDB."""
        return self.asked(self._txn.get, *args, **options)

    def stat(self, *args: Any, **options: Any) -> Any:
        """As of LMDB."""
        return self.asked(self._txn.stat, *args, **options)

    def cursor(self, table: Any) -> WatchedCursor:
        """As of LMDB."""
        return WatchedCursor(self, self._txn.cursor(table))

    def id(self) -> int:
        """The number of the transaction it sees."""
        return int(self._txn.id())

    def abort(self) -> None:
        """End the read."""
        self._txn.abort()


class WatchedCursor:
    """A cursor of a watched transaction; the calls are those of LMDB that reading needs."""

    def __init__(self, watched: Watched, cursor: Any) -> None:
        self._watched = watched
        self._cursor = cursor

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._cursor, name)
        if name.startswith("iter"):
            return lambda *args, **options: self._each(call(*args, **options))
        return lambda *args, **options: self._watched.asked(call, *args, **options)

    def __iter__(self) -> Iterator[Any]:
        return self._each(iter(self._cursor))

    def _each(self, rows: Iterator[Any]) -> Iterator[Any]:
        nothing = object()
        while (row := self._watched.asked(next, rows, nothing)) is not nothing:
            yield row


def again(read: Callable[[], T]) -> T:
    """The result of `read`, repeated a few times while commits overtake it.

    Raises:
        Overtaken: every time.
    """
    for left in reversed(range(TRIES)):
        try:
            return read()
        except Overtaken:
            if not left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _copied(found: Any) -> Any:
    if isinstance(found, memoryview):
        return bytes(found)
    if isinstance(found, tuple):
        return tuple(_copied(part) for part in found)
    if isinstance(found, list):
        return [_copied(part) for part in found]
    return found


def private_copy(folder: Path) -> Path | None:
    """A temporary folder with a consistent copy of a store's file.

    Returns:
        The folder, for the caller to remove, or `None` where the file is too large, commits
        overtake the copying as well, or there is no room.
    """
    file = folder / "data.mdb"
    for _ in range(TRIES):
        place = Path(tempfile.mkdtemp(prefix="opensearch-"))
        try:
            if file.stat().st_size <= COPIED_MOST:
                shutil.copyfile(file, place / file.name)
                # Its first pages were copied first, and name the transaction they show.
                if pages.last_transaction(folder) <= pages.last_transaction(place) + 1:
                    return place
        except (OSError, pages.NotPagesError):
            pass
        shutil.rmtree(place, ignore_errors=True)
    return None
