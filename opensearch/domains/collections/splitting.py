"""Splitting a collection for training: whole categories to `unseen`, single items to `test`.

The split is written as `split.csv` beside the files, which every verb reads from then on; see
`manifest`. The same seed splits the same files alike.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.collections.manifest import find_manifest
from opensearch.domains.collections.train_test import Draw
from opensearch.domains.files import printable
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.records import Failure, Source
from opensearch.spelling import hint

TABLE: Final = "split.csv"
_FIELDS: Final = ("path", "domain", "category", "split")


@dataclass(frozen=True)
class Split:
    """How a collection is split.

    Attributes:
        rows: path, domain, category and split of each labelled item, in order of path.
        unseen: the unseen categories.
        notes: remarks for the user.
        failures: what should be an item and cannot be; it is in no split.
    """

    rows: list[tuple[str, str, str, str]]
    unseen: list[str]
    notes: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def counts(self) -> dict[str, dict[str, int]]:
        """Items by split and domain."""
        found = Counter((split, domain) for _, domain, _, split in self.rows)
        splits = [name for name in ("train", "test", "unseen") if any(s == name for s, _ in found)]
        domains = sorted({domain for _, domain in found})
        return {split: {name: found[split, name] for name in domains} for split in splits}

    def to_dict(self) -> dict[str, Any]:
        """Counts, unseen categories, notes and failures as plain JSON types."""
        failures = [asdict(failure) for failure in self.failures]
        told = {"notes": self.notes, "failures": failures}
        return {"counts": self.counts(), "unseen": self.unseen, **told}


def split_collection(
    root: Path,
    test: float = 0.2,
    unseen: float = 0.1,
    categories: Sequence[str] = (),
    seed: int = 0,
    *,
    write: bool = True,
) -> Split:
    """Split a collection, and write that beside its files.

    Args:
        root: DIR/<domain>/<category>/<file>, without a manifest.
        test: share of the items of each domain and category that is for tests, 0 to .9; one at
            least stays for training. Copies of one file, wherever they lie, are all for training
            or all for tests; those of an unseen file are for tests where they are not unseen,
            whatever the share.
        unseen: share of the categories that nothing is trained on, 0 to .9, drawn from those that
            every domain holds, where there are any.
        categories: these are unseen, and none is drawn.
        seed: of the random draws.
        write: make the table; else only say what it would hold.

    Raises:
        InvalidInput: no such collection, one of which most cannot be read, a share or category that
            cannot be, too few categories that share, nothing left to train on, or a table that is
            there already or cannot be written.
    """
    for name, share in (("test", test), ("unseen", unseen)):
        if not (math.isfinite(share) and 0 <= share <= 0.9):
            raise InvalidInput(f"`{name}` is a share from 0 to .9, got {share}")
    notes: list[str] = []
    failures: list[Failure] = []
    labelled = _labelled(root, notes, failures)
    rng = np.random.default_rng(seed)
    names = _unseen(labelled, unseen, categories, rng, notes)
    splits = _splits(labelled, set(names), test, rng, notes)
    rows = sorted((s.key, s.domain or "", s.category or "", splits[s.key]) for s in labelled)
    split = Split(rows, names, notes, failures)
    if "test" not in split.counts() and "train" not in split.counts():
        raise InvalidInput("every category would be unseen: name fewer")
    if "train" not in split.counts():
        raise InvalidInput(
            "nothing is left to train on: every file outside of the unseen categories is a copy of"
            " one in them; leave others unseen"
        )
    if write:
        _write(root / TABLE, rows)
    return split


def _labelled(root: Path, notes: list[str], failures: list[Failure]) -> list[Source]:
    """The files of a collection that have a category, where nothing says yet what they are for."""
    before = find_manifest(root) if root.is_dir() else None
    if before is not None:
        raise InvalidInput(
            f"{printable(before)} already says what each file is for, and was left as it is; move"
            " it away to split again"
        )
    found = read_collection(root, failures.append)
    labelled = [source for source in found if source.domain and source.category]
    if not labelled:
        raise InvalidInput(
            f"collection {printable(root)!r} has no categories: they are the folders of"
            f" <domain>/<category>/<file>{_above(root, found)}"
        )
    if len(labelled) < len(found):
        notes.append(f"{len(found) - len(labelled)} files without a category are left out")
    return labelled


def _above(root: Path, found: Sequence[Source]) -> str:
    """A hint at the folder above, if the given one seems to be the folder of a domain."""
    if not all(len(PurePosixPath(source.key).parts) == 2 for source in found):
        return ""
    return f"; if {root.resolve().name} is a domain, give the folder above it"


def _unseen(
    sources: Sequence[Source],
    share: float,
    named: Sequence[str],
    rng: np.random.Generator,
    notes: list[str],
) -> list[str]:
    """The unseen categories, sorted."""
    domains: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        domains[source.category or ""].add(source.domain or "")
    for name in named:
        if name not in domains:
            meant = hint(name, domains, "categories")
            raise InvalidInput(f"the collection has no category {name!r}{meant}")
    if named or not share:
        return sorted(set(named))
    every = set().union(*domains.values())
    shared = sorted(name for name, held in domains.items() if held == every)
    if not shared:
        notes.append("no category is in every domain: unseen ones are drawn from all")
        shared = sorted(domains)
    count = min(max(1, round(share * len(domains))), len(shared), len(domains) - 1)
    return sorted(rng.permutation(shared)[:count].tolist())


def _splits(
    sources: Sequence[Source],
    unseen: set[str],
    share: float,
    rng: np.random.Generator,
    notes: list[str],
) -> dict[str, str]:
    """The split of each item, by its key."""
    draw = Draw(sources, unseen, share)
    if draw.leaked:
        notes.append(
            "files in other categories with copies in unseen ones are for tests, so that nothing"
            f" unseen is trained on: {len(draw.leaked)}"
        )
    return draw.run(rng)


def _write(file: Path, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Make the table; another's is never replaced."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_FIELDS, *rows])
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(text.getvalue())
    except FileExistsError:
        raise InvalidInput(f"{printable(file)} is there already; move it away first") from None
    except OSError as error:
        file.unlink(missing_ok=True)
        raise unwritable(error)(
            f"{printable(file)} cannot be written: {system_reason(error)}"
        ) from error
