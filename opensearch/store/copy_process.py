"""Copying a store in a child process: reading a damaged page may kill the process that reads it.

LMDB trusts its file, and a page of zeros ends the reader by an assertion that nothing can catch.
The child is a plain `python -c` of `copy_child`: it runs nothing of the caller's script.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from opensearch.errors import StoreError
from opensearch.processes.child import python

_CHILD = "from opensearch.store.copy_child import answer; answer()"


def copy_in_child(old: Path, new: Path) -> None:
    """Copy the store in `old` as `LmdbStore.copy_to` does, in a child that ends with this process.

    Raises:
        StoreError: the copy failed, or what it read killed its process.
    """
    asked = python(_CHILD, os.fspath(old), os.fspath(new))
    held, ours = os.pipe()  # the child sees end-of-file when this process ends, however it ends
    try:
        done = subprocess.run(asked, stdin=held, capture_output=True, check=False)
    finally:
        os.close(held)
        os.close(ours)
    if done.returncode < 0:
        raise StoreError(
            f"reading the store {str(old)!r} ended its process"
            f" ({signal.Signals(-done.returncode).name}): its files are damaged; the index stays"
            " as it was. Check it with verify, restore it from a copy, or build it again."
        )
    try:
        error = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"copying the store {str(old)!r} failed: {said}") from None
    if error is not None:
        raise StoreError(str(error))
