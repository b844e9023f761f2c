"""The reads of one process, counted: a map that moves or closes under one would end the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

WAIT = 30.0
"""Seconds that moving a map, and closing it, wait for the reads of this process to end."""


class ReadGate:
    """Lets reads in, or one thread that must be alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers: list[int] = []
        self._shut = False

    @property
    def reading(self) -> bool:
        """Whether any thread reads."""
        return bool(self._readers)

    @property
    def mine(self) -> bool:
        """Whether this thread reads already."""
        return threading.get_ident() in self._readers

    def enter(self, begin: Callable[[], T]) -> T:
        """Begin a read, once nobody needs to be alone, and count it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut or self.mine)
            begun = begin()
            self._readers.append(threading.get_ident())
            return begun

    def leave(self) -> None:
        """A read of this thread has ended."""
        with self._changed:
            self._readers.remove(threading.get_ident())
            self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep new reads out; whether those under way have ended, of this thread and others."""
        with self._changed:
            mine = self.mine  # it would wait for itself
            self._shut = True
            try:
                yield not mine and self._changed.wait_for(lambda: not self._readers, WAIT)
            finally:
                self._shut = False
                self._changed.notify_all()

    @contextmanager
    def unless_read(self) -> Iterator[bool]:
        """Keep reads from beginning; whether no other thread reads."""
        with self._changed:
            yield all(reader == threading.get_ident() for reader in self._readers)

    def wait(self) -> None:
        """Wait for a while until no thread reads, unless this one does."""
        with self._changed:
            if not self.mine:
                self._changed.wait_for(lambda: not self._readers, WAIT)
