"""Files of any domain as views: the catalog of a collection, and a reader for each kind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from opensearch.config import Limits, ReaderSettings
from opensearch.domains import image, mesh, sketch
from opensearch.domains.catalog import (
    digest,
    find_sources,
    fingerprint,
    read_collection,
)
from opensearch.domains.guess import Guess, guess_domain
from opensearch.domains.image import image_reader
from opensearch.domains.mesh import mesh_reader
from opensearch.domains.reading import Reader, Reading, png, save_views, thumbnail
from opensearch.domains.sketch import sketch_reader
from opensearch.domains.walk import Ignored

__all__ = [
    "READERS",
    "VERSIONS",
    "Guess",
    "Ignored",
    "Reader",
    "Reading",
    "digest",
    "find_sources",
    "fingerprint",
    "guess_domain",
    "is_older",
    "open_reader",
    "png",
    "read_collection",
    "save_views",
    "thumbnail",
]

READERS: Final[dict[str, Callable[[ReaderSettings, Limits], Reader]]] = {
    "image": image_reader,
    "sketch": sketch_reader,
    "mesh": mesh_reader,
}


for _name in ("PIL", "tifffile"):
    # What these log of damaged files is for who asks for it, not for every terminal.
    logging.getLogger(_name).addHandler(logging.NullHandler())

VERSIONS: Final[dict[str, str]] = {
    "image": f"image/{image.VERSION}",
    "sketch": f"sketch/{sketch.VERSION}",
    "mesh": f"mesh/{mesh.VERSION}",
}
"""The version of each reader, kept with every item it read; in no identity."""


def is_older(version: str) -> bool:
    """Whether `version`, as kept with an item, is of an older reader than the one here."""
    kind, _, number = version.partition("/")
    if kind not in VERSIONS or not number.isdigit():
        return True
    return int(number) < int(VERSIONS[kind].partition("/")[2])


def open_reader(settings: ReaderSettings, limits: Limits | None = None) -> Reader:
    """The reader that `settings` describe.

    Args:
        settings: which reader, the size of its views and how they are drawn.
        limits: what one file may cost; the defaults when None.

    Returns:
        A function of (path, part) that gives a `Reading` and raises only `UnreadableFile`
        or `OverLimit`; it may be called from several threads.
    """
    return READERS[settings.reader](settings, limits or Limits())
