"""Finding the files of a collection, in order and one at a time."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from opensearch.domains import known_suffixes
from opensearch.domains.collections.excluding import NOTHING, Excluded
from opensearch.domains.collections.layout import encodable, laid_out, part_key, split_part
from opensearch.domains.collections.manifest import fault, find_manifest, is_scalar, read_manifest
from opensearch.domains.collections.walk import (
    Found,
    Ignored,
    excluded_file,
    leads_to_nothing,
    walk,
)
from opensearch.domains.drawings.strokes import line_spans, read_line
from opensearch.domains.files import printable, time_of_change, wrong_suffix
from opensearch.domains.shapes.upright import with_axis
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.limits import Limits
from opensearch.progress import Failed, unheard
from opensearch.records import Failure, Source, Up

# A drawing's line is read for its word only up to this size.
_MOST_LINE: Final = Limits(bytes=2**24)
_DIGEST_BYTES: Final = 16
_ODD: Final = "is no file or folder, but a device, pipe or socket"


def find_sources(
    root: Path,
    domain: str | None = None,
    up: Up | None = None,
    beside: Sequence[Path] = (),
    excluded: Excluded = NOTHING,
) -> Iterator[Found]:
    """Everything under one path that a user gave, keys in order, one at a time.

    Args:
        root: a file, or a folder with or without a manifest. With one, its rows are the
            items; other files are ignored, counted. Without one, files are found by suffix.
        domain: domain of every source, over what folders or the manifest say.
        up: the axis that is up in every mesh, over what the manifest says.
        beside: other paths that are read as well; links into them are no failures.
        excluded: what is left out, by keys relative to `root`.

    Yields:
        A `Source` a file, or a drawing of an .ndjson file; `Ignored` for hidden files, folders
        of the system, materials of meshes, unknown suffixes and what is excluded; `Failure` for
        what was to be an item and cannot be: a file named directly of an unknown suffix, a bad
        row of the manifest, a folder that cannot be listed, a name that is not UTF-8, a link that
        leads out of `root` or to itself. A row whose file is missing is a `Source`; its reader
        will say so.
    """
    if os.path.exists(root) and not os.path.isfile(root) and not os.path.isdir(root):
        yield Failure(printable(root), _ODD)
        return
    found = _of_file(root, excluded) if os.path.isfile(root) else _of_folder(root, beside, excluded)
    for item in found:
        if isinstance(item, Source):
            for drawing in _drawings(with_axis(item, up)):
                yield replace(drawing, domain=domain) if domain else drawing
        else:
            yield item


def read_collection(root: Path, failed: Failed | None = None) -> list[Source]:
    """The sources of a collection for training and evaluation.

    Without a manifest, every first folder is a domain if there are categories below it;
    `find_sources`, which indexes any folder, takes only those of known names for domains.

    Args:
        root: a folder.
        failed: called with each failure, such as a link whose file is gone, or a pipe; if `None`,
            one failure is an error. More failures than items are always one. Files that a manifest
            names are told by whoever reads them.

    Raises:
        InvalidInput: `root` is no folder, holds no item, or too much that cannot be one.
    """
    if not root.is_dir():
        raise InvalidInput(f"a collection is a folder, but {printable(root)!r} is not one")
    manifest = find_manifest(root)
    sources, failures = [], []
    for found in find_sources(root):
        item = _file(found) if isinstance(found, Source) and manifest is None else found
        if isinstance(item, Failure):
            if failed is None:
                raise InvalidInput(f"collection {printable(root)!r}: {item.path} {item.reason}")
            failures.append(item)
        if isinstance(item, Source):
            sources.append(item if manifest or item.domain else _laid_out(item))
    pass_over(failures, len(sources), f"collection {printable(root)!r}", failed or unheard)
    if not sources:
        raise InvalidInput(
            f"collection {printable(root)!r} holds no item:"
            " expected <domain>/<category>/<file>, split.csv or manifest.jsonl"
        )
    return sources


def pass_over(failures: Sequence[Failure], read: int, of: str, failed: Failed) -> None:
    """Go on without some files, unless most cannot be read.

    Args:
        failures: those that cannot.
        read: how many can.
        of: what they are files of, for the message.
        failed: called with each.

    Raises:
        InvalidInput: fewer can be read than not: what is made of the rest would mislead.
    """
    if len(failures) > read:
        first = failures[0]
        raise InvalidInput(
            f"{len(failures)} of {len(failures) + read} files of {of} cannot be read, which is"
            f" most of them; the first: {first.path} {first.reason}"
        )
    for failure in failures:
        failed(failure)


def _file(source: Source) -> Source | Failure:
    """The source, or a failure where no file of its name is there to be read.

    Whoever indexes finds it out on reading; a table that is made of names alone would hold it.
    """
    try:
        mode = os.stat(source.path).st_mode
    except OSError:
        gone = source.path.is_symlink() and not os.path.lexists(target := source.path.resolve())
        return Failure(printable(source.path), leads_to_nothing(target)) if gone else source
    return source if stat.S_ISREG(mode) else Failure(printable(source.path), _ODD)


def _laid_out(source: Source) -> Source:
    domain, category = laid_out(source.key, source.category)
    return replace(source, domain=domain, category=category)


def fingerprint(path: Path) -> tuple[int, int]:
    """Size in bytes and time of change in ns: equal ones need no second look.

    Raises:
        UnreadableFile: the file is missing, or its status cannot be read.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise _gone(path, error) from error
    return status.st_size, time_of_change(status)


def digest(source: Source) -> bytes:
    """16-byte blake2b of a source's file, or of its own line in an .ndjson file.

    Raises:
        UnreadableFile: the file cannot be read.
        OverLimit: the line is over 16 MiB.
    """
    if source.part is not None:
        line = read_line(source.path, source.part, _MOST_LINE)
        return hashlib.blake2b(line, digest_size=_DIGEST_BYTES).digest()
    try:
        if not source.path.is_file():
            raise UnreadableFile(f"{printable(source.path)!r} is missing or not a regular file")
        with source.path.open("rb") as file:
            made = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
    except OSError as error:
        raise _gone(source.path, error) from error
    return made.digest()


def _gone(path: Path, error: OSError) -> UnreadableFile:
    return UnreadableFile(f"{printable(path)!r} cannot be opened: {error.strerror or error}")


def _of_file(path: Path, excluded: Excluded) -> Iterator[Found]:
    known = known_suffixes()
    if excluded.names(printable(path.name)):
        yield excluded_file(path)
    elif path.suffix.lower() not in known:
        yield Failure(printable(path), wrong_suffix(path, known))
    elif not encodable(path.name):
        yield Failure(printable(path), "has a name that is not UTF-8; rename it")
    else:
        yield Source(path=path, key=path.name)


def _of_folder(root: Path, beside: Sequence[Path], excluded: Excluded) -> Iterator[Found]:
    manifest = find_manifest(root)
    if manifest is None:
        yield from walk(root, beside, excluded)
        return
    rows = list(read_manifest(manifest))
    yield from (row for row in rows if isinstance(row, Failure))
    sources = sorted((row for row in rows if isinstance(row, Source)), key=lambda row: row.key)
    for source in sources:
        out = excluded.holds(split_part(source.key)[0])
        yield excluded_file(source.path) if out else source
    named = {str(source.path) for source in sources}
    for item in walk(root, beside):
        if not isinstance(item, Source):
            yield item
        elif str(item.path) not in named:
            yield Ignored(item.path, item.path.suffix.lower(), f"not in {manifest.name}")


def _drawings(source: Source) -> Iterator[Source]:
    """The source itself, or one a drawing of an .ndjson file, with its word as category."""
    if source.path.suffix.lower() != ".ndjson" or source.part is not None:
        yield source
        return
    try:
        starts, stops = line_spans(source.path).T
    except (OSError, UnreadableFile):
        yield source
        return
    for part in map(int, np.flatnonzero(stops > starts) + 1):
        record = _record(source.path, part)
        if record is not None:
            word, extra = record
            yield replace(
                source,
                key=part_key(source.key, part),
                part=part,
                category=source.category or word,
                metadata={**source.metadata, **extra},
            )


def _record(path: Path, part: int) -> tuple[str | None, dict[str, Any]] | None:
    """Word and further scalars of a drawing; nothing for a blank line.

    A line that is no drawing still counts as one: its reader will say what is wrong.
    """
    try:
        line = read_line(path, part, _MOST_LINE)
        if not line.strip():
            return None
        record = json.loads(line)
    except (UnreadableFile, ValueError, RecursionError):
        return None, {}
    if not isinstance(record, dict):
        return None, {}
    word = record.get("word")
    kept = {k: v for k, v in record.items() if is_scalar(v) and not fault(k, v)}
    extra = {k: v for k, v in kept.items() if v is not None and k != "word"}
    return (word if isinstance(word, str) and "word" in kept else None), extra
