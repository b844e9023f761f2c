"""Files of ours, read whole."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular(file: Path) -> bytes:
    """The bytes of a file; a pipe in its place is not waited for.

    Raises:
        OSError: it cannot be read, or is something else than a file.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is a folder, device, pipe or socket", str(file))
        with os.fdopen(os.dup(descriptor), "rb") as opened:
            return opened.read()
    finally:
        os.close(descriptor)
