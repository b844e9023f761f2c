"""Tensor files: safetensors, named by their content and written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError

Tensors = Mapping[str, NDArray[np.generic]]
_LONGEST_NAME: Final = 100
"""Bytes of a file name up to which its temporary neighbours repeat it in their own."""


def identity(tensors: Tensors, settings: Any) -> str:
    """Sha256 over tensors and the settings that change outputs, in hexadecimal.

    Args:
        tensors: by name; names, types, shapes and bytes count, their order does not.
        settings: plain JSON types; the order of keys does not count.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")  # ascontiguousarray adds a dimension to 0
        digest.update(f"{name}|{array.dtype}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save_tensors(folder: Path, stem: str, tensors: Tensors) -> str:
    """Write `<stem>-<first 12 of the identity>.safetensors`; return that name.

    Args:
        folder: must exist.
        stem: of the file's name, e.g. `projector`.
        tensors: by name; a file that already has their name is left as it is.
    """
    from safetensors.numpy import save

    name = f"{stem}-{identity(tensors, None)[:12]}.safetensors"
    if not (folder / name).exists():
        arrays = {key: np.asarray(array, order="C") for key, array in tensors.items()}
        write_atomic(folder / name, save(arrays))
    return name


def halved(tensors: Tensors) -> dict[str, NDArray[np.generic]]:
    """Weights in float16; what has one axis (statistics, biases) stays as it is.

    Half the bytes; a running variance may be too small or too large for float16.
    """
    return {
        name: array.astype(np.float16) if array.ndim > 1 and array.dtype == np.float32 else array
        for name, array in tensors.items()
    }


def load_tensors(file: Path) -> dict[str, NDArray[np.generic]]:
    """Read a tensor file.

    Raises:
        BundleError: the file is missing or not a safetensors file.
    """
    from safetensors.numpy import load

    try:
        return load(file.read_bytes())
    except Exception as error:
        raise BundleError(f"tensor file {file} cannot be read: {first_line(error)}") from error


def write_out(file: Path, content: bytes) -> None:
    """Write a file that the user named, whole or not at all.

    A link leads to the file that is written, and a device or a pipe takes what comes.
    """
    if os.path.lexists(file) and not stat.S_ISREG(os.lstat(file).st_mode):
        file.write_bytes(content)
    else:
        write_atomic(file, content)


def write_atomic(file: Path, content: bytes) -> None:
    """Write to a temporary neighbour, flush it to disk, and rename it over `file`."""
    with replacing(file) as out:
        out.write(content)


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """A temporary neighbour to write to; on leaving, it is flushed and renamed over `file`.

    Where the block raises, `file` stays as it was and the neighbour is removed.
    """
    temporary = file.with_name(f".{short_name(file)}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    except OSError as error:
        if error.filename is None:  # of a write, which names no file
            error.filename = str(file)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def short_name(file: Path) -> str:
    """A file's name as used in those of its neighbours: itself, or a digest if it is long.

    File systems allow names of 255 bytes, some only 143.
    """
    name = os.fsencode(file.name)
    if len(name) <= _LONGEST_NAME:
        return file.name
    return hashlib.blake2b(name, digest_size=16).hexdigest()


def first_line(error: Exception) -> str:
    """What another library says went wrong, without the pages that may follow."""
    return next(iter(str(error).splitlines()), type(error).__name__)
