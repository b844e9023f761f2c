"""What lies in the folder of an index, by name, and what can be told of a folder by looking at it.

manifest.json        format version, identities of the model, precision, graphs' sums; written last
model/               a copy of the bundle, so that the index alone answers queries
compiled/            its backbones, compiled for this machine's processor; safe to delete
store/<generation>/  LMDB, the truth; CURRENT names the generation
search/              derived, safe to delete
latent/              codes of shapes, see `reconstruction.latent_index`; safe to delete
ignored.jsonl        files that `Engine.add` passes over, see `ingest.left_out`; may be missing
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from opensearch.encoders.card import CARD
from opensearch.errors import StoreError, system_reason
from opensearch.store import ever_used

MANIFEST = "manifest.json"
CURRENT = "CURRENT"
IGNORED = "ignored.jsonl"

_EXPORTED = "items.jsonl"
_OF_A_NEW_INDEX = {"model", "store", "search", "compiled", CURRENT, MANIFEST, IGNORED}


def is_index(path: Path) -> bool:
    """Whether a folder holds an index."""
    return os.path.isfile(Path(path, MANIFEST))


def check_free(path: Path) -> None:
    """See that an index can be made in a folder, which need not exist.

    Raises:
        StoreError: it holds what is left of an index, or other files.
    """
    if holds_store(path):
        raise lacks_manifest(path)
    if path.exists() and not path.is_dir():
        raise StoreError(
            f"cannot make an index in {path}: {os.strerror(errno.ENOTDIR)} but a file; name a new"
            " folder"
        )
    if path.exists() and any(child.name not in _OF_A_NEW_INDEX for child in path.iterdir()):
        raise StoreError(f"{path} holds other files; an index needs an empty or new folder")


def holds_store(path: Path) -> bool:
    """Whether a folder holds a store that is not, or may not be, empty."""
    return any(ever_used(store) for store in generations(path))


def generations(path: Path) -> list[Path]:
    """Folders of stores, whether CURRENT names them or not."""
    try:
        return [folder for folder in (path / "store").iterdir() if folder.name.isdecimal()]
    except OSError:
        return []


def refuse_others(path: Path) -> None:
    """See that a folder is an index, whole or not.

    Raises:
        StoreError: it is not; the text says what it is, where that is something of ours.
    """
    if holds_store(path):
        if not is_index(path):
            raise lacks_manifest(path)
    elif os.path.isfile(path / _EXPORTED):
        way_in = f"Make an index of it: `Engine.import_from({str(path)!r})`"
        raise StoreError(f"{path} is not an index: it is an export. {way_in}")
    elif not is_index(path):
        _refuse_closed(path)
        model = os.path.isfile(path / CARD)
        raise StoreError(
            f"{path} is not an index: it {'is a model' if model else f'has no {MANIFEST}'}."
            " An index is a folder of its own, made of files: `Engine.create('INDEX')`"
        )


def _refuse_closed(path: Path) -> None:
    """Tell a folder that may not be looked into, or cannot be, from one that is no index."""
    try:
        os.stat(path / MANIFEST)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    except OSError as error:
        raise StoreError(f"index {path} cannot be opened: {system_reason(error)}") from error


def lacks_manifest(path: Path) -> StoreError:
    """What is said of a folder with a store and no manifest."""
    return StoreError(
        f"{path} holds the store of an index, but its {MANIFEST} is gone; nothing was changed."
        f" Write it anew from the model inside: `verify_index({str(path)!r}, repair=True)`"
    )
