"""Where the files of sources and items lie, and what tells that one has changed or is gone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from opensearch.domains.collections import catalog
from opensearch.domains.collections.layout import part_key, placed, split_part
from opensearch.domains.collections.walk import Found, Ignored
from opensearch.errors import InvalidInput
from opensearch.limits import Limits
from opensearch.records import Item, Source, Stamp, is_address
from opensearch.remote import Root, fetched
from opensearch.spelling import begins_as_address, several_paths

TWICE: Final = "in two sources"


def files_of(roots: Sequence[Root]) -> list[Path]:
    """The roots that are of this machine.

    Raises:
        InvalidInput: one of them does not exist.
    """
    here = [root for root in roots if isinstance(root, Path)]
    for root in here:
        if not os.path.lexists(root):
            raise InvalidInput(
                f"{root} does not exist{_way_in(str(root))}{several_paths(str(root))}"
            )
    return here


def _way_in(root: str) -> str:
    """A hint for `-`, or for an address such as s3://bucket/photos of which `Path` cut a slash."""
    if root == "-":
        return "; what is piped in has no path to be found at again: write it to a file first"
    if not begins_as_address(root):
        return ""
    return "; give an address as text, since a `Path` drops one of its slashes"


def overlap(roots: Sequence[Root]) -> bool:
    """Whether one root is another, or lies in it, links followed."""
    places = [PurePath(os.path.realpath(r) if isinstance(r, Path) else r) for r in roots]
    named = set(places)
    return len(named) < len(places) or any(named & set(place.parents) for place in places)


def once(found: Iterable[Found]) -> Iterator[Found]:
    """What was found under overlapping roots, each file only the first time it is found."""
    seen: set[str] = set()
    for each in found:
        if isinstance(each, Source):
            place = _real(each)
            if place in seen:
                yield Ignored(each.path, each.path.suffix.lower(), TWICE)
                continue
            seen.add(place)
        yield each


def _real(source: Source) -> str:
    """Where a source lies, links to its folder followed: a link to a file is a file of its own."""
    if source.remote is not None:
        return source.remote.address
    path = _followed(source.path)
    return path if source.part is None else part_key(path, source.part)


def _followed(path: Path) -> str:
    return os.path.join(os.path.realpath(path.parent), path.name)


def address(source: Source) -> str:
    """Where a source lies: see `placed`; with `#n` for a drawing of an .ndjson file."""
    if source.remote is not None:
        return source.remote.address
    path = str(placed(source.path))
    return path if source.part is None else part_key(path, source.part)


def folders(source: Source) -> list[PurePath]:
    """The folders that a source lies in, the innermost first; of an address those behind `://`."""
    if source.remote is None:
        return list(placed(source.path).parents)
    return list(PurePosixPath("/", source.remote.address.partition("://")[2]).parents)


def fingerprint(source: Source) -> tuple[int, int]:
    """Size in bytes and time of change in ns, see `Remote`: equal ones need no second look.

    Raises:
        UnreadableFile: the file is missing or cannot be asked.
    """
    if source.remote is not None:
        return source.remote.size, source.remote.mtime_ns
    return catalog.fingerprint(source.path)


def digest(source: Source, limits: Limits) -> bytes:
    """See `catalog.digest`; a file at an address is fetched for it.

    Raises:
        UnreadableFile: the file cannot be read.
        OverLimit: it is at an address, and over the limit.
    """
    if source.remote is None:
        return catalog.digest(source)
    with fetched(source.remote, limits) as copy:
        return catalog.digest(replace(source, path=copy))


def stamp_of(source: Source) -> Stamp:
    """The stamp of a file of this machine; its content is read.

    Raises:
        UnreadableFile: it cannot be.
    """
    return Stamp(*fingerprint(source), catalog.digest(source))


def file_of(item: Item) -> Path:
    """The file an item was read from, without the `#n` of a drawing."""
    return Path(split_part(item.path)[0])


def is_of(item: Item, source: Source) -> bool:
    """Whether an item was read from this very file, named in another way."""
    named = item.path and not is_address(item.path) and source.remote is None
    return bool(named) and _followed(Path(item.path)) == _real(source)


def exists(item: Item) -> bool:
    """Whether the file of an item is still where it was, or cannot be asked for.

    An item that was never a file is not gone, nor is one whose file is on another machine.
    """
    return not item.path or is_address(item.path) or is_there(file_of(item))


def is_there(path: Path) -> bool:
    """False only if the path is certainly gone; a folder without permission proves nothing."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True
