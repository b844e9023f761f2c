"""What curves are fitted on: files of categories that models were kept from, and their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from opensearch.domains.collections.catalog import read_collection
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput
from opensearch.experiments.asking import Asked, asking
from opensearch.experiments.embedded import WHOLE, embed_sources
from opensearch.model import Model
from opensearch.progress import Failed, Progress
from opensearch.records import Failure, Names, Source
from opensearch.semantic import normalise
from opensearch.spelling import hint
from opensearch.training.cache import cache_folder


@dataclass(frozen=True)
class Calibrating:
    """What curves are fitted on.

    Attributes:
        models: bundles of one recipe; what all of them found is put together.
        data: labelled collections.
        split: of the collections whose files count, `all` for every file.
        into: the bundle that the curves are written into; the one model when `None`.
        exclude: categories to leave out, in any spelling.
        omit: patterns (`openmoji-*`) of names of files to leave out.
        rename: other names for the domains of a collection, by the name of its folder.
        first: hits of a query that are looked at.
        files: of a category and a domain at most.
        kinds: of things in the collection that probabilities are for.
        seed: of which files count.
    """

    models: Sequence[Path]
    data: Sequence[Path]
    split: str = "train"
    into: Path | None = None
    exclude: Names = ()
    omit: Names = ()
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    first: int = 10
    files: int = 20
    kinds: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("exclude", "omit"):
            object.__setattr__(self, name, must.texts(name, getattr(self, name)))
        for name in ("models", "data"):
            object.__setattr__(self, name, must.paths(name, getattr(self, name)))
        if not self.models or not self.data:
            raise InvalidInput("a calibration wants a model and a collection (`data`)")
        if len(self.models) > 1 and self.into is None:
            raise InvalidInput(
                f"curves of {len(self.models)} models: `into` says which bundle they are for"
            )


def sides_of(
    model: Model,
    wanted: Calibrating,
    progress: Progress,
    failures: list[Failure],
    *,
    unknown: bool = True,
) -> tuple[dict[str, Asked], Asked]:
    """What asks and is searched: items by domain, and words for the categories that ask.

    Args:
        model: what embeds them.
        wanted: which files.
        progress: of reading them.
        failures: takes each file that cannot be read.
        unknown: leave out categories that the model was trained on.

    Raises:
        InvalidInput: none asks, or most of a domain or a collection cannot be read.
    """
    known = {normalise(name) for name in model.bundle.card.categories} if unknown else set()
    sources = [
        source
        for source in labelled(wanted, failures.append)
        if source.domain in model.bundle.domains and source.category not in known
    ]
    if not sources:
        raise InvalidInput(
            f"{', '.join(map(str, wanted.data))}: no files in split {wanted.split!r} of categories"
            f" that {model.bundle.folder} was not trained on, in domains"
            f" {', '.join(model.bundle.domains)}. Train a model of the same recipe with some"
            " categories left out (by exclude in its config), and give that one, with `into`"
        )
    items = {}
    for domain, own in few_of_each(sources, wanted.files, wanted.seed).items():
        kept, rows, unread = embed_sources(model.bundle, domain, own, cache_folder(), progress)
        items[domain] = (rows, [source.category or "" for source in kept])
        failures += unread
    return asking(model, items, {source.category or "" for source in sources})


def few_of_each(sources: Sequence[Source], count: int, seed: int) -> dict[str, list[Source]]:
    """At most `count` files of each category in each domain, by chance; by domain."""
    groups: dict[tuple[str, str], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.domain or "", source.category or ""), []).append(source)
    rng = np.random.default_rng(seed)
    kept: dict[str, list[Source]] = {}
    for (domain, _), own in sorted(groups.items(), key=lambda group: group[0]):
        chosen = np.sort(rng.permutation(len(own))[:count])
        kept.setdefault(domain, []).extend(own[row] for row in chosen)
    return kept


def labelled(wanted: Calibrating, failed: Failed | None = None) -> list[Source]:
    """The files that count, their categories in one spelling.

    What is `unseen` in any of the collections stays out of the other splits, as in training. For
    `failed` see `read_collection`.

    Raises:
        InvalidInput: a collection has no splits, or none has this one.
    """
    found = []
    for folder in wanted.data:
        names = wanted.rename.get(folder.resolve().name, {})
        own = [s for s in read_collection(folder, failed) if s.domain and s.category]
        _check_splits(folder, own, wanted.split)
        for source in own:
            domain = names.get(source.domain or "", source.domain)
            category = normalise(source.category or "")
            found.append(replace(source, domain=domain, category=category))
    _check_split(found, wanted.split)
    out = {normalise(name) for name in wanted.exclude}
    if wanted.split not in ("unseen", WHOLE):
        out |= {source.category or "" for source in found if source.split == "unseen"}
    return [
        source
        for source in found
        if wanted.split in (WHOLE, source.split or WHOLE)
        and source.category not in out
        and not any(fnmatch(source.path.name, pattern) for pattern in wanted.omit)
    ]


def _check_splits(folder: Path, own: Sequence[Source], split: str) -> None:
    """Refuse a collection of which no file has a split: all of it would stay out unsaid."""
    if own and split != WHOLE and not any(source.split for source in own):
        raise InvalidInput(
            f"collection {folder} has no split {split!r}: nothing says which split its files are"
            f" in; `split={WHOLE!r}` takes every file, and `split_collection(DIR)` makes splits"
        )


def _check_split(found: Sequence[Source], split: str) -> None:
    """Refuse a split that none of the collections has."""
    names = sorted({source.split for source in found if source.split})
    if names and split not in (WHOLE, *names):
        raise InvalidInput(
            f"there is no split {split!r}; the collections have {', '.join(names)}, and {WHOLE!r}"
            f" is every file{hint(split, names, 'splits')}"
        )
