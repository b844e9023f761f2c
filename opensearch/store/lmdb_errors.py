"""What LMDB and the system say went wrong, as `StoreError` in words a user can act on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from opensearch.errors import FULL, StoreError

MAX_READERS = 1024
"""Readers of all processes that a store is opened for."""

NEARLY_FULL = 2**24
"""Free bytes of a disk, below which a write that failed is taken to have found no room."""


@contextmanager
def translated(verb: str, folder: Path, *more: type[Exception]) -> Iterator[None]:
    """Turn errors of LMDB within the block into ours.

    Args:
        verb: what is being done, as in "cannot read".
        folder: of the store.
        more: other errors to turn, such as `OSError`.

    Raises:
        StoreError: in place of an error of LMDB, or of `more`.
    """
    errors: tuple[type[Exception], ...] = (lmdb.Error, *more)
    try:
        yield
    except lmdb.ReadersFullError as error:
        raise StoreError(
            f"cannot {verb} {str(folder)!r}: over {MAX_READERS} readers are open at once;"
            " close some of the processes that search it."
        ) from error
    except errors as error:
        raise StoreError(f"cannot {verb} {str(folder)!r}: {_reason(error, folder)}") from error


def _reason(error: Exception, folder: Path) -> str:
    text = str(error).rpartition(": ")[2]
    code = None
    if isinstance(error, OSError):
        code, text = error.errno, error.strerror or text
    full = isinstance(error, lmdb.DiskError) or code in FULL
    if "Input/output error" in text:  # what LMDB makes of a write that found room for a part
        full = full or _free(folder) < NEARLY_FULL
    if full or "No space left" in text or "quota" in text:
        text = f"the disk is full ({text})"
    elif "already open in this process" in text:
        return "it was in use when this process was forked; start workers before, or by 'spawn'."
    elif isinstance(error, lmdb.NotFoundError):
        return "its creation was cut short; create it again."
    elif isinstance(error, lmdb.InvalidError | lmdb.CorruptedError | lmdb.PageNotFoundError):
        return f"its files are damaged ({text}); restore them or build the index again."
    return f"{text}; every batch acknowledged before is kept: mend the cause and repeat."


def _free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder; many where that cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return NEARLY_FULL
