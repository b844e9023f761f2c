"""Search backends: the ways to search the codes of a domain, by name.

To add one, write a module with a `Backend` and give it a line here: the choices, help and errors
of the command line, the checks of the API, `info` and the rebuild of `compact` follow.
"""

from __future__ import annotations

from opensearch.errors import InvalidInput
from opensearch.search.backends.approximate import Hnsw, Ivf
from opensearch.search.backends.backend import Backend, Place, Structure
from opensearch.search.backends.flat import Flat
from opensearch.search.backends.multi_index import MultiIndex

__all__ = ["BACKENDS", "Backend", "Place", "Structure", "automatic", "named", "on_request"]

BACKENDS: dict[str, Backend] = {
    "flat": Flat(),
    "multi-index": MultiIndex(),
    "hnsw": Hnsw(),
    "ivf": Ivf(),
}
"""Of the automatic ones the last that has a structure searches a domain."""


def automatic() -> dict[str, Backend]:
    """Those that the engine builds and uses by itself."""
    return {name: backend for name, backend in BACKENDS.items() if backend.automatic}


def on_request() -> dict[str, Backend]:
    """Those that a caller builds and searches by name."""
    return {name: backend for name, backend in BACKENDS.items() if not backend.automatic}


def named(name: str) -> Backend:
    """The backend that a caller has named.

    Raises:
        InvalidInput: there is none of that name.
    """
    found = on_request()
    if name not in found:
        raise InvalidInput(f"unknown structure {name!r}; known: {', '.join(found)}")
    return found[name]
