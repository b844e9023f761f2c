"""Base files of a domain: its codes and ids as raw arrays, shared by all readers as memory.

They are derived: whatever is missing, cut short or of another store counts as absent, and the
rows are then read from the store. A small json names the pair of files that are whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.search.hamming import Codes, Ids

FORMAT = 1

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
            about = json.loads((folder / f"{safe_name(domain)}.json").read_bytes())
            if (about["format"], about["identity"], about["width"]) != (FORMAT, identity, width):
                return None
            name, rows = str(about["files"]), int(about["rows"])
            ids = _map(folder / f"{name}.ids", np.dtype("<i8"), (rows,))
            return ids, _map(folder / f"{name}.codes", np.dtype(np.uint8), (rows, width))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            return None
    return None


def save(
    folder: Path, domain: str, identity: str, transaction: int, parts: list[tuple[Ids, Codes]]
) -> None:
    """Write the rows of `parts` as the base of a domain, then drop the files before it.

    Raises:
        OSError: the folder cannot be written; the files before are as they were.
    """
    safe = safe_name(domain)
    name = f"{safe}-{transaction}"
    _write(folder / f"{name}.ids", (ids.astype("<i8", copy=False) for ids, _ in parts))
    _write(folder / f"{name}.codes", (codes for _, codes in parts))
    about = {
        "format": FORMAT,
        "domain": domain,
        "identity": identity,
        "width": parts[0][1].shape[1],
        "rows": sum(len(ids) for ids, _ in parts),
        "files": name,
    }
    _write(folder / f"{safe}.json", [json.dumps(about, indent=1).encode()])
    for old in folder.glob(f"{safe}-*"):
        if old.stem != name:
            old.unlink(missing_ok=True)


def _map(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    expected = kind.itemsize * int(np.prod(shape))
    if path.stat().st_size != expected:
        raise ValueError(f"{path.name} does not hold {expected} bytes")
    return np.asarray(np.memmap(path, kind, "r", shape=shape))


def _write(path: Path, pieces: Iterable[NDArray[Any] | bytes]) -> None:
    """Replace a file whole: its bytes are on the disk before its name is."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        for piece in pieces:
            file.write(piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
