"""Compaction: the live items of an index in a new generation, switched to by one rename."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from opensearch.engine.folder import IndexFolder
from opensearch.errors import StoreError
from opensearch.store import Store

MARGIN = 2**22
"""Bytes left free on the disk beside the new generation."""


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: the new generation, what it dropped, bytes of the store."""

    generation: int
    dropped: int
    bytes_before: int
    bytes_after: int


def compact(folder: IndexFolder, store: Store) -> Compacted:
    """Write the next generation of an index, switch to it, and remove the one before.

    Nobody writes meanwhile. Until the switch the old generation is the index and whatever was
    written of the new one is removed by the next compaction; after it the old one is.

    Raises:
        StoreError: another process writes, or the disk lacks the space; nothing has changed.
    """
    with store.frozen():
        old = folder.store
        folder.drop_strays()
        check_space(folder.path, store.compacted_size())
        generation = int(old.name) + 1
        new = old.with_name(str(generation))
        try:
            store.compact_to(new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        before, dropped = _bytes(old), sum(store.meta().tombstones.values())
        folder.switch(generation)
        folder.drop_strays()
    return Compacted(generation, dropped, before, _bytes(new))


def check_space(folder: Path, wanted: int) -> None:
    """Refuse to begin what the disk has no room for.

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
