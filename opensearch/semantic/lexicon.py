"""The shipped lexicon: sentence-embedding vectors of everyday nouns, with senses and aliases.

`lexicon.tsv` lists the words, `lexicon.npz` holds a row of int8 for each; both are made by
`python -m tools.make_lexicon`. A unit vector is its row over the row's length,
so no scale is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import IO

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile
from opensearch.semantic.sphere import unit
from opensearch.semantic.tables import TableProvider
from opensearch.semantic.vocabulary import Vocabulary

LISTING, ROWS = "lexicon.tsv", "lexicon.npz"


@dataclass(frozen=True)
class Entry:
    """A line of the listing: a word, the text that says its sense, and its other names."""

    word: str
    text: str
    aliases: tuple[str, ...] = ()


class LexiconProvider(TableProvider):
    """The lexicon as a provider; `identity` changes with any word, sense or vector.

    Aliases stand outside the identity: one more name for a point moves no point.
    """

    def __init__(self, vocabulary: Vocabulary, identity: str) -> None:
        super().__init__("lexicon", vocabulary)
        self.identity = identity


def open_lexicon(argument: str = "", wanted: Sequence[str] | None = None) -> LexiconProvider:
    """Open the shipped lexicon, read once a process.

    Raises:
        UnreadableFile: the installed files do not belong together.
    """
    return _shipped()


def read_entries(lines: Iterable[str]) -> list[Entry]:
    """Parse a listing: word, text and aliases between tabs, the last two optional.

    Args:
        lines: those that begin with `#` are comments; `; ` stands between aliases.
    """
    rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return [_entry(*row) for row in rows]


def shipped_entries() -> list[Entry]:
    """The entries of the installed listing, sorted by word."""
    with (files(__package__) / LISTING).open(encoding="utf-8") as file:
        return read_entries(file)


def quantise(vectors: NDArray[np.floating]) -> NDArray[np.int8]:
    """Rows of int8 in the directions of the vectors, the largest number of each at 127.

    Args:
        vectors: shape (n, d), no zero row.
    """
    wide = unit(vectors).astype(np.float64)
    scaled = wide * (127 / np.abs(wide).max(axis=1, keepdims=True))
    return np.asarray(np.rint(scaled), dtype=np.int8)


def write_rows(file: IO[bytes], entries: Sequence[Entry], rows: NDArray[np.int8]) -> None:
    """Write rows (n, d) as npz, uncompressed: the same bytes for the same rows, anywhere."""
    np.savez(file, rows=rows, made_of=np.frombuffer(_digest(entries), np.uint8))


def read_rows(file: IO[bytes], entries: Sequence[Entry]) -> LexiconProvider:
    """The provider of a listing and its rows.

    Raises:
        UnreadableFile: the rows were made of another listing.
    """
    with np.load(file, allow_pickle=False) as archive:
        rows, made_of = archive["rows"], archive["made_of"].tobytes()
    if made_of != _digest(entries):
        raise UnreadableFile(
            f"{ROWS} was made of another {LISTING};"
            " install opensearch again, or in a clone run python -m tools.make_lexicon"
        )
    aliases = {alias: entry.word for entry in entries for alias in entry.aliases}
    vocabulary = Vocabulary([entry.word for entry in entries], _unit16(rows), aliases)
    return LexiconProvider(vocabulary, hashlib.sha256(made_of + rows.tobytes()).hexdigest()[:16])


def _entry(word: str, text: str = "", aliases: str = "") -> Entry:
    return Entry(word, text or word, tuple(aliases.split("; ")) if aliases else ())


@lru_cache(maxsize=1)
def _shipped() -> LexiconProvider:
    with (files(__package__) / ROWS).open("rb") as file:
        return read_rows(file, shipped_entries())


def _unit16(rows: NDArray[np.int8]) -> NDArray[np.float16]:
    """As `unit`, in float32: a quarter of the time, and float16 hides the difference."""
    wide = rows.astype(np.float32)
    wide /= np.sqrt(np.einsum("nd,nd->n", wide, wide))[:, None]
    return wide.astype(np.float16)


def _digest(entries: Sequence[Entry]) -> bytes:
    """What the rows depend on: words and senses, in order."""
    lines = "".join(f"{entry.word}\t{entry.text}\n" for entry in entries)
    return hashlib.sha256(lines.encode()).digest()
