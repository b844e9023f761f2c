"""Base files of a domain: its codes and ids as raw arrays, shared by all readers as memory.

They are derived: a file that is missing, cut short or of another store is ignored, and its rows
are read from the store instead. A small JSON file names the pair and counts its rows; new rows are
appended, so folding costs only what is new, and maps made before stay valid.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from mmap import mmap
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.files import read_regular
from opensearch.search.hamming import Codes, Ids

FORMAT = 1

PARTIAL = ".partial"
"""What the name of a file ends in until it is whole."""

UNUSABLE: Final = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)
"""What a file raises that is not as we wrote it: JSON may be of any depth, numbers of any size."""

_RETRIES = 3
"""A writer may replace the files between reading the json and opening them."""


def safe_name(domain: str) -> str:
    """A file name for any domain: what is plain in it, and a hash of the whole."""
    plain = re.sub(r"[^a-z0-9]+", "-", domain.lower())[:32].strip("-")
    digest = hashlib.blake2b(domain.encode("utf-8", "surrogatepass"), digest_size=6)
    return f"{plain or 'domain'}-{digest.hexdigest()}"


def load(folder: Path, domain: str, identity: str, width: int) -> tuple[Ids, Codes] | None:
    """Ids (n,) and codes (n, width) of a domain in files, or `None` where they cannot be used."""
    for _ in range(_RETRIES):
        try:
            name, rows = _about(folder, domain, identity, width)
            ids = _map(folder / f"{name}.ids", np.dtype("<i8"), (rows,))
            if rows and not 0 <= rows - 1 <= int(ids[-1]) - int(ids[0]) <= int(ids[-1]):
                return None  # they ascend from 0 or above: these are damaged
            return ids, _map(folder / f"{name}.codes", np.dtype(np.uint8), (rows, width))
        except FileNotFoundError:
            continue
        except UNUSABLE:
            return None
    return None


def append(
    folder: Path, domain: str, identity: str, transaction: int, blocks: Iterable[tuple[Ids, Codes]]
) -> None:
    """Append rows to the base of a domain, or start one.

    Nobody reads rows past the count in the JSON file, so a write that is cut short leaves the
    base as it was, and the next one overwrites it.

    Args:
        folder: where the files lie.
        domain: its name.
        identity: of the store; files of another one are dropped.
        transaction: names files that are created.
        blocks: ids (n,) and codes (n, width) in order, at least one block.

    Raises:
        OSError: the folder cannot be written; the rows before are as they were.
    """
    blocks = iter(blocks)
    first = next(blocks)
    width = first[1].shape[1]
    safe = safe_name(domain)
    held = load(folder, domain, identity, width)
    if held is None:
        name, rows = f"{safe}-{transaction}", 0
        _drop(folder, safe)
    else:
        name, rows = _about(folder, domain, identity, width)
    try:
        rows += _write_rows(folder / name, rows, width, chain([first], blocks))
    except BaseException:
        _cut_back(folder / name, rows, width)
        raise
    about = {
        "format": FORMAT,
        "domain": domain,
        "identity": identity,
        "width": width,
        "rows": rows,
        "files": name,
    }
    replace_file(folder / f"{safe}.json", [json.dumps(about, indent=1).encode()])


def _about(folder: Path, domain: str, identity: str, width: int) -> tuple[str, int]:
    """Name and rows of the files of a domain; any error but a missing file: not to be used."""
    about = json.loads(read_regular(folder / f"{safe_name(domain)}.json"))
    if (about["format"], about["identity"], about["width"]) != (FORMAT, identity, width):
        raise ValueError("files of another format, store or width")
    return str(about["files"]), int(about["rows"])


def _map(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    expected = kind.itemsize * int(np.prod(shape))
    if path.stat().st_size < expected:
        raise ValueError(f"{path.name} does not hold {expected} bytes")
    return np.asarray(np.memmap(path, kind, "r", shape=shape))


def whole(array: NDArray[Any]) -> bool:
    """Whether the file behind a mapped array is still as long as what is mapped of it.

    To read past the end of a file that was cut short would end the process by SIGBUS.
    """
    owner: Any = array
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return not isinstance(owner, mmap) or owner.size() >= len(owner)


def _write_rows(path: Path, after: int, width: int, blocks: Iterable[tuple[Ids, Codes]]) -> int:
    """Write rows of ids and codes after the first `after` rows; return how many were written."""
    rows = 0
    with _opened(path, ".ids", 8 * after) as ids, _opened(path, ".codes", width * after) as codes:
        for block in blocks:
            ids.write(block[0].astype("<i8").data)
            codes.write(np.ascontiguousarray(block[1]).data)
            rows += len(block[0])
        for file in (ids, codes):
            file.flush()
            os.fsync(file.fileno())
    return rows


def _cut_back(path: Path, rows: int, width: int) -> None:
    """Free the space of rows that were not all written; no count includes them."""
    for suffix, size in ((".ids", 8 * rows), (".codes", width * rows)):
        file = path.with_name(path.name + suffix)
        with suppress(OSError):
            os.truncate(file, size) if size else file.unlink(missing_ok=True)


def _opened(path: Path, suffix: str, size: int) -> BinaryIO:
    """A file opened for writing after its first `size` bytes; anything past them is incomplete."""
    file = path.with_name(path.name + suffix).open("r+b" if size else "wb")
    file.truncate(size)
    file.seek(size)
    return file


def _drop(folder: Path, safe: str) -> None:
    """Remove the files of a domain, its json first: then none of them is used."""
    for old in (folder / f"{safe}.json", *folder.glob(f"{safe}-*")):
        old.unlink(missing_ok=True)


@contextmanager
def removed_on_failure(folder: Path, pattern: str) -> Iterator[None]:
    """Remove new files of these names when not all of them could be written.

    Readers ignore an incomplete set, and its files would only keep a full disk full. Files that
    were there before are whole and stay.
    """
    before = set(folder.glob(pattern))
    try:
        yield
    except BaseException:
        for file in folder.glob(pattern):
            if file not in before:
                file.unlink(missing_ok=True)
        raise


def drop_partial(folder: Path) -> None:
    """Remove half-written files that a killed writer left; called by the current writer."""
    for file in folder.glob(f"*{PARTIAL}"):
        file.unlink(missing_ok=True)


def replace_file(path: Path, pieces: Iterable[NDArray[Any] | bytes]) -> None:
    """Replace a file at once: its bytes reach the disk before its name does."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:  # a leftover would keep a full disk full
        partial.unlink(missing_ok=True)
        raise
