"""The model of an index in Milvus, kept in a cache of this machine.

OPENSEARCH_CACHE names the folder. Models of one content share what is kept there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from opensearch.encoders.card import CARD, FILE_NAME
from opensearch.encoders.tensors import write_atomic
from opensearch.errors import StoreError, system_reason
from opensearch.milvus.books import Shelf
from opensearch.milvus.files import read_file
from opensearch.training.cache import cache_folder

Files = Mapping[str, Mapping[str, Any]]
"""Files of a model by name, with their sha256 and their size in `bytes`."""

_LARGEST: Final = 8 * 2**30
"""Bytes of a model that is fetched, at most."""


def cache_of(files: Files) -> Path:
    """The folder here of this model."""
    content = json.dumps({name: about["sha256"] for name, about in sorted(files.items())})
    return cache_folder() / "models" / hashlib.sha256(content.encode()).hexdigest()[:32]


def fetch(shelf: Shelf, files: Files, folder: Path) -> None:
    """Bring what a folder lacks of a model.

    Raises:
        StoreError: the manifest names what no model has, pieces are missing or damaged, or the
            folder cannot be written.
    """
    size = sum(int(about["bytes"]) for about in files.values())
    if size > _LARGEST or not all(FILE_NAME.fullmatch(name) for name in files):
        raise StoreError(f"the manifest of {shelf.address} names files that no model has")
    missing = [name for name in files if not _is_there(folder / name, files[name]["sha256"])]
    if not missing:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(missing, key=lambda name: name == CARD):  # the card last
            write_atomic(folder / name, read_file(shelf, name, files[name]))
    except OSError as error:
        raise StoreError(
            f"the model of {shelf.address} cannot be kept in {folder}: {system_reason(error)};"
            " name another folder in OPENSEARCH_CACHE"
        ) from error


def _is_there(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == sha256)
    except OSError:
        return False
