"""Checking search files against the source they were derived from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opensearch.search import tables
from opensearch.search.folding import files_of
from opensearch.search.sources import CodeSource


def audit(source: CodeSource, folder: Path, bits: int) -> list[str]:
    """Domains whose files hold other rows than the source, one sentence each.

    Files that are missing, cut short or of another store are no problem: search passes them
    over. Files that look whole but differ would answer wrongly.
    """
    with source.snapshot():
        books = source.meta()
        return [
            f"search files of domain {domain!r} differ from the store; verify --repair makes"
            " them anew"
            for domain in books.domains
            if _differs(source, folder, domain, books.identity, bits // 8)
        ]


def _differs(source: CodeSource, folder: Path, domain: str, identity: str, width: int) -> bool:
    files, made = files_of(folder, domain, identity, width)
    if files is None:
        return False
    if made is not None and not tables.agrees(made, files[1]):
        return True
    ids, codes = files
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
