"""The approximate structures of an index: built, kept in files, read when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.errors import InvalidInput
from opensearch.search import approximate, hamming
from opensearch.search.approximate import MAKERS, Structure
from opensearch.search.hamming import Codes, Distances, Ids, Mask, Rows
from opensearch.search.searcher import Searcher, Shells, held, padded
from opensearch.search.sources import CodeSource


class Structures:
    """Structures over the rows that a searcher sees, by domain and name."""

    def __init__(self, source: CodeSource, searcher: Searcher, folder: Path) -> None:
        self._source = source
        self._searcher = searcher
        self._folder = folder
        self._held: dict[tuple[str, str, str], Structure] = {}
        self._guard = threading.Lock()
        self._known = self.names()

    def build(self, name: str, seed: int = 0) -> dict[str, float]:
        """Build a structure for every domain that holds items, in place of the one before.

        Returns:
            Recall@10 against a flat search, by domain.

        Raises:
            InvalidInput: an unknown name.
            StoreError: the files cannot be written.
        """
        approximate.check_name(name)
        self._searcher.refresh()
        identity = self._source.meta().identity
        found = {}
        for domain in self._source.meta().domains:
            parts = [rows for part in self._searcher.rows([domain]) for rows in part]
            if all(len(rows.ids) == len(rows.masked) for rows in parts):
                continue
            made = approximate.build(np.concatenate([rows.codes for rows in parts]), name, seed)
            approximate.save(self._folder, domain, identity, made)
            with self._guard:
                self._held[identity, domain, name] = made
            found[domain] = made.recall
        return found

    def names(self) -> list[str]:
        """Structures that any domain has on disk."""
        return sorted({name for made in self.info().values() for name in made if name in MAKERS})

    def search(
        self,
        codes: Codes,
        domains: Sequence[str],
        k: int,
        name: str,
        *,
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """As `Searcher.search`, approximately; in order of (distance, id) all the same.

        What a filter lets pass is searched flat: a structure knows nothing of it. So is a domain
        that was not there yet when the structure was built.

        Raises:
            InvalidInput: an unknown name, or one that was never built.
        """
        queries = self._searcher.checked(codes, k)
        structures = self._built(domains, name)
        if within is not None:
            return self._searcher.search(queries, domains, k, exclude=exclude, within=within)
        parts = {domain: self._searcher.rows([domain], exclude) for domain in structures}
        there = min(k, sum(held(each) for each in parts.values()))
        found = [
            self._nearest(structures[domain], queries, rows, there)
            for domain, each in parts.items()
            for rows in each
            if there
        ]
        return padded(found, (len(queries), k))

    def shells(
        self,
        code: Codes,
        domains: Sequence[str],
        at_least: int,
        cap: int,
        name: str,
        *,
        within: Iterable[int] | Mask | None = None,
        exclude: Iterable[int] | None = None,
    ) -> Shells:
        """As `Searcher.shells`, approximately: `at_least` items, the last shell cut.

        What a filter lets pass is searched exactly.

        Raises:
            InvalidInput: an unknown name, or one that was never built.
        """
        if within is not None:
            self._built(domains, name)
            return self._searcher.shells(
                code, domains, at_least, cap, within=within, exclude=exclude
            )
        at_least = max(1, min(at_least, held(self._searcher.rows(domains, exclude))))
        found = self.search(code[None], domains, at_least, name, exclude=exclude)
        count = int(np.count_nonzero(found[1][0] >= 0))
        return Shells(found[0][0, :count], found[1][0, :count], sampled=False)

    def info(self) -> dict[str, dict[str, Any]]:
        """How each domain is searched: `exact`, and structures on disk by name.

        Of these rows, effort and recall@10.
        """
        books, tabled = self._source.meta(), self._searcher.tabled()
        return {
            domain: {
                "exact": f"multi-index over {tabled[domain]} rows" if domain in tabled else "flat",
                **{
                    name: known
                    for name in MAKERS
                    if (known := approximate.about(self._folder, domain, books.identity, name))
                },
            }
            for domain in books.domains
        }

    def recalls(self, name: str, domains: Sequence[str]) -> dict[str, float]:
        """Recall@10 of the structure of a name, by those of the domains that have it."""
        info = self.info()
        return {d: info[d][name]["recall"] for d in domains if name in info.get(d, {})}

    def drop(self) -> None:
        """Remove all structures."""
        for domain in self._source.meta().domains:
            for name in MAKERS:
                approximate.drop(self._folder, domain, name)
        with self._guard:
            self._held.clear()
        self._known = []

    def _nearest(
        self, made: Structure | None, queries: Codes, parts: list[Rows], k: int
    ) -> tuple[Distances, Ids]:
        if made is None:
            return hamming.nearest(queries, parts, k)
        return approximate.nearest(made, queries, parts, k)

    def _built(self, domains: Sequence[str], name: str) -> dict[str, Structure | None]:
        """The structure of each domain; `None` for one that is newer than it, or lost its own.

        Raises:
            InvalidInput: an unknown name, or one that nobody has built.
        """
        approximate.check_name(name)
        made = {domain: self._structure(domain, name) for domain in domains}
        if made and not any(made.values()) and name not in (*self._known, *self.names()):
            raise InvalidInput(
                f"{', '.join(map(repr, made))} has no structure {name!r}; make it with"
                f" Engine.build_structure({name!r}) or opensearch structure INDEX {name},"
                " or search without one"
            )
        return made

    def _structure(self, domain: str, name: str) -> Structure | None:
        identity = self._source.meta().identity
        with self._guard:
            made = self._held.get((identity, domain, name))
            if made is None:
                made = approximate.load(self._folder, domain, identity, name)
                if made is not None:
                    self._held[identity, domain, name] = made
        return made
