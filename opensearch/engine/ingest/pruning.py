"""Removing items whose files are gone, unless so many are gone that nobody can have meant it.

A disk that is not mounted looks like a folder whose files were all removed. Pruning is therefore
refused where a source has lost all or most of its items, or where a folder that held more than one
is empty now except for hidden or system files. `force` prunes all the same. A folder that is itself
gone is taken to have been removed on purpose.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from opensearch.domains.collections.layout import placed
from opensearch.domains.collections.walk import left_out
from opensearch.engine.filters.comparing import is_below
from opensearch.engine.ingest.whereabouts import file_of, is_there
from opensearch.errors import Refused
from opensearch.records import is_address
from opensearch.remote import Root, addresses_below
from opensearch.store import Store

Prune = bool | Literal["force"]
"""Whether to remove items whose files are gone; `"force"`: even if they are most of the items."""

EMPTIED = 2
"""An empty folder that held at least so many items is taken for a disk that is not mounted."""


@dataclass(slots=True)
class Gone:
    """Items whose files under the sources are gone.

    `keys` are theirs; `held` and `lost` count items by source, `emptied` those that are gone by
    their folder. Items of the run at hand are counted in `fresh`, not in `held`: new files on
    another disk in the same place do not make up for those that are gone.
    """

    keys: list[str] = field(default_factory=list)
    held: Counter[Root] = field(default_factory=Counter)
    fresh: Counter[Root] = field(default_factory=Counter)
    lost: Counter[Root] = field(default_factory=Counter)
    emptied: Counter[Path] = field(default_factory=Counter)

    def refusal(self, replaced: int = 0) -> str | None:
        """Why these are not removed unless by force, `None` where they may be.

        Args:
            replaced: how many of the fresh items were there before the run.
        """
        for root, lost in self.lost.items():
            held = self.held[root] + min(self.fresh[root], replaced)
            if 2 * lost > held:
                return (
                    f"the files of {lost} of the {held} items of {root} are gone, as if its disk"
                    " were not mounted"
                )
        for folder, lost in self.emptied.items():
            if lost >= EMPTIED and _is_empty(folder):
                return (
                    f"{folder} is empty but held {lost} items, as if its disk were not mounted"
                    " (if it is not a mount point, remove the folder, too)"
                )
        return None


def gone(
    store: Store, roots: Sequence[Root], moved: Container[int] = (), before: int | None = None
) -> Gone:
    """The items whose files under the roots are gone; a root that is gone itself has none.

    Args:
        store: what holds them.
        roots: the sources looked at.
        moved: ids of items whose files lie elsewhere now.
        before: the first id of the run at hand, `None` for none.

    Raises:
        InvalidInput: a root is an address, and what lies there cannot be listed.
    """
    found = Gone()
    here = [placed(root) for root in roots if isinstance(root, Path) and is_there(root)]
    elsewhere = [root for root in roots if isinstance(root, str)]
    lying = {address for root in elsewhere for address in addresses_below(root)}
    for item in store.walk():
        remote, file = is_address(item.path), placed(file_of(item))
        above: list[Any] = (
            [root for root in elsewhere if is_below(item.path, root)]
            if remote
            else [place for place in here if item.path and file.is_relative_to(place)]
        )
        if not above:
            continue
        fresh = before is not None and item.id >= before
        (found.fresh if fresh else found.held).update(above)
        if item.id not in moved and not (item.path in lying if remote else is_there(file)):
            found.keys.append(item.key)
            found.lost.update(above)
            if not remote:
                found.emptied.update(_folders(file, above))
    return found


def prune(store: Store, roots: Sequence[Root], *, force: bool, before: int, replaced: int) -> int:
    """Remove the items whose files under the roots are gone; return how many there were.

    Args:
        store: what holds them.
        roots: the sources looked at.
        force: remove them however many they are.
        before: the first id that the run at hand gave.
        replaced: how many items it stored anew.

    Raises:
        Refused: they are all of a source or most of it, and `force` was not asked for; nothing
            was removed.
    """
    found = gone(store, roots, before=before)
    reason = None if force else found.refusal(replaced)
    if reason is not None:
        raise Refused(
            f"not pruned: {reason}. Mount it and repeat, or remove these items with"
            " `prune='force'`; `dry_run=True` shows the counts. Nothing was removed."
        )
    return store.remove(found.keys)


def _folders(file: Path, places: Sequence[Path]) -> Iterator[Path]:
    """The folders of a file, up to the source it lies in."""
    for folder in file.parents:
        if not any(folder.is_relative_to(place) for place in places):
            return
        yield folder


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return all(entry.name.startswith(".") or left_out(entry.name) for entry in entries)
    except OSError:
        return False
