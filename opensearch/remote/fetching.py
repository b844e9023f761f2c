"""Fetching one file from its address into a private folder, within its limit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from opensearch.domains.files import safe_name
from opensearch.domains.limits import check_bytes
from opensearch.errors import OpenSearchError, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Remote
from opensearch.remote.addresses import opened, reason_of

_PIECE: Final = 2**20


@contextmanager
def fetched(remote: Remote, limits: Limits) -> Iterator[Path]:
    """A private copy of a file, under its own name, while the block runs.

    Args:
        remote: as it was listed; a larger one is not even asked for.
        limits: how many bytes are fetched at most, whatever was listed.

    Raises:
        OverLimit: it is larger.
        UnreadableFile: it is gone, or cannot be fetched.
        MissingExtra: what reads such addresses is not installed here.
    """
    name = remote.address.rpartition("/")[2]
    with tempfile.TemporaryDirectory(prefix="opensearch-") as folder:
        path = Path(folder, safe_name(name))
        try:
            check_bytes(remote.size, limits)
            _fetch(remote, path, limits)
        except OverLimit as error:
            raise OverLimit(f"{name!r} {error}") from error
        yield path


def _fetch(remote: Remote, path: Path, limits: Limits) -> None:
    system, there = opened(remote.address)
    held = 0
    try:
        with system.open(there, "rb") as file, path.open("wb") as copy:
            while piece := file.read(_PIECE):
                held += len(piece)
                check_bytes(held, limits)
                copy.write(piece)
    except OpenSearchError:
        raise
    except Exception as error:  # each file system has its own
        raise UnreadableFile(f"cannot be fetched: {reason_of(error)}") from error
