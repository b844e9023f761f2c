"""The generations of an index's store: each compaction makes one, and everyone follows.

CURRENT names the newest. An engine looks at it before each piece of work and opens the new
store when it has changed; work that is under way in other threads ends on the one it began on,
which is closed when the last of them lets go of it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from opensearch.engine.folder import IndexFolder
from opensearch.errors import StoreError
from opensearch.search import Searcher
from opensearch.store import Store

_writers: defaultdict[Path, threading.RLock] = defaultdict(threading.RLock)
"""One writing engine an index at a time in this process; between processes the store sees to it."""


@dataclass(frozen=True)
class Generation:
    """An open generation: its name, what told that it is current, its store, what searches it."""

    name: str
    mark: tuple[int, int]
    store: Store
    searcher: Searcher


class Generations:
    """The current generation of an index, always the newest.

    Attributes:
        folder: of the index.
        writing: to be held while something is written.
    """

    def __init__(self, folder: IndexFolder) -> None:
        """Open the current generation.

        Raises:
            StoreError: it is missing, damaged or of a newer format.
        """
        self.folder = folder
        self.writing = _writers[folder.path.resolve()]
        self._guard = threading.Lock()
        self._open = self._newest()
        self._closed = False

    def current(self) -> Generation:
        """The newest generation, opened now if a compaction has made one since the last call."""
        if not self._closed and self._open.mark != self.folder.mark():
            with self._guard:
                if self._open.mark != self.folder.mark():
                    self._open = self._newest()
        return self._open

    def renew(self) -> Generation:
        """The current generation with a searcher made anew from the files there are now."""
        with self._guard:
            self._open = self._newest()
        return self._open

    def close(self) -> None:
        """Close the store; what is asked later is refused by it."""
        self._closed = True
        self._open.store.close()

    def _newest(self) -> Generation:
        while True:
            mark, name = self.folder.mark(), self.folder.generation
            try:
                return self._opened(mark, name)
            except StoreError:
                if name == self.folder.generation:
                    raise  # else it was compacted away while it was being opened

    def _opened(self, mark: tuple[int, int], name: str) -> Generation:
        folder = self.folder
        store = Store.open(folder.path / "store" / name, current=lambda: folder.generation == name)
        searcher = Searcher(store, folder.search, store.meta().bits)
        searcher.refresh()
        return Generation(name, mark, store, searcher)
