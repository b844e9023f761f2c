"""What a search sees of its source: the rows of every domain as one transaction left them.

Base files and what lies past them are held once for all threads; each thread sees the transaction
that it last refreshed to.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opensearch.errors import InvalidInput
from opensearch.search import base, hamming
from opensearch.search.domain import DomainRows, files_of
from opensearch.search.folding import fold
from opensearch.search.hamming import Codes, Ids, Mask, Segment
from opensearch.search.protocol import CodeSource


@dataclass(frozen=True, slots=True)
class _Seen:
    """The rows of every domain as one transaction of the source left them.

    `opened` counts how often files were found cut short before and the rows read again.
    """

    transaction: int
    opened: int
    rows: dict[str, list[Segment]]


class View:
    """The rows of a source, followed as it changes."""

    def __init__(self, source: CodeSource, folder: Path | None, bits: int) -> None:
        """Follow `source`, with base files in `folder` where there are any.

        Args:
            source: where the codes are; usually a `Store`.
            folder: where base files lie; may be missing or read-only, `None` for no files.
            bits: width of a code, a positive multiple of 8.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8.
        """
        if bits <= 0 or bits % 8:
            raise InvalidInput(f"a hash code needs a positive multiple of 8 bits, got {bits}")
        self._source = source
        self._folder = folder
        self._bits = bits
        self._domains: dict[str, DomainRows] = {}
        self._opened = 0
        self._guard = threading.Lock()
        self._folding = threading.Lock()
        self._local = threading.local()

    def refresh(self) -> None:
        """See what the source holds now; cheap when nothing has changed."""
        known: _Seen | None = getattr(self._local, "seen", None)
        with self._source.snapshot():
            books = self._source.meta()
            opened = self._forget_cut_files()
            at = (books.last_transaction, opened)
            if known is not None and (known.transaction, known.opened) == at:
                return
            with self._guard:
                rows = {
                    domain: self._extended(domain, books.identity).at(
                        books.next_id, self._source.tombstones(domain)
                    )
                    for domain in books.domains
                }
        self._local.seen = _Seen(*at, rows)

    def fold(self) -> None:
        """Append what lies past the base files to them, once it is over 1 % or 100 k rows.

        For the one process that writes the source. Does nothing without a folder to write to.

        Raises:
            StoreError: the files cannot be written; the rows before stay in use.
        """
        folder = self._folder
        if folder is None:
            return
        width = self._bits // 8
        with self._folding:
            if os.access(folder, os.W_OK):
                base.drop_partial(folder)
            books = self._source.meta()
            folded = [name for name in books.domains if fold(self._source, folder, name, width)]
            with self._guard:  # others search and refresh while the files are written
                for domain in folded:
                    self._reload(domain, books.identity)
        if folded:
            self._local.seen = None

    def rows(
        self,
        domains: Sequence[str],
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> dict[str, list[Segment]]:
        """What this thread sees of the domains that hold anything, in order of id.

        Args:
            domains: those wanted.
            exclude: ids left out.
            within: the only ids, or a mask with a place for every id given yet.
        """
        if getattr(self._local, "seen", None) is None:
            self.refresh()
        seen: _Seen = self._local.seen
        found = {name: seen.rows[name] for name in dict.fromkeys(domains) if name in seen.rows}
        if isinstance(within, np.ndarray) and within.dtype == np.bool_:
            mask: Mask = within
            found = {name: [part.passing(mask) for part in parts] for name, parts in found.items()}
        elif within is not None:
            wanted = _sorted(within)
            found = {name: [part.only(wanted) for part in parts] for name, parts in found.items()}
        if exclude is not None:
            unwanted = _sorted(exclude)
            found = {
                name: [part.without(unwanted) for part in parts] for name, parts in found.items()
            }
        return found

    def base(self, domain: str) -> Codes:
        """Codes (n, bytes) of the domain's rows in base files, none where it was not read."""
        with self._guard:
            if domain in self._domains:
                return self._domains[domain].base[1]
        return np.zeros((0, self._bits // 8), np.uint8)

    def backends(self) -> dict[str, str]:
        """How each domain that was read is searched exactly, in words for `info`."""
        with self._guard:
            return {domain: rows.searched_by for domain, rows in self._domains.items()}

    def _forget_cut_files(self) -> int:
        """Forget domains whose files were cut short; return how often that has happened."""
        with self._guard:
            cut = [domain for domain, rows in self._domains.items() if not rows.whole]
            for domain in cut:
                del self._domains[domain]
            self._opened += bool(cut)
            return self._opened

    def _reload(self, domain: str, identity: str) -> None:
        """Map base files that have grown, in place of as many rows of the tail."""
        if domain not in self._domains:
            return
        rows = self._domains[domain]
        files = files_of(self._folder, domain, identity, self._bits // 8)
        if files is None:
            return
        if files.structure.count or len(files.rows[0]) > len(rows.base[0]):
            self._domains[domain] = rows.rebased(files)

    def _extended(self, domain: str, identity: str) -> DomainRows:
        """A domain's rows, with those added to the source since they were last read."""
        if domain not in self._domains:
            files = files_of(self._folder, domain, identity, self._bits // 8)
            self._domains[domain] = DomainRows.over(files, self._bits // 8)
        rows = self._domains[domain]
        for block in self._source.blocks(domain, rows.last):
            if block.codes.shape[1] != self._bits // 8:
                raise InvalidInput(
                    f"a search over {self._bits} bits cannot read codes of"
                    f" {8 * block.codes.shape[1]} bits; give it the width of its source"
                )
            rows.tail.append(block.ids, block.codes)
        if rows.due:  # the writer may have folded it meanwhile
            self._reload(domain, identity)
        return self._domains[domain]


def _sorted(ids: Iterable[int]) -> Ids:
    array = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, np.int64)
    return hamming.ascending(array.astype(np.int64, copy=False))
