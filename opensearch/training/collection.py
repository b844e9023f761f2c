"""The training files of collections, by domain, with one spelling for each category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from opensearch.config import check_domain
from opensearch.domains.collections.catalog import read_collection
from opensearch.errors import InvalidInput, UnknownWord
from opensearch.progress import Failed, Note, unheard
from opensearch.records import Source
from opensearch.semantic.names import normalise


@dataclass(frozen=True)
class TrainingPart:
    """The files to train on.

    Attributes:
        domains: labelled sources by domain, sorted by name; a category is spelt one way.
        unseen: categories left out everywhere, because one collection holds them as unseen.
    """

    domains: dict[str, list[Source]]
    unseen: list[str]

    @property
    def categories(self) -> list[str]:
        """Categories with files in any domain, sorted."""
        return categories_of(source for part in self.domains.values() for source in part)

    def keep(self, categories: Iterable[str]) -> TrainingPart:
        """The same part with files of these categories only; emptied domains are dropped."""
        wanted = set(categories)
        kept = {
            domain: [source for source in sources if source.category in wanted]
            for domain, sources in self.domains.items()
        }
        return TrainingPart({d: part for d, part in kept.items() if part}, self.unseen)

    def with_vectors(self, missing: Sequence[str], note: Note) -> TrainingPart:
        """The same part without the categories that have no prototype, which are named.

        Raises:
            UnknownWord: no category has one.
        """
        if len(missing) == len(self.categories):
            raise UnknownWord(
                f"none of the {len(missing)} categories ({', '.join(missing[:5])}, ...) has a"
                " vector; choose another space.provider"
            )
        if missing:
            shown = ", ".join(missing[:8]) + (", ..." if len(missing) > 8 else "")
            note(f"{len(missing)} of {len(self.categories)} categories have no vector: {shown}")
        return self.keep(set(self.categories) - set(missing))


def training_part(
    folders: Sequence[Path],
    domain: str | None = None,
    exclude: Sequence[str] = (),
    omit: Sequence[str] = (),
    rename: Mapping[str, Mapping[str, str]] | None = None,
    failed: Failed = unheard,
) -> TrainingPart:
    """Collect what `split` calls train (or everything, where nothing declares a split).

    A category that is `unseen` in one collection is left out of all. A category that is spelt
    in several ways (`alarm_clock`, `Alarm Clock`) gets the first spelling found.

    Args:
        folders: collections, see `domains.collections.catalog`.
        domain: keep this domain alone.
        exclude: categories to leave out beside those, in any spelling.
        omit: patterns (`openmoji-*`) of names of files to leave out.
        rename: other names for the domains of a collection, by the name of its folder.
        failed: called with what was to be a file of a collection and cannot be.

    Raises:
        InvalidInput: nothing labelled to train on, most of a collection cannot be read, or a name
            that no domain can have.
    """
    found = [
        _renamed(source, (rename or {}).get(folder.resolve().name, {}))
        for folder in folders
        for source in read_collection(folder, failed)
        if not any(fnmatch(source.path.name, pattern) for pattern in omit)
    ]
    labelled = [source for source in found if source.domain and source.category]
    unseen = {normalise(s.category) for s in labelled if s.category and s.split == "unseen"}
    unseen |= {normalise(name) for name in exclude}
    kept: dict[str, list[Source]] = {}
    spelling: dict[str, str] = {}
    for source in labelled:
        name = normalise(source.category or "")
        if source.split not in (None, "train") or name in unseen:
            continue
        if source.domain and domain in (None, source.domain):
            category = spelling.setdefault(name, source.category or "")
            kept.setdefault(source.domain, []).append(replace(source, category=category))
    if not kept:
        raise _nothing(folders, found, labelled, domain)
    for name in kept:
        check_domain(name)
    return TrainingPart(dict(sorted(kept.items())), sorted(unseen))


def _renamed(source: Source, names: Mapping[str, str]) -> Source:
    return replace(source, domain=names.get(source.domain or "", source.domain))


def _nothing(
    folders: Sequence[Path], found: list[Source], labelled: list[Source], domain: str | None
) -> InvalidInput:
    """An error that says what there is, as there is nothing to train on."""
    domains = sorted({source.domain for source in labelled if source.domain})
    splits = sorted({source.split for source in labelled if source.split})
    return InvalidInput(
        f"nothing to train on in {', '.join(map(str, folders))}: {len(found)} files,"
        f" {len(labelled)} with a domain and a category"
        + (f", of domains {', '.join(domains)}; {domain!r} was asked for" if domain else "")
        + (f", of splits {', '.join(splits)}; `train` is wanted" if splits else "")
        + ". Lay them out as DIR/<domain>/<category>/<file> or give a split.csv"
    )


def categories_of(sources: Iterable[Source]) -> list[str]:
    """Sorted categories of sources."""
    return sorted({source.category for source in sources if source.category})
