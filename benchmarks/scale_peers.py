"""What the benchmark of scale measures: this engine and faiss, behind the interface of all peers.

A peer builds an index of codes in a folder, opens it again, searches it, and adds one item. Ids
are places in the array of codes. Peers other than faiss are optional: importing one that is not
installed raises `MissingExtra`, which names the package.
"""

from __future__ import annotations

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale_data import Codes
from opensearch import starter_model
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.engine.lifecycle.generations import Generations
from opensearch.errors import MissingExtra
from opensearch.model import Model
from opensearch.search import Searcher
from opensearch.search.backends import named
from opensearch.search.backends.approximate import FaissBackend, FaissStructure
from opensearch.store import LmdbStore

Found = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Distances and ids (n, k)."""


def package(name: str, install: str) -> Any:
    """An optional package, or a `MissingExtra` that says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"{name} is not installed; pip install {install}") from error


class Peer(ABC):
    """One way to keep and search codes. `efforts` are tried in turn by approximate ones."""

    efforts: ClassVar[Sequence[int]] = (0,)

    def __init__(self, folder: Path, bits: int) -> None:
        self.folder = folder
        self.bits = bits

    @abstractmethod
    def build(self, codes: Codes) -> None:
        """Make the index and leave it on disk."""

    @abstractmethod
    def open(self) -> None:
        """Open what `build` left."""

    @abstractmethod
    def search(self, codes: Codes, k: int) -> Found:
        """The k nearest of each query."""

    @abstractmethod
    def add(self, code: Codes) -> None:
        """Add one item (1, bytes), so that the next search finds it."""

    def set_effort(self, effort: int) -> None:  # noqa: B027 - exact ones have nothing to set
        """How hard an approximate peer looks."""


def _arrays(folder: Path) -> Engine:
    """An engine for codes alone: they need no model, so it is anyone's."""
    model = Model(Bundle.open(starter_model()))
    return Engine(Generations(IndexFolder(folder, {})), model)


class Opensearch(Peer):
    """The engine: store, search files, multi-index tables past five million items."""

    keyed = False

    def build(self, codes: Codes) -> None:
        """In pieces of a million, so that lists of keys stay small."""
        LmdbStore.create(self.folder / "store" / "0", bits=self.bits, dim=0).close()
        (self.folder / "CURRENT").write_text("0\n")
        engine = _arrays(self.folder)
        for start in range(0, len(codes), 10**6):
            part = codes[start : start + 10**6]
            keys = [f"item/{start + at:09d}" for at in range(len(part))] if self.keyed else None
            fields = [{"year": at % 50} for at in range(len(part))] if self.keyed else None
            engine.add_codes(part, "photo", keys, fields)
        engine.close()

    def open(self) -> None:
        """As `Engine.open` does, less the model."""
        self._engine = _arrays(self.folder)
        self._engine.search_batch(np.zeros((1, self.bits // 8), np.uint8), k=1)

    def search(self, codes: Codes, k: int) -> Found:
        """With the records of the hits of a single query, as a user gets them."""
        found = self._engine.search_batch(codes, ["photo"], k)
        if len(codes) == 1:
            self._engine.items(found[1][0])
        return found

    def add(self, code: Codes) -> None:
        """One acknowledged transaction."""
        self._engine.add_codes(code, "photo", ["one"] if self.keyed else None)


class OpensearchKeyed(Opensearch):
    """The same with a key and metadata an item."""

    keyed = True

    def add_keyed(self, codes: Codes, keys: Sequence[str]) -> None:
        """Codes (n, bytes) under keys of their own, with metadata."""
        self._engine.add_codes(
            codes, "photo", list(keys), [{"year": at % 50} for at in range(len(keys))]
        )


class OpensearchHnsw(Opensearch):
    """The engine's graph, at one effort after the other instead of the one it was built with."""

    efforts: ClassVar[Sequence[int]] = (16, 32, 64, 128, 256, 512)
    structure = "hnsw"

    def build(self, codes: Codes) -> None:
        """The exact index, and the structure beside it."""
        super().build(codes)
        engine = _arrays(self.folder)
        engine.build_structure(self.structure)
        engine.close()

    def search(self, codes: Codes, k: int) -> Found:
        """Approximately, with the records of the hits of a single query."""
        found = self._engine.search_batch(codes, ["photo"], k, self.structure)
        if len(codes) == 1:
            self._engine.items(found[1][0])
        return found

    def set_effort(self, effort: int) -> None:
        """Candidates of a graph, lists of the other."""
        searcher = self._engine._generations.current().searcher
        assert isinstance(searcher, Searcher)
        held = searcher._structures
        made, backend = held.of(["photo"], self.structure)["photo"], named(self.structure)
        assert isinstance(made, FaissStructure)
        assert isinstance(backend, FaissBackend)
        backend.set_effort(made.index, effort)


class OpensearchIvf(OpensearchHnsw):
    """The engine's lists around centres."""

    efforts = (1, 2, 4, 8, 16, 32, 64, 128)
    structure = "ivf"


class Faiss(Peer):
    """faiss, one of its binary indexes; the file is what it writes."""

    multihash = False

    def build(self, codes: Codes) -> None:
        """Add and write."""
        faiss = package("faiss", "faiss-cpu")
        self._index = self.made(faiss, len(codes))
        self._index.add(codes)
        self.folder.mkdir(parents=True, exist_ok=True)
        faiss.serialize_index_binary(self._index).tofile(self.folder / "index")

    def made(self, faiss: Any, rows: int) -> Any:
        """An empty index for so many rows."""
        return faiss.IndexBinaryFlat(self.bits)

    def open(self) -> None:
        """Read the file whole."""
        faiss = package("faiss", "faiss-cpu")
        content = np.fromfile(self.folder / "index", np.uint8)
        self._index = faiss.deserialize_index_binary(content)

    def search(self, codes: Codes, k: int) -> Found:
        """One thread for one query."""
        package("faiss", "faiss-cpu").omp_set_num_threads(1 if len(codes) == 1 else os.cpu_count())
        found: Found = self._index.search(codes, k)
        return found

    def add(self, code: Codes) -> None:
        """In memory only: faiss has no file to add to."""
        self._index.add(code)


class FaissMultiHash(Faiss):
    """`IndexBinaryMultiHash`, chunks of log2(n) - 2 bits; how many flips is its effort."""

    efforts = (0, 1, 2, 3, 4)

    def made(self, faiss: Any, rows: int) -> Any:
        """As many chunks as fit."""
        chunk = max(8, int(np.log2(rows)) - 2)
        return faiss.IndexBinaryMultiHash(self.bits, max(1, self.bits // chunk), chunk)

    def set_effort(self, effort: int) -> None:
        """Flipped bits a chunk."""
        self._index.nflip = effort


class FaissHnsw(Faiss):
    """`IndexBinaryHNSW` with 16 links."""

    efforts = (16, 32, 64, 128, 256, 512)

    def made(self, faiss: Any, rows: int) -> Any:
        """The links are those of faiss's examples."""
        return faiss.IndexBinaryHNSW(self.bits, 16)

    def set_effort(self, effort: int) -> None:
        """Candidates kept while searching."""
        self._index.hnsw.efSearch = effort
