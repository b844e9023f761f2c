"""What `search` needs from the place where codes are kept; `store.Store` has this shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class CodeBlock(Protocol):
    """Codes of some items of one domain: ids (n,) ascending and codes (n, bits // 8)."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids, ascending."""

    @property
    def codes(self) -> NDArray[np.uint8]:
        """One row an id."""


class Books(Protocol):
    """What is known of a source at one moment.

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

    Inside `snapshot` the other calls of the same thread see one moment.
    """

    def snapshot(self) -> AbstractContextManager[object]:
        """One moment for this thread."""

    def meta(self) -> Books:
        """The books; cheap."""

    def blocks(self, domain: str, after: int = -1) -> Iterator[CodeBlock]:
        """Rows of ids above `after`, ascending."""

    def tombstones(self, domain: str) -> NDArray[np.int64]:
        """Deleted ids among the rows, ascending."""
