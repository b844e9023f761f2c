"""Files of ours: whether they are there, and all that is in them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def is_file(path: Path) -> bool:
    """Whether a file lies there; `Path.is_file` of Python 3.14 answers no where it cannot be known.

    Raises:
        OSError: the place cannot be looked at.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        raise


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


@contextmanager
def reading_arrays() -> Iterator[None]:
    """Turn whatever numpy raises on a damaged .npy or .npz file into one kind of error.

    The header of an array is read as Python, which may raise `SyntaxError` or
    `tokenize.TokenError`, what is packed `zlib.error` or `zipfile.BadZipFile`, and a shape may
    promise more than memory holds.

    Raises:
        ValueError: the block failed otherwise than by an `OSError`.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise ValueError(str(error) or type(error).__name__) from error
