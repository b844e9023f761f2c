"""Which items are for training and which for tests; copies of one file are on one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from opensearch.domains.collections.catalog import digest, fingerprint
from opensearch.errors import UnreadableFile
from opensearch.records import Source

Group: TypeAlias = tuple[str, str]
"""Domain and category."""


class Draw:
    """Says of each item, by its key, whether it is for training, for tests, or unseen.

    Copies of an unseen item are never for training: in another category they are for tests.
    """

    def __init__(self, sources: Sequence[Source], unseen: set[str], share: float) -> None:
        """Sort out what needs no draw.

        Args:
            sources: the items, with domains and categories.
            unseen: categories that nothing is trained on.
            share: of the items of each domain and category that is for tests.
        """
        self._groups: dict[Group, list[str]] = defaultdict(list)
        for source in sources:
            self._groups[_group(source)].append(source.key)
        self._unseen = unseen
        self._wanted = {group: round(share * len(keys)) for group, keys in self._groups.items()}
        self._tests: Counter[Group] = Counter()
        self.splits = {s.key: "unseen" for s in sources if s.category in unseen}
        alike = _copies(sources) if unseen or share else [[source] for source in sources]
        self._copies = {source.key: each for each in alike for source in each}
        self.leaked: list[str] = []
        """Keys of the items of other categories that are copies of unseen ones."""
        for each in alike:
            known = [source.key in self.splits for source in each]
            if any(known) and not all(known):
                self.leaked += [source.key for source in each if source.key not in self.splits]
                self._put(each, "test")

    def run(self, rng: np.random.Generator) -> dict[str, str]:
        """Draw the tests of each domain and category.

        One content at least stays for training, of those that are no copies of unseen ones.
        """
        for group, keys in sorted(self._groups.items()):
            if group[1] not in self._unseen:
                self._draw(group, keys, rng)
        return self.splits

    def _draw(self, group: Group, keys: Sequence[str], rng: np.random.Generator) -> None:
        firsts = {self._copies[key][0].key: key for key in keys if key not in self.splits}
        apart = [self._copies[key] for key in firsts]
        stay = not any(self.splits.get(key) == "train" for key in keys)
        drawn = rng.permutation(len(apart) if self._wanted[group] else 0).tolist()
        for place in drawn[: max(len(apart) - stay, 0)]:
            if self._fits(apart[place]):
                self._put(apart[place], "test")
        for each in apart:
            self._put(each, "train")

    def _fits(self, copies: Iterable[Source]) -> bool:
        """Whether all these can be for tests, and no domain and category loses its last item."""
        return all(
            self._tests[group] + more <= min(self._wanted[group], len(self._groups[group]) - 1)
            for group, more in Counter(map(_group, copies)).items()
        )

    def _put(self, copies: Iterable[Source], split: str) -> None:
        """Put those of them on a side that are on none."""
        for source in copies:
            if source.key not in self.splits:
                self.splits[source.key] = split
                self._tests[_group(source)] += split == "test"


def _group(source: Source) -> Group:
    return source.domain or "", source.category or ""


def _copies(sources: Iterable[Source]) -> list[list[Source]]:
    """The items by their content, in order of the first of each."""
    sizes = {source.key: _size(source) for source in sources}
    times = Counter(sizes.values())
    found: dict[object, list[Source]] = defaultdict(list)
    for source in sources:
        found[_content(source, sizes[source.key], times)].append(source)
    return list(found.values())


def _size(source: Source) -> int | None:
    """Bytes of a file; `None` for a drawing in one, and where they cannot be told."""
    try:
        return fingerprint(source.path)[0] if source.part is None else None
    except UnreadableFile:
        return None


def _content(source: Source, size: int | None, times: Mapping[int | None, int]) -> object:
    """What copies have in common; a file that is alone of its size need not be read."""
    if size is not None and times[size] == 1:
        return source.key
    try:
        return digest(source)
    except UnreadableFile:  # whoever reads it says why
        return source.key
