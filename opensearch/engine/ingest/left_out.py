"""Files that `add` skips because their items were removed with `ignore`.

They stand in `ignored.jsonl` of the index, a line a file with its key and its path, and stay there
through compactions. In a folder the file may be edited by hand while nobody writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from opensearch.domains.collections.layout import placed
from opensearch.engine.filters.comparing import is_below
from opensearch.engine.filters.finding import rooted
from opensearch.engine.lifecycle.layout import IGNORED
from opensearch.engine.lifecycle.places import Place
from opensearch.errors import StoreError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IgnoredFile:
    """A file left out: the key its item had, and its path with the `#n` of a drawing."""

    key: str
    path: str


def read(index: Place) -> dict[str, IgnoredFile]:
    """What an index leaves out, by path.

    Raises:
        StoreError: the list cannot be read; the text names the line.
    """
    file, found = f"{index.path}/{IGNORED}", {}
    for number, line in enumerate(index.read_ignored().splitlines(), start=1):
        try:
            fields = json.loads(line or b"{}")
            if fields:
                found[fields["path"]] = IgnoredFile(str(fields["key"]), str(fields["path"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(
                f"{file}, line {number}, names no file to ignore ({error!r}); mend the line or"
                " delete it"
            ) from error
    return found


def add(index: Place, files: Iterable[IgnoredFile]) -> None:
    """Also leave out these; entries without a path are skipped. For the process that writes.

    Raises:
        StoreError: the list cannot be written.
    """
    known = read(index)
    fresh = {file.path: file for file in files if file.path}
    if fresh.keys() - known.keys():
        _write(index, {**known, **fresh}.values())


def add_with(
    index: Place,
    files: Iterable[IgnoredFile],
    work: Callable[[], T],
    undone: Callable[[], bool],
) -> T:
    """Leave out these, too, and do the work that belongs to it: both, or neither.

    Killed in between, the files are left out and the same call does the work.

    Args:
        index: where it lies.
        files: as of `add`.
        work: what may fail.
        undone: whether work that failed has changed nothing.

    Raises:
        StoreError: the list cannot be written; the work was not begun.
    """
    with index.keeping_ignored() as put_back:
        add(index, files)
        try:
            return work()
        except BaseException:
            if undone():
                put_back()
            raise


def forget(index: Place, names: Iterable[str], folder: str | Path | None = None) -> set[str]:
    """Leave out some no longer; for the process that writes.

    Args:
        index: where it lies.
        names: keys their items had, or paths.
        folder: all whose files lie in it.

    Returns:
        The names that were found, and the paths of what was found in the folder.

    Raises:
        StoreError: the list cannot be read or written.
    """
    known = read(index)
    if not known:
        return set()
    wanted = {name: name for name in names} | {str(placed(Path(name))): name for name in names}
    below = None if folder is None else rooted(folder)
    found, kept = set(), []
    for file in known.values():
        name = wanted.get(file.key) or wanted.get(file.path)
        if name is None and below is not None and is_below(file.path, below):
            name = file.path
        if name is None:
            kept.append(file)
        else:
            found.add(name)
    if found:
        _write(index, kept)
    return found


def _write(index: Place, files: Iterable[IgnoredFile]) -> None:
    lines = [json.dumps(asdict(file), ensure_ascii=False) + "\n" for file in files]
    index.write_ignored("".join(lines).encode())
