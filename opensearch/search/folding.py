"""Search files and the source they are derived from: folding new rows in, and auditing.

Folding is for the one process that writes the source. Rows stream from the source to the files, so
folding ten million takes no more memory than a few blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from opensearch.errors import StoreError, system_reason
from opensearch.search import base
from opensearch.search.backends import Place, automatic
from opensearch.search.domain import due, files_of
from opensearch.search.hamming import Codes, Ids
from opensearch.search.protocol import CodeSource


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
        built = _build_due(folder, domain, books.identity, width)
    except OSError as error:
        raise StoreError(
            f"cannot write search files to {str(folder)!r}: {system_reason(error)}; the index is"
            " whole and is searched without them; free the disk and index again."
        ) from error
    return built or rows is not None


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


def _build_due(folder: Path, domain: str, identity: str, width: int) -> bool:
    """Let each automatic backend build over the whole base where it covers too little of it."""
    files = base.load(folder, domain, identity, width)
    if files is None:
        return False
    built = False
    for name, backend in automatic().items():
        place = Place(folder, domain, identity, name)
        held = backend.load(place, files[1])
        if backend.due(len(files[1]), 0 if held is None else held.count):
            backend.build(place, files[1])
            built = True
    return built


def audit(source: CodeSource, folder: Path, bits: int) -> list[str]:
    """Domains whose files hold other rows than the source, one sentence each.

    Files that are missing, cut short or of another store are no problem: search ignores them.
    Files that look whole but differ would give wrong answers.
    """
    with source.snapshot():
        books = source.meta()
        return [
            f"search files of domain {domain!r} differ from the store; `Engine.verify(repair=True)`"
            " makes"
            " them anew"
            for domain in books.domains
            if _differs(source, folder, domain, books.identity, bits // 8)
        ]


def _differs(source: CodeSource, folder: Path, domain: str, identity: str, width: int) -> bool:
    files = files_of(folder, domain, identity, width)
    if files is None:
        return False
    ids, codes = files.rows
    if not files.structure.agrees(codes):
        return True
    start = 0
    for block in source.blocks(domain):
        stop = min(start + len(block.ids), len(ids))
        rows = slice(start, stop)
        taken = stop - start
        same = np.array_equal(ids[rows], block.ids[:taken])
        if not same or not np.array_equal(codes[rows], block.codes[:taken]):
            return True
        start = stop
        if start == len(ids):
            return False
    return start < len(ids)
