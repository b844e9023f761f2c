"""The files below an address, by the rules that hold for folders.

Links exist only in folders; files of several drawings (.ndjson) are read only there, and fail here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias

from opensearch.domains import known_suffixes
from opensearch.domains.collections.excluding import NOTHING, Excluded
from opensearch.domains.collections.layout import declared, encodable
from opensearch.domains.collections.manifest import MANIFESTS, read_manifest
from opensearch.domains.collections.materials import MOST_BYTES, NAMING, materials
from opensearch.domains.collections.walk import (
    EXCLUDED,
    INDEX_FILES,
    Found,
    Ignored,
    excluded_file,
    file_passed_over,
    left_out,
)
from opensearch.domains.files import printable, wrong_suffix
from opensearch.domains.shapes.upright import with_axis
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Failure, Remote, Source, Up
from opensearch.remote.addresses import CHAIN, opened, reason_of
from opensearch.remote.fetching import fetched

_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated", "created")
_MARKS: Final = ("ETag", "etag", "md5", "content_md5", "sha256", "Last-Modified")
"""What file systems call the time of change of a file, and what changes with it."""
_NAMELESS: Final = "is a folder without a name (//), which no path can name; rename what is in it"
_MANY: Final = "holds many drawings, which are only read from a folder: fetch it and index the copy"

Info: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder at an address: where its file system has it, its key, and assets found above it."""

    path: str
    key: str
    assets: frozenset[str]


def find_sources(
    root: str, domain: str | None = None, up: Up | None = None, excluded: Excluded = NOTHING
) -> Iterator[Found]:
    """As `catalog.find_sources`, of an address in place of a path.

    Raises:
        MissingExtra: what reads such addresses is not installed.
        InvalidInput: nothing lies there, or it cannot be asked for.
    """
    for found in _found(root, excluded):
        if isinstance(found, Source):
            found = with_axis(found, up)
            yield replace(found, domain=domain) if domain else found
        else:
            yield found


def addresses_below(root: str) -> Iterator[str]:
    """The addresses of all files at and below one, whatever they are.

    Raises:
        InvalidInput: a folder cannot be listed, so that nobody knows.
    """
    system, path = opened(root)
    if not system.isdir(path):
        if system.exists(path):
            yield root
        return
    folders = [(path, "")]
    while folders:
        folder, key = folders.pop()
        try:
            listed = _listed(system, folder)
        except Exception as error:
            raise InvalidInput(f"{root}/{key} cannot be listed: {reason_of(error)}") from error
        for name, is_folder, info in listed:
            if not name:
                continue  # nothing in there was ever indexed
            if is_folder:
                folders.append((info["name"], f"{key}{name}/"))
            else:
                yield f"{root}/{key}{name}"


def look_at(root: str) -> tuple[Any, str, frozenset[str], Info]:
    """The file system of an address, the path there, and the names in it, or all of a file.

    Raises:
        MissingExtra: what reads such addresses is not installed.
        InvalidInput: nothing lies there, or it cannot be asked for.
    """
    system, path = opened(root)
    try:
        if system.isdir(path):
            return system, path, frozenset(name for name, _, _ in _listed(system, path)), {}
        return system, path, frozenset(), system.info(path)
    except FileNotFoundError:
        raise InvalidInput(f"{root} does not exist") from None
    except Exception as error:
        raise InvalidInput(f"{root} cannot be listed: {reason_of(error)}") from error


def _found(root: str, excluded: Excluded) -> Iterator[Found]:
    system, path, names, about = look_at(root)
    manifest = next((name for name in MANIFESTS if name in names), None)
    if about:
        yield _of_file(system, root, about, excluded)
    elif manifest is None:
        yield from _walk(system, root, path, excluded)
    else:
        yield from _by_manifest(root, manifest, list(_walk(system, root, path)), excluded)


def _of_file(system: Any, address: str, about: Info, excluded: Excluded) -> Found:
    """A file that is itself a source."""
    name = address.rpartition("/")[2]
    known = known_suffixes()
    if excluded.names(name):
        return excluded_file(address)
    if PurePosixPath(name).suffix.lower() not in known:
        return Failure(printable(address), wrong_suffix(Path(name), known))
    return _source(system, address, name, about)


def _source(system: Any, address: str, key: str, about: Info) -> Source | Failure:
    if not encodable(key):
        return Failure(printable(address), "has a name that is not UTF-8; rename it")
    if CHAIN in key:
        return Failure(address, f"has {CHAIN!r} in its name; rename it")
    name = Path(PurePosixPath(key).name)
    if name.suffix.lower() == ".ndjson":
        return Failure(address, _MANY)
    if about.get("size") is None:  # where a page of links is the listing
        try:
            about = system.info(about["name"])
        except Exception as error:
            return Failure(address, f"cannot be looked at: {reason_of(error)}")
    domain, category = declared(key)
    remote = Remote(address, int(about.get("size") or 0), changed(about))
    return Source(name, key, domain=domain, category=category, remote=remote)


def _walk(system: Any, root: str, path: str, excluded: Excluded = NOTHING) -> Iterator[Found]:
    """Everything below a folder, keys in order."""
    known = known_suffixes()
    stack: list[Iterator[Found | _Folder]] = [iter([_Folder(path, "", frozenset())])]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
        elif isinstance(found, _Folder):
            stack.append(_entries(system, root, found, excluded, known))
        else:
            yield found


def _entries(
    system: Any, root: str, folder: _Folder, excluded: Excluded, known: frozenset[str]
) -> Iterator[Found | _Folder]:
    """What is in one folder."""
    try:
        listed = _listed(system, folder.path)
    except Exception as error:
        yield Failure(f"{root}/{folder.key}", f"cannot be listed: {reason_of(error)}")
        return
    if folder.key and {name for name, _, _ in listed} >= INDEX_FILES:
        return
    assets = folder.assets | _assets(root, folder, listed)
    for name, is_folder, about in listed:
        key = folder.key + name
        address = f"{root}/{key}"
        if not name:
            yield Failure(f"{address}/", _NAMELESS)
            continue
        out = excluded.names(key, folder=is_folder)
        if is_folder:
            reason = left_out(name) or (EXCLUDED if out else "")
            below = _Folder(about["name"], key + "/", assets)
            yield Ignored(address, "", f"{reason} folder") if reason else below
        else:
            passed = file_passed_over(address, key, known, asset=key in assets)
            passed = passed or (excluded_file(address) if out else None)
            yield passed or _source(system, address, key, about)


def _listed(system: Any, folder: str) -> list[tuple[str, bool, Info]]:
    """Name, whether it is a folder, and what is told of each entry of a folder, keys in order.

    A bucket may hold a folder whose name is empty, as of the key `photos//a.jpg`.
    """
    system.invalidate_cache()  # else it would keep all it was ever told
    found = []
    for about in system.ls(folder, detail=True):
        is_folder = about["type"] == "directory"
        above, _, name = about["name"].rstrip("/").rpartition("/")
        # A bucket may hold an entry for the folder itself, a page may link to anywhere.
        if name and name != ".." and _same(above, folder):
            found.append((name, is_folder, about))
        elif is_folder and about["name"].endswith("/") and _same(about["name"], folder):
            found.append(("", True, about))
    return sorted(found, key=lambda entry: entry[0] + "/" * entry[1])


def _same(one: str, other: str) -> bool:
    return one.strip("/") == other.strip("/")


def _assets(root: str, folder: _Folder, listed: list[tuple[str, bool, Info]]) -> frozenset[str]:
    """Keys of what the files of a folder name as their assets."""
    found: set[str] = set()
    for name, is_folder, about in listed:
        suffix = PurePosixPath(name).suffix.lower()
        if is_folder or suffix not in NAMING:
            continue
        remote = Remote(f"{root}/{folder.key}{name}", int(about.get("size") or 0), 0)
        try:
            with fetched(remote, Limits(bytes=MOST_BYTES)) as copy:
                named = materials(copy.parent, [copy.name])
                below = [os.path.relpath(path, copy.parent) for path in named]
        except UnreadableFile:  # it names nothing, and fails as an item if it is one
            continue
        found.update(os.path.normpath(folder.key + path) for path in below)
    return frozenset(found)


def _by_manifest(root: str, name: str, walked: list[Found], excluded: Excluded) -> Iterator[Found]:
    """The rows of a manifest at the root; other files are ignored."""
    lying = {each.key: each for each in walked if isinstance(each, Source)}
    named = {}
    for row in _rows(f"{root}/{name}"):
        if isinstance(row, Failure):
            yield row
        else:
            named[row.key] = row
    for key, row in sorted(named.items()):
        address = f"{root}/{key}"
        there = lying.get(key)
        if excluded.holds(key):
            yield excluded_file(address)
        elif there is None:
            reason = _MANY if ".ndjson" in key.lower() else "is not there, or cannot be read"
            yield Failure(printable(address), reason)
        else:
            yield replace(row, path=there.path, remote=there.remote)
    for found in walked:
        if not isinstance(found, Source):
            yield found
        elif found.key not in named:
            assert found.remote is not None
            yield Ignored(found.remote.address, found.path.suffix.lower(), f"not in {name}")


def _rows(manifest: str) -> list[Source | Failure]:
    """The rows of a manifest; their paths mean nothing."""
    try:
        with fetched(Remote(manifest, 0, 0), Limits()) as copy:
            rows, here = list(read_manifest(copy)), printable(copy)
    except UnreadableFile as error:
        return [Failure(manifest, f"cannot be read as a manifest: {error}")]
    return [
        Failure(row.path.replace(here, manifest, 1), row.reason)
        if isinstance(row, Failure)
        else row
        for row in rows
    ]


def changed(about: Info) -> int:
    """Time of change in ns, or a number that changes with the file; see `Remote`."""
    for name in _TIMES:
        time = about.get(name)
        if isinstance(time, str):
            try:
                time = datetime.fromisoformat(time)
            except ValueError:
                continue
        if isinstance(time, datetime):
            time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
        if isinstance(time, int | float) and not isinstance(time, bool):
            return round(time * 1e9)
    marks = [str(about[name]) for name in _MARKS if about.get(name)]
    digest = hashlib.blake2b(marks[0].encode(), digest_size=7).digest() if marks else b""
    return int.from_bytes(digest, "big")
