"""One LMDB environment while it is open: its map of the file, the tables, where the file lies."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import lmdb

from opensearch.errors import StoreError
from opensearch.store import opening
from opensearch.store.lmdb_errors import MAX_READERS
from opensearch.store.tables import ADDED_LATER, TABLES, Table, Transaction


class OpenMap:
    """The map of a store's file; whoever moves or closes it sees that nobody reads meanwhile.

    Attributes:
        env: of LMDB, `None` while it is closed.
        tables: by name.
        writable: whether tables were opened for writing.
    """

    def __init__(self, folder: Path, *, unlocked: bool) -> None:
        self.env: Any = None
        self.tables: dict[str, Table] = {}
        self.writable = False
        self._folder = folder
        self._unlocked = unlocked
        self._least = 0
        self._place: tuple[int, int] | None = None

    def open(self, *, readonly: bool, size: int | None = None, copy: Path | None = None) -> None:
        """Open the file, or a copy of it, with a map of `size` bytes or the usual size.

        Raises:
            lmdb.Error: missing or damaged files.
            StoreError: a file that was cut short, or replaced meanwhile.
        """
        self.check_place()
        before = opening.place(self._folder)
        self.env = opening.open_map(
            copy or self._folder,
            size,
            max_dbs=len(TABLES),
            max_readers=MAX_READERS,
            create=not readonly,
            readonly=readonly,
            lock=not self._unlocked,
        )
        self._place = self._place or before or opening.place(self._folder)
        self.check_place()
        opening.check_whole(self.env, copy or self._folder)
        self._least = opening.length(self._folder)
        if not readonly:
            self.env.reader_check()  # slots of killed readers would keep old pages alive
        self.writable = not readonly
        self.tables = {}
        for name, flags in TABLES.items():
            if name not in ADDED_LATER:
                self.tables[name] = self.env.open_db(name.encode(), create=not readonly, **flags)
        with nullcontext() if readonly else self.env.begin(write=True) as txn:
            for name in ADDED_LATER:
                with suppress(lmdb.NotFoundError):
                    self.tables[name] = self.env.open_db(
                        name.encode(), txn, create=not readonly, **TABLES[name]
                    )

    def close(self) -> None:
        """Close the map; what was read from it must not be touched any more."""
        if self.env is not None:
            self.env.close()
            self.env = None
        self.writable = False

    def reopen(self, *, readonly: bool, size: int | None = None, copy: Path | None = None) -> None:
        """Close, then open anew."""
        self.env.close()
        self.env = None
        self.open(readonly=readonly, size=size, copy=copy)

    def begin(self) -> Transaction:
        """A read transaction.

        Raises:
            lmdb.MapResizedError: another process has grown the map; adopt its size.
            StoreError: the file was cut short since it was opened.
        """
        there = opening.length(self._folder)
        if 0 < there < self._least and not self.replaced():
            raise opening.cut_short(self._folder, self._least)
        return self.env.begin(buffers=True)

    def last_transaction(self) -> int:
        """The number of the last transaction committed to the file that is open."""
        return int(self.env.info()["last_txnid"])

    def adopt_size(self) -> None:
        """Adopt the size that another process has given the map, or the size of the file."""
        try:
            self.env.set_mapsize(0)
        except lmdb.MemoryError:
            self.reopen(readonly=not self.writable)

    def grow(self) -> None:
        """Enlarge the map by as much as the system grants."""
        size = self.env.info()["map_size"]
        for larger in opening.larger(size):
            try:
                self.env.set_mapsize(larger)
            except lmdb.MemoryError:
                self.reopen(readonly=not self.writable, size=size)  # the map is gone
            else:
                return
        raise StoreError(
            f"cannot write to {str(self._folder)!r}: its map of {size:,} bytes is full, and the"
            " limit on address space leaves no room for a larger one; raise it (ulimit -v) and"
            " repeat (nothing was written)."
        )

    def replaced(self) -> bool:
        """Whether the file that is open lies in its folder no more, or another one does."""
        return self._place is not None and opening.place(self._folder) != self._place

    def check_place(self, *, done: bool = False) -> None:
        """Refuse to write to a file that is not in its folder any more.

        Args:
            done: it was written to, and what was written is lost with it.

        Raises:
            StoreError: the file was replaced or removed.
        """
        if self.replaced():
            lost = "what was being written is not in it" if done else "nothing was written"
            raise StoreError(
                f"the store {str(self._folder)!r} was replaced or removed while it was open; open"
                f" the index that lies there now, and repeat ({lost})."
            )
