"""What search asks of the place where codes are kept, and what the engine asks of search.

A `store.Store` is a `CodeSource`; `Searcher` is the `CodeSearch` over it. A store that searches by
itself brings a `CodeSearch` of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.search.hamming import Codes, Distances, Ids, Mask


class CodeBlock(Protocol):
    """Codes of some items of one domain: ids (n,) ascending and codes (n, bits // 8)."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids, ascending."""

    @property
    def codes(self) -> NDArray[np.uint8]:
        """One row an id."""


class Books(Protocol):
    """What is known of a source in one state.

    `identity` names it for good, `last_transaction` grows with every change, ids are below
    `next_id`, and `domains` are those ever stored.
    """

    @property
    def identity(self) -> str:
        """Made once, for good."""

    @property
    def last_transaction(self) -> int:
        """Its number."""

    @property
    def next_id(self) -> int:
        """Above all ids."""

    @property
    def domains(self) -> list[str]:
        """Names."""


class CodeSource(Protocol):
    """Where codes come from, in whole batches; ids of a domain only ever grow.

    Inside `snapshot` the other calls of the same thread see one state.
    """

    def snapshot(self) -> AbstractContextManager[object]:
        """One state of the source for this thread."""

    def meta(self) -> Books:
        """The books; cheap."""

    def blocks(self, domain: str, after: int = -1) -> Iterator[CodeBlock]:
        """Rows of ids above `after`, ascending."""

    def tombstones(self, domain: str) -> NDArray[np.int64]:
        """Deleted ids among the rows, ascending."""


@dataclass(frozen=True, slots=True)
class Shells:
    """Whole shells of distance around a query, in order of (distance, id).

    `sampled` says that the last shell was too large and only an even sample of it is here.
    """

    distances: Distances
    ids: Ids
    sampled: bool


class CodeSearch(Protocol):
    """What the engine asks of whatever searches the codes of an index.

    Each thread searches what it last refreshed to. Every order is (distance, id).
    """

    def refresh(self) -> None:
        """See what the source holds now; cheap when nothing has changed."""

    def fold(self) -> None:
        """Bring the files up to date where enough has been added since.

        For the one process that writes the source. Does nothing without a folder to write to.

        Raises:
            StoreError: the files cannot be written; the rows before stay in use.
        """

    def problems(self) -> list[str]:
        """Domains whose files hold other rows than the source, one sentence each."""

    def search(
        self,
        codes: Codes,
        domains: Sequence[str],
        k: int,
        structure: str | None = None,
        *,
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """The k nearest items of each query among all of `domains`.

        What a filter lets pass is searched exactly, whatever structure is named: a structure
        knows nothing of filters. So is a domain that was not there yet when it was built.

        Args:
            codes: shape (n, bits // 8).
            domains: those searched; one that holds nothing adds nothing.
            k: at least 1.
            structure: name of a backend to search by, as it was built; exact when `None`.
            exclude: ids left out.
            within: the only ids searched, or a mask with a place for every id given yet.

        Returns:
            Distances (n, k) in bits and ids (n, k) in order of (distance, id), padded with
            2**31 - 1 and -1 where fewer items are there.

        Raises:
            InvalidInput: codes of another shape, k below 1, or so far above what is there that
                the padding alone would fill memory; or a structure that was not built.
        """

    def shells(
        self,
        code: Codes,
        domains: Sequence[str],
        at_least: int,
        cap: int,
        structure: str | None = None,
        *,
        within: Iterable[int] | Mask | None = None,
        exclude: Iterable[int] | None = None,
    ) -> Shells:
        """Whole shells of distance until there are `at_least` items, for rescoring.

        When they are more than `cap`, the last shell gives only an even sample, by a hash of
        the id, so that neither the oldest nor the newest items are preferred. By a structure
        there are `at_least` items, the last shell cut.

        Args:
            code: shape (bits // 8,).
            domains: those searched.
            at_least: at least 1.
            cap: the most items returned, not below `at_least`.
            structure: as in `search`.
            within: the only ids searched, or a mask with a place for every id given yet.
            exclude: ids left out.

        Raises:
            InvalidInput: a code of another shape, numbers that contradict each other, or a
                structure that was not built.
        """

    def codes(self, ids: Ids, domains: Sequence[str]) -> Codes:
        """Codes (n, bits // 8) of items found by a search, in the order of `ids` (n,).

        Raises:
            InvalidInput: an id that these domains do not hold.
        """

    def build(self, structure: str, seed: int = 0) -> dict[str, float]:
        """Build a structure for every domain that holds items, in place of the one before.

        Returns:
            Recall@10 against a flat search, by domain.

        Raises:
            InvalidInput: an unknown name.
            StoreError: the files cannot be written.
        """

    def built(self) -> list[str]:
        """Names of the structures that any domain has."""

    def recalls(self, structure: str, domains: Sequence[str]) -> dict[str, float]:
        """Recall@10 by those of the domains that have this structure; nothing for an exact one."""

    def drop(self) -> None:
        """Remove all structures that were built by name."""

    def info(self) -> dict[str, dict[str, Any]]:
        """How each domain is searched: `exact`, and the structures built by name.

        Of these rows, effort and recall@10.
        """
