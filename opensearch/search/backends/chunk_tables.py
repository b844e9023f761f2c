"""Tables of chunks for multi-index hashing: where the rows with a given piece of code lie.

A code is cut into m chunks of about log2(n) - 2 bits. The table of a chunk has the rows sorted by
their value there, and where each value starts. Rows are only ever added to a base, so tables
over its first rows stay valid; the rows past them are searched flat until the tables are rebuilt.
They are memory-mapped files: derived, safe to delete, shared by all readers.

Source: Norouzi, Punjani, Fleet, "Fast search in Hamming space with multi-index hashing",
CVPR 2012. Sorted rows stand in for its hash buckets, as in its own sparse tables: the sizes of
buckets are then known before a bucket is touched, and a table takes 4 bytes a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.search.backends.backend import Pieces, Place
from opensearch.search.hamming import Codes

Lanes: TypeAlias = NDArray[np.unsignedinteger[Any]]

FEWEST = 5_000_000
"""Rows from which tables are built: at 2 M they gain little where queries lie in a cluster and lose
elsewhere, since a step costs as much as a flat search of 100 k rows."""

GROWTH = 1 / 16
"""Tables are rebuilt when so large a share of rows lies past them: at 10 M they cost a flat
search of 0.3 ms, about as long as tables take a query inside a cluster."""

_WIDEST = 24
"""Bits of the longest chunk: 64 MB of starts."""

_COPIES = 8
"""A table also keeps the codes in its own order, so that a bucket lies in one piece (twice as
fast at 10 M), unless the tables then take more than so many times the bytes of the codes."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The table of bits `low` to `high` of the codes.

    Rows of value v are `rows[starts[v]:starts[v + 1]]`, ascending. `lanes` are the codes in the
    order of `rows` when there is a copy, else those of the base in its own order.
    """

    low: int
    high: int
    starts: NDArray[np.uint32]
    rows: NDArray[np.uint32]
    lanes: Lanes
    sorted: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables over the first `count` rows of a base."""

    count: int
    chunks: tuple[Chunk, ...]


def cuts(bits: int, rows: int) -> list[int]:
    """Where codes are cut for so many rows: m + 1 places from 0 to `bits`."""
    wanted = max(1.0, np.log2(rows) - 2)
    m = max(1, round(bits / wanted), -(-bits // _WIDEST))
    return [bits * at // m for at in range(m + 1)]


def values(codes: Codes, low: int, high: int) -> NDArray[np.uint64]:
    """Bits `low` to `high` (exclusive) of codes (n, bytes) as numbers (n,)."""
    first, last = low // 8, (high - 1) // 8
    found = np.zeros(len(codes), np.uint64)
    for byte in range(first, last + 1):
        found = (found << np.uint64(8)) | codes[:, byte]
    kept: NDArray[np.uint64] = found >> np.uint64(8 * (last + 1) - high)
    return kept & np.uint64(2 ** (high - low) - 1)


def lanes(codes: Codes) -> Lanes:
    """Codes (n, bytes) as the widest numbers that fit, (n, lanes)."""
    width = codes.shape[1]
    kind = next(size for size in (8, 4, 2, 1) if width % size == 0)
    return np.ascontiguousarray(codes).view(f"u{kind}")


def due(rows: int, covered: int) -> bool:
    """Whether tables over `covered` rows are to be rebuilt for so many rows."""
    return rows >= FEWEST and rows - covered > GROWTH * rows


def copied(bits: int, rows: int) -> bool:
    """Whether tables of so many rows keep the codes in their own order."""
    m, width = len(cuts(bits, rows)) - 1, bits // 8
    return m * (4 + width) + m <= _COPIES * width


def sort_chunk(codes: Codes, low: int, high: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Starts (2 ** (high - low) + 1,) and rows (n,) of the table of a chunk."""
    keys = values(codes, low, high) << np.uint64(32)
    keys |= np.arange(len(codes), dtype=np.uint64)
    keys.sort()  # sorted numbers: five times as fast as argsort, and rows of a value ascend
    rows = keys.astype(np.uint32)
    keys >>= np.uint64(32)
    starts = np.zeros(2 ** (high - low) + 1, np.uint32)
    np.cumsum(np.bincount(keys.view(np.int64), minlength=len(starts) - 1), out=starts[1:])
    return starts, rows


def save(place: Place, codes: Codes) -> None:
    """Write the tables of the codes (n, bytes) of a domain in place of those before.

    Raises:
        OSError: the folder cannot be written; the tables before are as they were.
    """
    count, width = codes.shape
    edges, copies = cuts(8 * width, count), copied(8 * width, count)

    def content(low: int, high: int) -> Pieces:
        starts, rows = sort_chunk(codes, low, high)
        if not copies:
            return [rows, starts]
        return [np.take(codes, rows, axis=0), bytes(-count * width % 8), rows, starts]

    about = {"width": width, "cuts": edges, "copies": copies}
    files = ((f".{at}", content(*edge)) for at, edge in enumerate(pairwise(edges)))
    place.write(count, about, files)


def load(place: Place, codes: Codes) -> Tables | None:
    """The tables over the first of these codes, or `None` where they cannot be used."""
    about = place.read()
    try:
        if about is None or about["width"] != codes.shape[1] or about["rows"] > len(codes):
            return None
        count, edges, copies = int(about["rows"]), about["cuts"], about["copies"]
        files = [place.path(count, f".{at}") for at in range(len(edges) - 1)]
        parts = zip(files, pairwise(edges), strict=True)
        chunks = tuple(_chunk(file, edge, codes[:count], copies) for file, edge in parts)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Tables(count, chunks)


def _chunk(file: Path, edge: tuple[int, int], codes: Codes, copies: bool) -> Chunk:
    (low, high), (count, width) = edge, codes.shape
    size = count * width if copies else 0
    place = -(-size // 8) * 8
    starts = 2 ** (high - low) + 1
    held = np.asarray(np.memmap(file, np.uint8, "r", shape=(place + 4 * (count + starts),)))
    numbers = np.frombuffer(held, np.uint32, count + starts, place)
    ordered = held[:size].reshape(count, width) if copies else codes
    return Chunk(low, high, numbers[count:], numbers[:count], lanes(ordered), copies)


def agrees(tables: Tables, codes: Codes) -> bool:
    """Whether tables are those of the codes (n, bytes) of their base; rebuilt to compare."""
    codes = codes[: tables.count]
    for chunk in tables.chunks:
        starts, rows = sort_chunk(codes, chunk.low, chunk.high)
        if not (np.array_equal(starts, chunk.starts) and np.array_equal(rows, chunk.rows)):
            return False
        if chunk.sorted and not np.array_equal(chunk.lanes, lanes(np.take(codes, rows, axis=0))):
            return False
    return True
