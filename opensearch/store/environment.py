"""An LMDB environment: opening, reading, writing, growing; its errors leave as `StoreError`."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import lmdb

from opensearch.errors import Overtaken, StoreError
from opensearch.store import opening, pages
from opensearch.store.lmdb_errors import translated
from opensearch.store.lock import WriterLock
from opensearch.store.open_map import OpenMap
from opensearch.store.overtaken import TRIES, Watched, private_copy
from opensearch.store.read_gate import ReadGate
from opensearch.store.tables import Table, Transaction

T = TypeVar("T")


@dataclass(frozen=True)
class _Copy:
    """The transaction that a private copy shows, 0 for no copy, and until when it will do."""

    transaction: int = 0
    good_until: float = 0.0


class Environment:
    """An open LMDB environment, used by every store of its folder in this process.

    It is opened for reading and again for writing by the first write, since opening tables for
    writing would wait for the writer of another process.

    Attributes:
        when_idle: called when a read or write has ended and no store uses the environment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users = 0
        self.unlocked = not opening.writable(folder)
        self.when_idle: Callable[[], None] = lambda: None
        self._overtaken = False
        self._copied = _Copy()
        self._lock = WriterLock(folder)
        self._pid = os.getpid()
        self._gate = ReadGate()
        self._writing = threading.Lock()
        self._map = OpenMap(folder, unlocked=self.unlocked)

    @property
    def tables(self) -> dict[str, Table]:
        """The tables that are open, by name."""
        return self._map.tables

    def open(self) -> None:
        """Open for reading.

        Raises:
            StoreError: the files are missing, damaged or cut short.
        """
        for left in reversed(range(TRIES if self.unlocked else 1)):
            before = pages.committed(self.folder) if left else 0
            try:
                with self._translated("open", OSError):
                    self._map.open(readonly=True)
                break
            except StoreError:
                if not left or pages.committed(self.folder) == before:
                    raise  # else what was read may have been written over meanwhile

    def create(self) -> None:
        """Open for writing, making folder, files and tables where they are missing.

        Raises:
            StoreError: the folder cannot be written, or another process writes to it.
        """
        with self._translated("create", OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.take()
            self._map.open(readonly=False)

    def _claim(self) -> None:
        """Become the only process that writes."""
        if self.unlocked:
            raise StoreError(
                f"cannot write to {str(self.folder)!r}: the folder is read-only;"
                " copy the index to a folder that you may write to."
            )
        self.check_place()
        self._lock.take()
        self.check_place()

    def _prepare_to_write(self) -> None:
        self._claim()
        if not self._map.writable:
            with self._alone():
                self._map.reopen(readonly=False)

    def _begin(self) -> Transaction:
        """A read transaction; without a lock, one that tells when it is overtaken."""
        self.check()
        if self._overtaken and not self._gate.mine:
            self._switch_to_copy()
        if not self.unlocked:
            return self._begin_following()
        if self._copied.transaction:
            return self._map.env.begin(buffers=True)
        txn = self._begin_following()
        return Watched(txn, self._map.last_transaction, str(self.folder))

    def _switch_to_copy(self) -> None:
        """Read a private copy from now on, renewed when there is something new, if one can be made.

        Copying takes at most half of the time, so a copy may be a little old.
        """
        now, copied = time.monotonic(), self._copied
        if copied.transaction and (self._gate.reading or now < copied.good_until):
            return
        if copied.transaction == pages.committed(self.folder):
            return
        place = private_copy(self.folder)
        if place is None:
            return
        try:
            with self._alone():
                self._map.reopen(readonly=True, copy=place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        took = time.monotonic() - now
        self._copied = _Copy(self._map.last_transaction(), now + 2 * took)

    def _begin_following(self) -> Transaction:
        """A read transaction, after following another process that has grown the map."""
        try:
            return self._map.begin()
        except lmdb.MapResizedError:
            with self._alone():
                self._map.adopt_size()
            return self._map.env.begin(buffers=True)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view of the store; never waits for a writer."""
        with self._translated("read"):
            txn = self._gate.enter(self._begin)
        try:
            with self._translated("read"):
                yield txn
        except Overtaken:
            self._overtaken = True
            raise
        finally:
            if self._pid == os.getpid():  # a forked child would free the parent's slot
                txn.abort()
            self._gate.leave()
            self._close_if_released()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction and commit it to the disk.

        `work` may run again from the start when the map has to grow, so it must change nothing
        but its transaction.

        Raises:
            StoreError: another process writes, the disk is full, or the folder is read-only.
        """
        self.check()
        with self._busy(), self._translated("write to", OSError):
            self._prepare_to_write()
            while True:
                try:
                    with self._map.env.begin(write=True) as txn:
                        result = work(txn)
                    self.check_place(done=True)
                    opening.fill_up(self._map.env, self.folder)
                except lmdb.MapFullError:
                    with self._alone():
                        self._map.grow()
                except lmdb.MapResizedError:
                    with self._alone():
                        self._map.adopt_size()
                else:
                    return result

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Be the one thread that writes; close afterwards what was released meanwhile."""
        try:
            with self._writing:
                self.check()
                yield
        finally:
            self._close_if_released()

    def _close_if_released(self) -> None:
        if not self.users and self._pid == os.getpid():
            self.when_idle()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nobody write, in this process or another, until the block ends.

        Raises:
            StoreError: another process writes, or the folder is read-only.
        """
        self.check()
        with self._busy():
            with self._translated("write to", OSError):
                self._claim()
            yield

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no read of this process is open: moving the map would break it."""
        with self._gate.alone() as alone:
            if not alone:
                raise StoreError(
                    f"cannot write to {str(self.folder)!r} while a snapshot of it is open in"
                    " this process; end the snapshot and repeat (nothing was written)."
                )
            yield

    def _translated(self, verb: str, *more: type[Exception]) -> AbstractContextManager[None]:
        return translated(verb, self.folder, *more)

    def replaced(self) -> bool:
        """Whether the file that is open lies in its folder no more, or another one does."""
        return self._map.replaced()

    def check_place(self, *, done: bool = False) -> None:
        """As of `OpenMap`."""
        self._map.check_place(done=done)

    def check(self) -> None:
        """Refuse to go on after closing or in a forked child.

        Raises:
            StoreError: the environment is closed, or was opened before a fork.
        """
        if self._pid != os.getpid():
            raise StoreError(
                f"the store {str(self.folder)!r} was opened before this process was forked;"
                " open it again in the child."
            )
        if self._map.env is None:
            raise StoreError(f"the store {str(self.folder)!r} is closed; open it again.")

    def leave_to_parent(self) -> None:
        """In a forked child, drop what belongs to the parent.

        Closing would free the reader's slot or the writer's mutex of a transaction that the
        parent has open, so an environment in use at the fork stays as it is.
        """
        if self._gate.reading or self._writing.locked():
            self._lock.close()
        else:
            self.close()

    def close_if_idle(self) -> bool:
        """Close, unless a read or a write of another thread is under way; whether it is closed.

        To unmap the pages that a thread is reading would end the process by SIGSEGV.
        """
        if not self._writing.acquire(blocking=False):
            return False
        try:
            with self._gate.unless_read() as unread:
                if unread:
                    self.close()
                return unread
        finally:
            self._writing.release()

    def wait_for_readers(self) -> None:
        """Wait until the reads of other threads have ended, for a while."""
        self._gate.wait()

    def close(self) -> None:
        """Close the map and release the writer's lock."""
        self._map.close()
        self._lock.close()
