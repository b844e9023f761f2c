"""Where an index may lie: a folder, or an address of another kind; `PLACES` lists the kinds.

All other code works with any place: `located` parses what a caller gives, and `kind_of` gives the
functions that make and open indexes there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.openvino import Precision
from opensearch.engine.lifecycle import folder, layout, mending, milvus_place
from opensearch.engine.lifecycle.compacting import Compacted, compact
from opensearch.errors import InvalidInput
from opensearch.records import Address, Where
from opensearch.search import CodeSearch
from opensearch.store import Store

_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/{2,3}(?P<rest>.*)", re.DOTALL)


class Place(Protocol):
    """An index where it lies: all it consists of besides its items, and access to these."""

    @property
    def path(self) -> Where:
        """Its folder or address."""

    @property
    def identities(self) -> Mapping[str, str]:
        """Of the model that made it."""

    @property
    def precision(self) -> Precision:
        """Of the backbones its items were encoded by."""

    @property
    def graphs(self) -> Mapping[str, str]:
        """Sums of the model's graphs."""

    @property
    def generation(self) -> str:
        """The name of the store that is the current one."""

    def mark(self) -> tuple[int, int]:
        """A value that changes whenever the generation does; cheap."""

    def open_model(self, given: Path | None = None) -> Bundle:
        """The model inside, or another that is given, to work as this index does."""

    def create_store(self, bits: int, dim: int) -> None:
        """Make the empty store of a new index."""

    def open_store(self, generation: str | None = None, *, readonly: bool = False) -> Store:
        """The store of a generation, the current one by default."""

    def searcher(self, store: Store) -> CodeSearch:
        """What searches the codes of a store."""

    def finish(self, bundle: Bundle) -> None:
        """Write the manifest, which makes this an index of the model inside it."""

    def drop_search_files(self, identity: str) -> None:
        """Remove derived files of all stores but one."""

    def forget_derived(self) -> None:
        """Remove everything that is derived and made anew by itself."""

    def read_ignored(self) -> bytes:
        """The list of files that `add` passes over."""

    def write_ignored(self, raw: bytes) -> None:
        """Write that list."""

    def keeping_ignored(self) -> AbstractContextManager[Callable[[], None]]:
        """What puts that list back as it is now, within the block."""


@dataclass(frozen=True)
class Kind:
    """Who makes, opens and keeps indexes of one kind of place.

    Attributes:
        is_index: whether an index lies there.
        check_free: refuse a place where none can be made.
        create: lay out a new index around a model; store and manifest come later.
        building: the same, for an index that is there only once all of it is.
        open: an index that is there.
        adopt: replace its model by another that fits.
        problems: what is wrong around its store, and what is left after repair.
        model_problems: what is wrong with its model.
        compact: drop removed items for good.
    """

    is_index: Callable[[Any], bool]
    check_free: Callable[[Any], None]
    create: Callable[[Any, Bundle, Precision], Place]
    building: Callable[[Any, Bundle, Precision], AbstractContextManager[Place]]
    open: Callable[[Any], Place]
    adopt: Callable[[Any, Bundle], None]
    problems: Callable[[Any, bool], tuple[list[str], list[str]]]
    model_problems: Callable[[Any], list[str]]
    compact: Callable[[Any, Store, Sequence[str]], Compacted]


FOLDER: Final = Kind(
    is_index=layout.is_index,
    check_free=layout.check_free,
    create=folder.IndexFolder.create,
    building=folder.building,
    open=folder.IndexFolder.open,
    adopt=mending.adopt,
    problems=mending.check_folder,
    model_problems=mending.model_problems,
    compact=compact,
)

_MILVUS: Final = Kind(
    is_index=milvus_place.is_index,
    check_free=milvus_place.check_free,
    create=milvus_place.MilvusPlace.create,
    building=milvus_place.building,
    open=milvus_place.MilvusPlace.open,
    adopt=milvus_place.adopt,
    problems=milvus_place.problems,
    model_problems=milvus_place.model_problems,
    compact=milvus_place.compact,
)

PLACES: Final[dict[str, tuple[Kind, Callable[[Address], None]]]] = {
    "milvus": (_MILVUS, milvus_place.refuse_wrong),
    "milvuss": (_MILVUS, milvus_place.refuse_wrong),
}
"""Kinds of places by the scheme of their addresses, and what refuses an address that cannot be."""


def located(given: str | Path) -> Where:
    """What a caller has named: an address where it begins with a scheme, else a folder.

    Raises:
        InvalidInput: an unknown scheme, or an address that cannot be.
    """
    found = _ADDRESS.fullmatch(given) if isinstance(given, str) else None
    if found is None or not isinstance(given, str):
        return Path(given)
    scheme = found[1].lower()
    if scheme not in PLACES:
        raise InvalidInput(
            f"an index lies in a folder or at {', '.join(f'{name}://' for name in PLACES)}, got"
            f" {given!r}"
        )
    authority, _, path = given[len(scheme) + 3 :].partition("/")
    address = Address(scheme, authority, path.rstrip("/"))
    PLACES[scheme][1](address)
    return address


def kind_of(where: Where) -> Kind:
    """Who makes and opens indexes there."""
    return PLACES[where.scheme][0] if isinstance(where, Address) else FOLDER


def is_index(where: Where) -> bool:
    """Whether an index lies there."""
    return kind_of(where).is_index(where)


def open_place(where: Where) -> Place:
    """The index that lies there.

    Raises:
        StoreError: there is none, or it is damaged or of a newer format.
    """
    return kind_of(where).open(where)
