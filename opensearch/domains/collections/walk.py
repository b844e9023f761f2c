"""Walking through a folder: what is a file to read, what is passed over, what fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from opensearch.domains import known_suffixes
from opensearch.domains.collections.excluding import NOTHING, Excluded
from opensearch.domains.collections.layout import declared, encodable
from opensearch.domains.collections.manifest import MANIFESTS
from opensearch.domains.collections.materials import materials
from opensearch.domains.files import printable
from opensearch.records import Failure, Source

SYSTEM_FOLDERS: Final = frozenset(
    {
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin"),  # Synology
        *("@recycle", "@recently-snapshot", "@__thumb"),  # QNAP
        *("$recycle.bin", "recycler", "recycled", "system volume information"),  # Windows
        *("__macosx", "network trash folder", "temporary items"),  # macOS, and its zip archives
        "lost+found",  # ext file systems
    }
)
"""Names, in small letters, of folders that systems keep for themselves: thumbnails and waste."""

INDEX_FILES: Final = frozenset({"manifest.json", "CURRENT", "store"})
"""What the folder of an index holds, this one or another: its files are no part of a collection."""

_FOUND_BY_CHECKS: Final = re.compile(r"found\.\d{3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file or folder that is no item of the collection, and why it was passed over."""

    path: Path | str
    suffix: str
    reason: str

    @property
    def label(self) -> str:
        """What books count it under: its suffix where that is the reason, else the reason."""
        return (self.suffix or "no suffix") if self.reason == UNKNOWN else self.reason


UNKNOWN: Final = "unknown suffix"
EXCLUDED: Final = "excluded"
ELSEWHERE: Final = "link to what is read elsewhere"
Found = Source | Ignored | Failure


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be walked into; `key` ends in a slash, but is empty for the root."""

    path: Path
    key: str
    above: frozenset[tuple[int, int]]
    assets: frozenset[str]


class _Links:
    """Which links of a collection are followed.

    Args:
        root: the collection, resolved.
        beside: other folders that are read as well, resolved.
    """

    def __init__(self, root: Path, beside: Sequence[Path]) -> None:
        self._root = root
        self._beside = beside
        self._followed: set[Path] = set()

    def passed_over(self, entry: os.DirEntry[str], path: Path) -> Ignored | Failure | None:
        """Why a link is not followed; None for one that is, and for all that is no link.

        Raises:
            OSError: the link leads to itself, or through a folder that may not be entered.
        """
        if not entry.is_symlink():
            return None
        folder, target = entry.is_dir(), path.resolve()
        if not target.is_relative_to(self._root):
            if any(target.is_relative_to(other) for other in self._beside):
                return Ignored(path, "", ELSEWHERE)
            there = _OUT if os.path.lexists(target) else leads_to_nothing(target)
            return Failure(printable(path), _out(target) if folder else there)
        hidden = any(left_out(part) for part in target.relative_to(self._root).parts)
        if folder and (not hidden or target in self._followed):
            return Ignored(path, "", ELSEWHERE)
        self._followed.add(target)
        return None


_OUT = "is a link that leads out of the collection; copy the file"


def leads_to_nothing(target: Path) -> str:
    """What is wrong with a link whose file, resolved, is gone."""
    return f"is a link that leads to nothing: there is no {printable(target)!r}"


def _out(target: Path) -> str:
    named = f"name {printable(target)!r} as a source, too"
    return f"is a link to a folder outside the collection; to index it, {named}"


def walk(root: Path, beside: Sequence[Path] = (), excluded: Excluded = NOTHING) -> Iterator[Found]:
    """Everything in a folder and below it, keys in order, one at a time.

    Links to folders are followed only where nothing else leads there: into folders of the
    collection that are themselves passed over.

    Args:
        root: the folder; its own name is never a reason to pass it over.
        beside: other folders that are read as well; links into them need no following.
        excluded: what is left out; such folders are not walked into.
    """
    try:
        links = _Links(root.resolve(), [other.resolve() for other in beside])
    except (OSError, RuntimeError) as error:
        yield Failure(printable(root), f"cannot be followed: {error}")
        return
    # A stack, not recursion: folders may nest deeper than Python can recurse.
    stack = [iter(_entries(_Folder(root, "", frozenset(), frozenset()), links, excluded))]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
        elif isinstance(found, _Folder):
            stack.append(iter(_entries(found, links, excluded)))
        else:
            yield found


def _entries(folder: _Folder, links: _Links, excluded: Excluded) -> Iterator[Found | _Folder]:
    """What is in one folder; a folder sorts as its name with a slash: keys come in order."""
    try:
        status = os.stat(folder.path)
        with os.scandir(folder.path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name + "/" * _is_folder(entry))
    except OSError as error:
        yield Failure(printable(folder.path), f"cannot be listed: {error.strerror or error}")
        return
    me = (status.st_dev, status.st_ino)
    if me in folder.above:
        yield Ignored(folder.path, "", "folder inside itself")
        return
    if folder.key and {entry.name for entry in listed} >= INDEX_FILES:
        return
    above = folder.above | {me}
    known = known_suffixes()
    assets = folder.assets | materials(folder.path, [entry.name for entry in listed])
    for entry in listed:
        path, key = folder.path / entry.name, folder.key + entry.name
        try:
            passed = _passed_over(entry, path, key, assets, known)
            passed = passed or _excluded(entry, path, key, excluded)
            passed = passed or links.passed_over(entry, path)
            walked = passed is None and entry.is_dir()
        except OSError as error:
            yield Failure(printable(path), f"cannot be followed: {error.strerror or error}")
            continue
        if passed is not None:
            yield passed
        elif walked:
            yield _Folder(path, key + "/", above, assets)
        else:
            domain, category = declared(key)
            yield Source(path=path, key=key, domain=domain, category=category)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _passed_over(
    entry: os.DirEntry[str], path: Path, key: str, assets: frozenset[str], known: frozenset[str]
) -> Ignored | Failure | None:
    """Why an entry of a folder is no source and not walked into, None when it is.

    Raises:
        OSError: a link that leads to itself, or through a folder that may not be entered.
    """
    if not encodable(entry.name):
        return Failure(printable(path), "has a name that is not UTF-8; rename it")
    if _is_folder(entry):
        reason = left_out(entry.name)
        return Ignored(path, "", f"{reason} folder") if reason else None
    if not entry.name.startswith(".") and entry.is_dir():
        return None
    return file_passed_over(path, key, known, asset=entry.path in assets)


def file_passed_over(
    path: Path | str, key: str, known: frozenset[str], *, asset: bool
) -> Ignored | None:
    """Why a file is no source, None when it is one.

    Args:
        path: or its address.
        key: as its source would have it.
        known: suffixes that are read.
        asset: whether the material of a mesh names it.
    """
    name = PurePosixPath(key)
    suffix = name.suffix.lower()
    if name.name.startswith("."):
        return Ignored(path, suffix, "hidden")
    if key in MANIFESTS:
        return Ignored(path, suffix, "manifest")
    if asset or suffix == ".mtl":
        return Ignored(path, suffix, "material of a mesh")
    return None if suffix in known else Ignored(path, suffix, UNKNOWN)


def _excluded(entry: os.DirEntry[str], path: Path, key: str, excluded: Excluded) -> Ignored | None:
    """An entry that the user leaves out; a link to a folder counts as the folder."""
    folder = entry.is_dir()
    if not excluded.names(key, folder=folder):
        return None
    return Ignored(path, "", f"{EXCLUDED} folder") if folder else excluded_file(path)


def excluded_file(path: Path | str) -> Ignored:
    """A file that the user leaves out."""
    return Ignored(path, PurePosixPath(path).suffix.lower(), EXCLUDED)


def left_out(folder: str) -> str:
    """Why a folder of this name is passed over; empty when it is not."""
    if folder.lower() in SYSTEM_FOLDERS or _FOUND_BY_CHECKS.fullmatch(folder):
        return "system"
    return "hidden" if folder.startswith(".") else ""
