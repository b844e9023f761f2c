"""The file that an item was made of: opened only where it was indexed, and only as it was then.

A request names an item by its id and never a file. The path comes from the item's record, and what
lies there now must be the same file: within the folder that was indexed once links are followed, a
regular file, of the same size and time of change.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from opensearch.domains.collections.layout import split_part
from opensearch.domains.files import time_of_change
from opensearch.records import Item
from opensearch.service.failures import ServiceError, missing

_AGAIN: Final = "index it again where it lies now"
_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
"""Formats that browsers show and that hold no program. SVG does: it is never shown as itself."""


def place_of(item: Item) -> tuple[Path, Path] | None:
    """The file of an item and the folder that was indexed, `None` where the record has none.

    The key is the path below that folder, so the folder is what stands before it.
    """
    path, key = split_part(item.path)[0], split_part(item.key)[0]
    parts = PurePosixPath(key).parts
    if not path or not parts or ".." in parts or not os.path.isabs(path):
        return None
    root = Path(path).parents[len(parts) - 1] if len(parts) <= len(Path(path).parents) else None
    if root is None or Path(path).parts[-len(parts) :] != parts:
        root = Path(path).parent  # a key of the manifest's own, or of the caller's
    return Path(path), root


def open_original(item: Item) -> tuple[BinaryIO, Path]:
    """The item's file, opened, and its path without links.

    Raises:
        ServiceError: 404 where there is no such file, it has changed, or lies elsewhere.
    """
    place = place_of(item)
    if place is None:
        raise missing(f"no file is kept of item {item.key!r}", "its thumbnail is all there is")
    file, root = place
    try:
        real = file.resolve(strict=True)
        inside = real.is_relative_to(root.resolve(strict=True))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(real, flags) if inside else -1
    except OSError as error:
        raise missing(f"the file of item {item.key!r} is not there any more", _AGAIN) from error
    if not inside:
        raise _elsewhere(item)
    status = os.fstat(descriptor)
    whole = stat.S_ISREG(status.st_mode)
    if not whole or (status.st_size, time_of_change(status)) != (item.size, item.mtime_ns):
        os.close(descriptor)
        raise missing(f"the file of item {item.key!r} has changed since", "index it again")
    return os.fdopen(descriptor, "rb"), real


def path_of(item: Item) -> Path:
    """The item's file without links, while it is what was indexed.

    Raises:
        ServiceError: see `open_original`.
    """
    file, path = open_original(item)
    file.close()
    return path


def can_open(item: Item) -> bool:
    """Whether the file of an item is there as it was indexed."""
    try:
        path_of(item)
        return True
    except ServiceError:
        return False


def content_type(head: bytes) -> str:
    """What the first bytes of a file say a browser may show it as; else bytes to save."""
    for sign, kind in _PICTURES:
        if head.startswith(sign):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return "application/octet-stream"


def file_name(item: Item) -> str:
    """A name for a download: letters, digits and a few marks, nothing else."""
    name = PurePosixPath(split_part(item.key)[0]).name
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return safe.lstrip(".")[-100:] or "file"


def _elsewhere(item: Item) -> ServiceError:
    return missing(
        f"the file of item {item.key!r} lies outside the folder that was indexed",
        "copy it there and index it again",
    )
