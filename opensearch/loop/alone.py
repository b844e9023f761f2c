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

    The system releases the lock when the process ends, however it ends. A folder that cannot be
    made is left to whoever writes there next, and on a disk that knows no locks runs are not told
    apart.

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
