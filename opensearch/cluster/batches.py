"""Works gathered into batches that a worker can hold in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

from opensearch.engine.ingest.batches import Work

FILES: Final = 256
"""Files of a batch: a few seconds of work on pictures. The first are read before any is encoded,
and the last encoded when all are read; in few files that would be much of the time."""

BYTES: Final = 2**25
"""Bytes of the files of a batch, which bounds what comes back of it; a larger file goes alone."""


def batched(works: Iterable[Work], files: int = FILES, most: int = BYTES) -> Iterator[list[Work]]:
    """Works in their order, in lists of at most `files` whose files have `most` bytes together.

    Args:
        works: taken as they are needed.
        files: 1 or more.
        most: bytes; a single file may have more.
    """
    batch: list[Work] = []
    held = 0
    for work in works:
        size = _size(work)
        if batch and (len(batch) == files or held + size > most):
            yield batch
            batch, held = [], 0
        batch.append(work)
        held += size
    if batch:
        yield batch


def _size(work: Work) -> int:
    """Bytes of a file; 0 where it is gone, which its reader will tell."""
    if work.stamp is not None:
        return work.stamp.size
    if work.source.remote is not None:
        return work.source.remote.size
    try:
        return os.stat(work.source.path).st_size
    except OSError:
        return 0
