"""The file CURRENT of an index: the name of the generation of its store that counts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from opensearch.encoders.tensors import write_atomic
from opensearch.engine.lifecycle.layout import CURRENT, generations
from opensearch.errors import StoreError, system_reason
from opensearch.files import read_regular
from opensearch.store import LmdbStore


def read_current(path: Path) -> str:
    """The name of the current generation: a number, one higher after each compaction.

    Raises:
        StoreError: CURRENT is gone, or holds no number.
    """
    try:
        name = read_regular(path / CURRENT).decode("utf-8", "replace").strip()
    except OSError as error:
        raise _lacks_current(path, error) from error
    if not (name.isascii() and name.isdigit()):
        raise StoreError(
            f"the file CURRENT of index {path} holds {name[:20]!r} where the number of a folder"
            f" in store/ belongs. Write it anew: `verify_index({str(path)!r}, repair=True)`"
        )
    return name


def check_there(path: Path, name: str) -> None:
    """See that the folder of a generation lies in an index, where that can be seen.

    Raises:
        StoreError: it does not; the text says whether another one can be read instead.
    """
    try:
        os.lstat(path / "store" / name)
    except FileNotFoundError:
        others = ", ".join(sorted(f"store/{folder.name}" for folder in generations(path)))
        way_out = "restore it from a copy, or index the collection again in another folder"
        if others:
            repair = f"`verify_index({str(path)!r}, repair=True)`"
            way_out = f"{repair} takes the newest that can be read ({others})"
        raise StoreError(
            f"the file CURRENT of index {path} names store/{name}, which is not there; {way_out}"
        ) from None
    except OSError:
        return  # whoever opens it says what is wrong


def mark_of_current(path: Path) -> tuple[int, int]:
    """A value that changes whenever CURRENT does; cheaper than reading it.

    Raises:
        StoreError: CURRENT is gone.
    """
    try:
        stat = (path / CURRENT).stat()
    except OSError as error:
        raise _lacks_current(path, error) from error
    return stat.st_ino, stat.st_mtime_ns


def switch_current(path: Path, generation: int) -> None:
    """Make a generation the current one, at once and for good.

    Raises:
        StoreError: CURRENT cannot be written.
    """
    store = path / "store"
    try:
        _flush(store / str(generation), store)  # it is on the disk before CURRENT names it
        write_atomic(path / CURRENT, f"{generation}\n".encode())
        _flush(path)  # and CURRENT before anything is removed
    except OSError as error:
        raise StoreError(
            f"cannot write the file CURRENT of index {path}: {system_reason(error)};"
            " mend the cause and repeat (everything is kept)."
        ) from error


def mend_current(path: Path) -> None:
    """Write CURRENT again, naming the generation that was written to last.

    A killed compaction may leave a complete copy, which has one transaction more than its original
    had then. If both have the same number now, the original was written to since and is the one.

    Raises:
        StoreError: none of them can be read.
    """
    last: dict[int, int] = {}
    for folder in generations(path):
        with suppress(StoreError), LmdbStore.open(folder, readonly=True) as store:
            last[int(folder.name)] = store.meta().last_transaction
    if not last:
        raise StoreError(f"no store of index {path} can be read; restore it from a copy")
    newest = max(last, key=lambda number: (last[number], -number))
    write_atomic(path / CURRENT, f"{newest}\n".encode())


def _lacks_current(path: Path, error: OSError) -> StoreError:
    if not path.exists():
        return StoreError(
            f"the folder of index {path} is gone: it was removed or moved; open it where"
            " it lies now, or restore it from a copy"
        )
    if not isinstance(error, FileNotFoundError):
        return StoreError(
            f"the file CURRENT of index {path} cannot be read: {system_reason(error)}; it names"
            " the folder in store/ that is read"
        )
    return StoreError(
        f"the file CURRENT of index {path} is gone ({error.strerror}), which names the folder in"
        f" store/ that is read. Write it anew: `verify_index({str(path)!r}, repair=True)`"
    )


def _flush(*folders: Path) -> None:
    """Wait until the entries of folders are on disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
