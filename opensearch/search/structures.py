"""The structures that callers name: built, kept in files, loaded when first used."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.errors import InvalidInput, StoreError, system_reason
from opensearch.search.backends import Backend, Place, Structure, named, on_request
from opensearch.search.protocol import CodeSource
from opensearch.search.view import View


class Structures:
    """Structures over the rows of a view, by domain and name of their backend."""

    def __init__(self, source: CodeSource, view: View, folder: Path | None) -> None:
        self._source = source
        self._view = view
        self._folder = folder
        self._held: dict[tuple[str, str, str], Structure] = {}
        self._guard = threading.Lock()
        self._known = self.built()

    def build(self, name: str, seed: int) -> dict[str, float]:
        """As `CodeSearch.build`."""
        backend, folder = named(name), self._folder
        if folder is None:
            raise InvalidInput(f"a search without files keeps no structure {name!r}; give it some")
        self._view.refresh()
        identity = self._source.meta().identity
        found = {}
        for domain in self._source.meta().domains:
            parts = self._view.rows([domain]).get(domain, [])
            if all(len(rows.ids) == len(rows.masked) for rows in parts):
                continue
            codes = np.concatenate([rows.codes for rows in parts])
            try:
                made = backend.build(Place(folder, domain, identity, name), codes, seed)
            except OSError as error:
                raise StoreError(
                    f"cannot write a structure to {str(folder)!r}: {system_reason(error)};"
                    " search without it, or free the disk and build it again."
                ) from error
            with self._guard:
                self._held[identity, domain, name] = made
            found[domain] = made.recall
        return found

    def built(self) -> list[str]:
        """Names of those that any domain has on disk."""
        return sorted({name for made in self._about().values() for name in made})

    def info(self) -> dict[str, dict[str, Any]]:
        """As `CodeSearch.info`."""
        exact = self._view.backends()
        return {
            domain: {"exact": exact.get(domain, "flat"), **made}
            for domain, made in self._about().items()
        }

    def recalls(self, name: str, domains: Sequence[str]) -> dict[str, float]:
        """As `CodeSearch.recalls`."""
        if named(name).exact:
            return {}
        made = self._about()
        return {d: made[d][name]["recall"] for d in domains if name in made.get(d, {})}

    def drop(self) -> None:
        """Remove all of them."""
        for domain in self._source.meta().domains:
            for place, backend in self._places(domain):
                backend.drop(place)
        with self._guard:
            self._held.clear()
        self._known = []

    def of(self, domains: Sequence[str], name: str) -> dict[str, Structure | None]:
        """The structure of each domain; `None` for one that is newer than it, or lost its own.

        Raises:
            InvalidInput: an unknown name, or one that was never built.
        """
        named(name)
        made = {domain: self._structure(domain, name) for domain in domains}
        if made and not any(made.values()) and name not in (*self._known, *self.built()):
            raise InvalidInput(
                f"{', '.join(map(repr, made))} has no structure {name!r}; make it with"
                f" `Engine.build_structure({name!r})`,"
                " or search without one"
            )
        return made

    def _structure(self, domain: str, name: str) -> Structure | None:
        identity = self._source.meta().identity
        with self._guard:
            made = self._held.get((identity, domain, name))
            if made is None and self._folder is not None:
                codes = self._view.base(domain)
                made = named(name).load(Place(self._folder, domain, identity, name), codes)
                if made is not None:
                    self._held[identity, domain, name] = made
        return made

    def _about(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the files say of each structure, by domain and name."""
        found = {}
        for domain in self._source.meta().domains:
            described = ((place.name, made.about(place)) for place, made in self._places(domain))
            found[domain] = {name: about for name, about in described if about is not None}
        return found

    def _places(self, domain: str) -> list[tuple[Place, Backend]]:
        if self._folder is None:
            return []
        identity = self._source.meta().identity
        return [
            (Place(self._folder, domain, identity, name), backend)
            for name, backend in on_request().items()
        ]
