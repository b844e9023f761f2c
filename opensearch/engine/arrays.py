"""The array path of the engine: ready codes in, distances and ids out, no object an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from opensearch.engine import arguments as must
from opensearch.engine.generations import Following
from opensearch.engine.selecting import targeted
from opensearch.records import Item, Metadata, Names
from opensearch.store import again


class ArrayPath(Following):
    """The part of an `Engine` that works on arrays of codes, without files and embeddings."""

    @must.checked(
        codes=must.codes,
        domain=must.text,
        keys=must.optional(must.texts),
        metadata=must.optional(must.records),
        categories=must.optional(must.texts_or_none),
    )
    def add_codes(
        self,
        codes: NDArray[np.uint8],
        domain: str,
        keys: Names | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Sequence[str | None] | None = None,
    ) -> NDArray[np.int64]:
        """Add ready codes in bulk; they are searchable when the call returns.

        Without embeddings these items have no scores and no refinement. Without keys they are
        named by their ids, `photo/#17`; with nothing but codes no records are stored. Batches
        of 64 Ki items are acknowledged one by one.

        Args:
            codes: shape (n, bits // 8).
            domain: of all of them.
            keys: n keys; an item that has one of them already is replaced.
            metadata: n dicts of JSON values.
            categories: n names or `None`s.

        Returns:
            The n ids given.

        Raises:
            InvalidInput: shapes or lengths do not agree.
            StoreError: another process writes to the index.
        """
        ids = self._write(lambda s: s.put_codes(codes, domain, keys, metadata, categories))
        self._settle()
        return ids

    @must.checked(
        codes=must.codes,
        targets=must.texts,
        k=must.whole(1),
        structure=must.optional(must.text),
    )
    def search_batch(
        self,
        codes: NDArray[np.uint8],
        targets: Names = (),
        k: int = 10,
        structure: str | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Nearest items of many codes at once, without records; see `items` for those.

        Args:
            codes: shape (n, bits // 8).
            targets: domains searched; all that the index holds when empty.
            k: hits wanted.
            structure: name of a backend, such as `hnsw`, whose structure was built; exact when
                `None`.

        Returns:
            Hamming distances (n, k) and ids (n, k), in order of (distance, id); short rows
            are padded with id -1 and the largest distance.

        Raises:
            InvalidInput: codes of another shape, a domain that the index does not hold, or a
                structure that was not built.
        """
        now = self._generations.current()

        def search() -> tuple[NDArray[np.int32], NDArray[np.int64]]:
            with now.store.snapshot():
                now.searcher.refresh()
                domains = targeted(now.store, targets)
                return now.searcher.search(codes, domains, k, structure)

        return again(search)

    @must.checked(structure=must.text, seed=must.whole(0))
    def build_structure(self, structure: str, seed: int = 0) -> dict[str, float]:
        """Build a structure over all items there are, for searches that name it.

        Items added later are searched flat beside it until it is built again, and `compact`
        builds it again; it lies in the index and `info` shows it.

        Args:
            structure: name of a backend that is built on request; see `search.BACKENDS`.
            seed: of the queries that recall is measured with.

        Returns:
            Recall@10 against the exact search, by domain.

        Raises:
            InvalidInput: an unknown structure.
            StoreError: the index cannot be written.
        """
        return self._build(structure, seed)

    def drop_structures(self) -> None:
        """Remove all structures that were built by name; `compact` builds none of them any more.

        Raises:
            StoreError: the index cannot be written.
        """
        with self._generations.writing:
            now = self._generations.current()
            now.store.claim()
            now.searcher.drop()

    @must.checked(ids=must.ids)
    def items(self, ids: Iterable[int]) -> list[Item]:
        """Records of ids that a search gave, in their order; padding (-1) is passed over.

        Raises:
            StoreError: an id is not stored any more.
        """
        return self._store.items(id_ for id_ in ids if id_ >= 0)
