"""Folding: what a source holds past the files of a domain is written behind them.

For the one process that writes the source. Rows stream from the source to the files, so folding
ten million takes no more memory than a few blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from opensearch.errors import StoreError, system_reason
from opensearch.search import base, tables
from opensearch.search.domain import due
from opensearch.search.hamming import Codes, Ids
from opensearch.search.sources import CodeSource


def fold(source: CodeSource, folder: Path, domain: str, width: int) -> bool:
    """Bring the files of a domain up to date when enough rows lie past them; whether any was.

    A folder that may not be written is left alone.

    Raises:
        StoreError: the files cannot be written; the ones before stay in use.
    """
    books = source.meta()
    try:
        rows = _due_rows(source, folder, domain, books.identity, width)
        if rows is not None:
            folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return False
        if rows is not None:
            base.append(folder, domain, books.identity, books.last_transaction, rows)
        tabled = _make_tables(folder, domain, books.identity, width)
    except OSError as error:
        raise StoreError(
            f"cannot write search files to {str(folder)!r}: {system_reason(error)}; the index is"
            " whole and is searched without them, free the disk and index again."
        ) from error
    return tabled or rows is not None


def files_of(
    folder: Path | None, domain: str, identity: str, width: int
) -> tuple[tuple[Ids, Codes] | None, tables.Tables | None]:
    """The base of a domain and the tables over it, as far as there are files that can be used."""
    files = None if folder is None else base.load(folder, domain, identity, width)
    if folder is None or files is None:
        return None, None
    return files, tables.load(folder, domain, identity, files[1])


def _due_rows(
    source: CodeSource, folder: Path, domain: str, identity: str, width: int
) -> Iterator[tuple[Ids, Codes]] | None:
    """The rows past the base, when they are enough to be folded."""
    files = base.load(folder, domain, identity, width)
    held, last = (0, -1) if files is None else (len(files[0]), int(files[0][-1]))
    blocks = ((block.ids, block.codes) for block in source.blocks(domain, last))
    waiting: list[tuple[Ids, Codes]] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block[0])
        if due(count, held):
            return chain(waiting, blocks)
    return None


def _make_tables(folder: Path, domain: str, identity: str, width: int) -> bool:
    """Make tables over the whole base when those there are, if any, cover too little of it."""
    files, held = files_of(folder, domain, identity, width)
    if files is None or not tables.due(len(files[0]), 0 if held is None else held.count):
        return False
    tables.save(folder, domain, identity, files[1])
    return True
