"""Compaction: the live items of an index in a new generation, switched to by one rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.errors import StoreError
from opensearch.store import Store

MARGIN = 2**22
"""Bytes left free on the disk beside the new generation."""


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: the new generation, what it dropped, bytes of the store.

    `imprints` are those that it made of items of older versions.
    """

    generation: int
    dropped: int
    bytes_before: int
    bytes_after: int
    imprints: int = 0


def compact(folder: IndexFolder, store: Store, structures: Sequence[str] = ()) -> Compacted:
    """Write the next generation of an index, switch to it, and remove the one before.

    Nobody writes meanwhile. If the process is killed before the switch, the old generation stays
    the index and the next compaction removes the unfinished one; after it, the other way round.
    Search files and structures are made before the switch, so that no search ever lacks them.

    Args:
        folder: of the index.
        store: its current generation.
        structures: names of those to build over the new one.

    Raises:
        StoreError: another process writes, the disk lacks the space, or the files are damaged;
            nothing has changed.
    """
    with store.frozen():
        old = folder.store
        folder.drop_strays()
        check_space(folder.path, store.compacted_size())
        generation = int(old.name) + 1
        new = old.with_name(str(generation))
        try:
            store.compact_to(new)
            with folder.open_store(new.name, readonly=True) as fresh:
                _prepare(folder, fresh, structures)
        except BaseException:
            if not store.replaced:  # else the folder is another one's by now
                shutil.rmtree(new, ignore_errors=True)
                folder.drop_search_files(store.meta().identity)
            raise
        before, dropped = _bytes(old), sum(store.meta().tombstones.values())
        store.check_current()
        folder.switch(generation)
        folder.drop_strays()
    return Compacted(generation, dropped, before, _bytes(new))


def _prepare(folder: IndexFolder, fresh: Store, structures: Sequence[str]) -> None:
    """Make the search files of a generation that nobody reads yet.

    Raises:
        StoreError: a structure cannot be written.
    """
    searcher = folder.searcher(fresh)
    with suppress(StoreError):  # a full disk: they are made later, and searches do without
        searcher.fold()
    for name in structures:
        searcher.build(name)


def check_space(folder: Path, wanted: int) -> None:
    """Refuse a compaction for which the disk has no room.

    Raises:
        StoreError: less than `wanted` bytes and a margin are free.
    """
    free = shutil.disk_usage(folder).free
    if free < wanted + MARGIN:
        raise StoreError(
            f"compacting {folder} needs {_megabytes(wanted + MARGIN)} of free disk for the new"
            f" generation beside the old one, {_megabytes(free)} are free; free some and repeat"
            " (nothing was changed)."
        )


def _bytes(folder: Path) -> int:
    return os.stat(folder / "data.mdb").st_size


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
