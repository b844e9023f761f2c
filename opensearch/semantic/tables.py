"""Providers that are tables: files of word vectors, attributes, one-hot."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.semantic.names import normalise, spellings, words_of
from opensearch.semantic.rows import Row, numbers, read_rows
from opensearch.semantic.vocabulary import Vocabulary

KEPT_WORDS = 50_000
"""Words of a file that are kept whole; of a larger one only the wanted words are."""


class TableProvider:
    """A provider that is a table: files of word vectors, attributes, one-hot."""

    def __init__(self, spec: str, vocabulary: Vocabulary, whole: bool = True) -> None:
        self.name, self.spec = spec.partition(":")[0], spec
        self.vocabulary, self.whole = vocabulary, whole

    @property
    def dim(self) -> int:
        """Numbers a vector has."""
        return self.vocabulary.dim

    def words(self) -> Sequence[str]:
        """The listed words in normal spelling, in the order of the file."""
        return self.vocabulary.words

    def vector(self, word: str) -> NDArray[np.float32]:
        """The unit vector of a word, or the mean of a phrase's words, shape (d,)."""
        return self.vocabulary.vector(word)


def open_vectors(argument: str, wanted: Sequence[str] | None = None) -> TableProvider:
    """Read `vectors:FILE`: word2vec text or binary, GloVe text, or npz.

    Of words that differ only in case, the one written in lower case is kept, else the
    first. With `wanted`, a file of more than `KEPT_WORDS` words yields only the rows that
    these names can use, and memory stays bounded by that.

    Args:
        argument: path of the file.
        wanted: the names that will be asked for; `None` keeps every word.

    Raises:
        UnreadableFile: no such file, none of the formats, or damaged.
    """
    path = Path(argument)
    dim, rows = read_rows(path)
    needed = None if wanted is None else _forms(wanted)
    table, whole = _collect(path, rows, needed)
    vectors = np.stack(list(table.values())) if table else np.zeros((0, dim), np.float32)
    return TableProvider(f"vectors:{path}", Vocabulary(list(table), vectors), whole)


def open_attributes(argument: str, wanted: Sequence[str] | None = None) -> TableProvider:
    """Read `attributes:FILE`: CSV rows of a category and its numbers, a header allowed.

    Raises:
        UnreadableFile: no such file, a row without a category or of another width, a field
            that is no finite number, a category named twice, or one with only zeros.
    """
    path, table = Path(argument), dict[str, NDArray[np.float32]]()
    for number, (category, *fields) in _csv_rows(path):
        if number == 1 and fields and not _is_number(fields[0]):
            continue
        word, width = normalise(category), len(next(iter(table.values()), fields))
        if not word or not fields or len(fields) != width or word in table:
            raise UnreadableFile(
                f"{path} row {number} ({category!r}, {len(fields)} numbers): wanted a category"
                f" not named before and {width or 'some'} numbers"
            )
        table[word] = numbers(path, category, [field.encode() for field in fields])
    if not table:
        raise UnreadableFile(f"{path} holds no category; wanted rows of a name and numbers")
    vocabulary = Vocabulary(list(table), np.stack(list(table.values())))
    return TableProvider(f"attributes:{path}", vocabulary)


def open_onehot(argument: str, wanted: Sequence[str] | None = None) -> TableProvider:
    """Build `onehot`: one axis a wanted category; the control that knows no unseen word.

    Raises:
        InvalidInput: no categories were given, or two differ only in spelling.
    """
    words = [normalise(name) for name in wanted or ()]
    if not words or len(set(words)) != len(words):
        raise InvalidInput(f"onehot wants distinct category names, got {list(wanted or ())}")
    return TableProvider("onehot", Vocabulary(words, np.eye(len(words), dtype=np.float32)))


def _forms(names: Sequence[str]) -> set[str]:
    """Every spelling that could serve the names or the words they are made of."""
    parts = [part for name in names for part in (name, *words_of(name))]
    return {form for part in parts for form in spellings(part)}


def _collect(
    path: Path, rows: Iterable[Row], needed: set[str] | None
) -> tuple[dict[str, NDArray[np.float32]], bool]:
    """The rows by normal spelling, and whether these are all the words of the file."""
    table, written = dict[str, NDArray[np.float32]](), dict[str, bool]()
    whole = True
    for raw, values in rows:
        word, plain = normalise(raw), raw == raw.casefold()
        if whole and needed is not None and len(table) == KEPT_WORDS:
            table = {kept: vector for kept, vector in table.items() if kept in needed}
            whole = False
        if not word or not (whole or needed is None or word in needed):
            continue
        if word not in table or (plain and not written[word]):
            table[word], written[word] = numbers(path, raw, values), plain
    return table, whole


def _csv_rows(path: Path) -> Iterable[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} cannot be read as CSV: {error}") from error
    return rows


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
