"""What the child process of `copy_process` does: it copies a store, and says what went wrong."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from pathlib import Path

from opensearch.errors import OpenSearchError
from opensearch.store.lmdb_store import LmdbStore


def answer() -> None:
    """Copy the store in the first argument to the second; print what went wrong as JSON."""
    if select.select([0], [], [], 0)[0]:
        # The parent ended while this began: the next one may be writing where it would write.
        sys.exit(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with LmdbStore.open(Path(sys.argv[1]), readonly=True) as store:
            store.copy_to(Path(sys.argv[2]))
    except (OpenSearchError, OSError, MemoryError) as error:
        said: str | None = str(error) or type(error).__name__
    else:
        said = None
    sys.stdout.write(json.dumps(said))


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(1)
