"""The file of an index folder that lists what `add` passes over; see `ingest.left_out`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opensearch.encoders.tensors import write_atomic
from opensearch.engine.lifecycle.layout import IGNORED
from opensearch.errors import StoreError, system_reason
from opensearch.files import read_regular


def read(index: Path) -> bytes:
    """The list; nothing where there is none.

    Raises:
        StoreError: it cannot be read.
    """
    file = index / IGNORED
    try:
        return read_regular(file)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {system_reason(error)}") from error


def write(index: Path, raw: bytes) -> None:
    """Write the list.

    Raises:
        StoreError: it cannot be written.
    """
    file = index / IGNORED
    try:
        write_atomic(file, raw)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {system_reason(error)}") from error


@contextmanager
def keeping(index: Path) -> Iterator[Callable[[], None]]:
    """Keep the list during the block, which gets a call to restore it, even on a full disk.

    For the process that writes to the index: there is one, so its copy needs no number.

    Raises:
        StoreError: it cannot be kept.
    """
    file, kept = index / IGNORED, index / f".{IGNORED}.kept"

    def put_back() -> None:
        if kept.exists():
            kept.replace(file)
        else:
            file.unlink(missing_ok=True)

    try:
        _keep(file, kept)
        yield put_back
    finally:
        kept.unlink(missing_ok=True)


def _keep(file: Path, kept: Path) -> None:
    """Hard-link a file, if there is one, so that it takes no space; copy it where links fail."""
    try:
        kept.unlink(missing_ok=True)  # of a process that was killed
        if not file.exists():
            return
        try:
            os.link(file, kept)
        except OSError:  # of file systems without links
            shutil.copyfile(file, kept)
    except OSError as error:
        raise StoreError(f"{file} cannot be kept: {system_reason(error)}") from error
