"""One run a folder: two that train into the same one would mix their checkpoints."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opensearch.errors import InvalidInput


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Be the only one who trains into a folder, which is made if it is not there.

    The system gives the folder free when the process ends, however it ends. A folder that cannot be
    made or knows no locks is passed over: who writes there next says so.

    Raises:
        InvalidInput: another run is training there.
    """
    descriptor = -1
    with suppress(OSError):
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(
                f"another run is training into {out}; wait until it ends, or choose another `out`"
            ) from None
        except (OSError, ValueError):  # ValueError: there is no descriptor
            pass
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
