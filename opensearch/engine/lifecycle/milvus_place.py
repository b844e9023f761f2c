"""An index in Milvus: its manifest and model beside its items, and a cache of the model here.

The model's files lie in the books' collection in pieces, each named by its sha256. Whoever opens
the index fetches those that its cache lacks; OPENSEARCH_CACHE names the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opensearch.encoders import integrity
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import CARD
from opensearch.encoders.openvino import PRECISIONS, Precision
from opensearch.engine.lifecycle.fetching import cache_of, fetch
from opensearch.engine.lifecycle.matching import check_fits
from opensearch.errors import BundleError, InvalidInput, StoreError
from opensearch.milvus import (
    Connection,
    MilvusSearch,
    MilvusStore,
    connect,
    refuse_wrong,
    schema,
    was_never_filled,
)
from opensearch.milvus.books import Shelf
from opensearch.milvus.files import write_file
from opensearch.records import Address
from opensearch.search import CodeSearch
from opensearch.store import Store

if TYPE_CHECKING:
    from opensearch.engine.lifecycle.compacting import Compacted

__all__ = ["MilvusPlace", "refuse_wrong"]

FORMAT: Final = 1
MANIFEST, IGNORED = "manifest", "ignored"


@dataclass(frozen=True)
class MilvusPlace:
    """What an index in Milvus is made of beside its items; keeps the `Place` protocol.

    Attributes:
        files: of the model, by name: bytes and sha256.
    """

    path: Address
    identities: dict[str, str]
    precision: Precision = "f32"
    graphs: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def create(cls, path: Address, bundle: Bundle, precision: Precision = "f32") -> MilvusPlace:
        """Begin an index; collections that were begun and never held an item are made anew.

        Raises:
            StoreError: there is one, or the server cannot hold one.
            BundleError: the bundle is damaged.
        """
        check_free(path)
        integrity.check(bundle, parts=False)
        with _shelf(path) as (link, _):
            schema.drop_all(link)
        return cls(path, bundle.card.identities, precision)

    @classmethod
    def open(cls, path: Address) -> MilvusPlace:
        """Read an index's manifest.

        Raises:
            StoreError: not an index, damaged, or of a newer format.
        """
        text = _manifest(path)
        if text is None:
            raise StoreError(
                f"there is no index at {path}; make one of files: `Engine.create({str(path)!r})`"
            )
        try:
            said = json.loads(text)
            version, precision = said["format"], said["precision"]
            made = cls(path, dict(said["identities"]), precision, dict(said["graphs"]),
                       dict(said["files"]))  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(f"the index at {path} has a damaged manifest: {error}") from error
        if version != FORMAT or precision not in PRECISIONS:
            raise StoreError(
                f"the index at {path} has format {version} and precision {precision!r}, this"
                f" version reads format {FORMAT}; upgrade opensearch-visual"
            )
        return made

    @property
    def generation(self) -> str:
        """There is one alone: the server compacts by itself."""
        return "0"

    def mark(self) -> tuple[int, int]:
        """Always the same."""
        return (0, 0)

    def open_model(self, given: Path | None = None) -> Bundle:
        """The model of the index, fetched where it is not here, or another that is given.

        Raises:
            StoreError: pieces are missing or damaged, or the cache cannot be written.
        """
        cache = cache_of(self.files)
        if given is None:
            with _shelf(self.path) as (_, shelf):
                fetch(shelf, self.files, cache / "model")
        return Bundle.open(given or cache / "model", self.precision, cache / "compiled")

    def create_store(self, bits: int, dim: int) -> None:
        """Make the empty store of a new index."""
        MilvusStore.create(connect(self.path), bits, dim).close()

    def open_store(self, generation: str | None = None, *, readonly: bool = False) -> Store:
        """The store."""
        link = connect(self.path)
        try:
            return MilvusStore.open(link)
        except BaseException:
            link.close()
            raise

    def searcher(self, store: Store) -> CodeSearch:
        """What asks the server."""
        assert isinstance(store, MilvusStore)
        return MilvusSearch(store)

    def finish(self, bundle: Bundle) -> None:
        """Write the model's files, then the manifest, which makes this an index."""
        files: dict[str, dict[str, Any]] = {}
        with _shelf(self.path) as (_, shelf):
            for name in [*sorted(bundle.card.files()), CARD]:
                raw = (bundle.folder / name).read_bytes()
                files[name] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
                write_file(shelf, files[name]["sha256"], raw)
            fields = {
                "format": FORMAT,
                "identities": bundle.card.identities,
                "precision": self.precision,
                "graphs": integrity.graph_sums(bundle),
                "files": files,
            }
            shelf.write({MANIFEST: json.dumps(fields)})
            held = {each["sha256"] for each in files.values()}
            gone = [name for name in shelf.names("model/") if name.split("/")[1] not in held]
            shelf.drop(gone)

    def drop_search_files(self, identity: str) -> None:
        """Nothing: the server keeps its own."""

    def forget_derived(self) -> None:
        """Nothing: the server keeps its own."""

    def read_ignored(self) -> bytes:
        """The list of files that `add` passes over."""
        with _shelf(self.path) as (_, shelf):
            return (shelf.long(IGNORED) or "").encode()

    def write_ignored(self, raw: bytes) -> None:
        """Write that list."""
        with _shelf(self.path) as (_, shelf):
            shelf.write_long(IGNORED, raw.decode())

    @contextmanager
    def keeping_ignored(self) -> Iterator[Callable[[], None]]:
        """What puts that list back as it is now, within the block."""
        raw = self.read_ignored()
        yield lambda: self.write_ignored(raw)


def is_index(path: Address) -> bool:
    """Whether an index lies at an address."""
    return _manifest(path) is not None


def check_free(path: Address) -> None:
    """See that an index can be made at an address.

    Raises:
        StoreError: it holds one, or collections of somebody else.
    """
    with _shelf(path) as (link, shelf):
        if not link.has(schema.books(link.name)) and link.has(schema.items(link.name)):
            raise StoreError(
                f"{path} is a collection that opensearch did not make; it was left as it is. Use"
                " another name"
            )
        if shelf.exists() and shelf.texts(MANIFEST, strong=True):
            raise StoreError(f"{path} is an index already; open it, or choose another name")
        if link.has(schema.items(link.name)) and not was_never_filled(link):
            # A server that was killed shows only by and by what it holds: absence proves nothing.
            raise StoreError(
                f"{path} holds collections of an index that shows no manifest, and nothing was"
                " changed: the server may not show all that it holds yet, so try again in a"
                " few minutes. If it stays so, creating it was cut short: drop the collections"
                f" {link.name}, {schema.parts(link.name)} and {schema.books(link.name)} with"
                " Milvus's own tools, and make it again"
            )


@contextmanager
def building(path: Address, bundle: Bundle, precision: Precision) -> Iterator[MilvusPlace]:
    """An index that is there only once all of it is."""
    place = MilvusPlace.create(path, bundle, precision)
    yield place
    place.finish(bundle)


def adopt(place: MilvusPlace, given: Bundle) -> None:
    """Replace the index's own model by another that fits.

    Raises:
        IndexMismatch: it does not fit.
        BundleError: it is damaged itself.
    """
    integrity.check(given)
    with place.open_store() as store:
        check_fits(place.path, place.open_model(), given, store.meta().held)
        store.claim()
        place.finish(given)


def problems(path: Address, repair: bool) -> tuple[list[str], list[str]]:
    """What is wrong around the store of an index, and what is left after repair."""
    found = model_problems(path)
    if repair:
        with MilvusPlace.open(path).open_store() as store:
            found = [*store.verify(), *found]
            assert isinstance(store, MilvusStore)
            store.mend()
    return found, model_problems(path) if repair else found


def model_problems(path: Address) -> list[str]:
    """What is wrong with the model of an index."""
    place = MilvusPlace.open(path)
    try:
        return integrity.problems(place.open_model(), place.graphs)
    except (BundleError, StoreError) as error:
        return [str(error)]


def compact(place: MilvusPlace, store: Store, structures: Sequence[str]) -> Compacted:
    """Refused: the server compacts by itself.

    Raises:
        InvalidInput: always.
    """
    raise InvalidInput(
        f"Milvus compacts by itself what was removed from {place.path}; there is nothing to do"
    )


def _manifest(path: Address) -> str | None:
    with _shelf(path) as (_, shelf):
        return shelf.texts(MANIFEST, strong=True).get(MANIFEST) if shelf.exists() else None


@contextmanager
def _shelf(path: Address) -> Iterator[tuple[Connection, Shelf]]:
    link = connect(path)
    try:
        yield link, Shelf(link)
    finally:
        link.close()
