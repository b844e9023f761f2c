"""Files of any domain as views: the readers, by the names that configs and models give them."""

from __future__ import annotations

import logging
import re
from typing import Final

from opensearch.config import ReaderSettings, TrainConfig
from opensearch.domains import image, mesh, sketch
from opensearch.domains.reading import (
    Reader,
    ReaderKind,
    Reading,
    png,
    save_views,
    thumbnail,
)
from opensearch.errors import InvalidInput
from opensearch.limits import Limits

__all__ = [
    "READERS",
    "Reader",
    "ReaderKind",
    "Reading",
    "default_reader",
    "is_older",
    "known_suffixes",
    "open_reader",
    "png",
    "reader_kind",
    "reader_settings",
    "reader_version",
    "save_views",
    "thumbnail",
]

READERS: Final[dict[str, ReaderKind]] = {
    "image": image.READER,
    "sketch": sketch.READER,
    "mesh": mesh.READER,
}
"""Every reader. A new one is a module with a `ReaderKind`, and a line here."""

for _name in ("PIL", "tifffile"):
    # Their logs about damaged files are for callers who ask for them, not for every terminal.
    logging.getLogger(_name).addHandler(logging.NullHandler())


def reader_kind(name: str) -> ReaderKind:
    """The reader of a name.

    Raises:
        InvalidInput: there is none; the text lists those there are.
    """
    if name not in READERS:
        raise InvalidInput(f"no reader {name!r}; known: {', '.join(READERS)}")
    return READERS[name]


def default_reader(domain: str) -> str:
    """The reader of a domain by its name alone; most domains hold pictures."""
    return next((name for name, kind in READERS.items() if kind.domain == domain), "image")


def reader_settings(config: TrainConfig, domain: str) -> ReaderSettings:
    """How a domain's files become views under a training config.

    Raises:
        InvalidInput: the config names a reader that there is not.
    """
    own = config.domain(domain)
    name = own.reader or default_reader(domain)
    try:
        several = reader_kind(name).several
    except InvalidInput as error:
        raise InvalidInput(f"domains.{domain}.reader: {error}") from error
    views = {"views": own.views, "line_views": own.line_views} if several else {}
    return ReaderSettings(reader=name, size=config.size, **views)


def open_reader(settings: ReaderSettings, limits: Limits | None = None) -> Reader:
    """The reader that `settings` describe.

    Args:
        settings: which reader, the size of its views and how they are drawn.
        limits: what one file may cost; the defaults when None.

    Raises:
        InvalidInput: no such reader, or settings that it cannot work with.
    """
    return reader_kind(settings.reader).open(settings, limits or Limits())


def known_suffixes() -> frozenset[str]:
    """Suffixes, in lower case, of all files that some reader reads."""
    return frozenset().union(*(kind.suffixes() for kind in READERS.values()))


def reader_version(name: str) -> str:
    """The reader and its version as kept with every item that it read: `image/3`."""
    return f"{name}/{reader_kind(name).version}"


def is_older(version: str) -> bool:
    """Whether `version`, as kept with an item, is of an older reader than the one here."""
    name, _, number = version.partition("/")
    if name not in READERS or not re.fullmatch("[0-9]{1,9}", number):
        return True
    return int(number) < READERS[name].version
