"""One writer a store: a file lock that a killed process cannot leave behind."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from opensearch.errors import StoreError


class WriterLock:
    """The right to write into a folder, taken by the first write and kept until closed.

    LMDB would make a second writer wait silently; this lock tells it at once who is writing.
    The system releases it when the process ends, however it ends.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "writer.lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock, or do nothing when this process has it.

        Raises:
            StoreError: another process holds it.
        """
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._lock(descriptor)
            self._descriptor = descriptor
        except BaseException:  # an interrupt, too: a lost descriptor would hold the lock
            self._descriptor = None
            os.close(descriptor)
            raise

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:  # others, of a disk that knows no locks, say so themselves
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise StoreError(
                f"cannot write to {str(self._path.parent)!r}: process {holder} is writing to it;"
                " wait until it ends and repeat (searching meanwhile is safe)."
            ) from error
        with suppress(OSError):  # naming the holder is a courtesy that a full disk may prevent
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Release the lock; in a forked child this leaves the parent's lock in place."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
