"""Files of any domain as views: the catalog of a collection, and a reader for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opensearch.config import Limits, ReaderSettings
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
    "Guess",
    "Ignored",
    "Reader",
    "Reading",
    "digest",
    "find_sources",
    "fingerprint",
    "guess_domain",
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
