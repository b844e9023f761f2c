"""Sources of word vectors behind one door: `open_provider("vectors:FILE")` and its kin."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, MissingExtra, UnknownWord, UnreadableFile
from opensearch.semantic.names import normalise, spellings, words_of
from opensearch.semantic.rows import Row, numbers, read_rows
from opensearch.semantic.sphere import unit
from opensearch.semantic.vocabulary import Vocabulary

KEPT_WORDS = 50_000
"""Words of a file that are kept whole; of a larger one only the wanted words are."""


class Provider(Protocol):
    """Gives a unit vector for a name; every kind of `PROVIDERS` is one.

    `name` is the kind, `spec` what opens it again. `whole` says whether `words()` is all
    that the provider knows.
    """

    name: str
    spec: str
    whole: bool

    @property
    def dim(self) -> int:
        """Numbers a vector has."""

    def words(self) -> Sequence[str]:
        """The listed words in normal spelling."""

    def vector(self, word: str) -> NDArray[np.float32]:
        """The unit vector of a word or phrase, shape (d,).

        Raises:
            UnknownWord: the provider has none; the text names near spellings.
        """


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


class SentenceProvider:
    """Embeddings of whole names by a sentence-transformers model; every name is known."""

    name = "sentence"
    whole = False

    def __init__(self, model: str) -> None:
        self.spec = f"sentence:{model}"
        self._model = _sentence_model(model)

    @property
    def dim(self) -> int:
        """Numbers a vector has."""
        return len(self.vector("thing"))

    def words(self) -> Sequence[str]:
        """Nothing: the vocabulary is open."""
        return ()

    def vector(self, word: str) -> NDArray[np.float32]:
        """The unit embedding of a name in normal spelling, shape (d,)."""
        text = normalise(word)
        if not text:
            raise UnknownWord(f"{word!r} holds no word to embed")
        return unit(np.asarray(self._model.encode([text])[0], dtype=np.float32))


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


def open_sentence(argument: str, wanted: Sequence[str] | None = None) -> SentenceProvider:
    """Load `sentence:MODEL`: a sentence-transformers name, or a local folder (offline).

    Raises:
        MissingExtra: the package sentence-transformers is not installed.
        InvalidInput: no model of that name can be loaded.
    """
    return SentenceProvider(argument)


PROVIDERS: dict[str, Callable[[str, Sequence[str] | None], Provider]] = {
    "vectors": open_vectors,
    "attributes": open_attributes,
    "onehot": open_onehot,
    "sentence": open_sentence,
}


def open_provider(spec: str, wanted: Sequence[str] | None = None) -> Provider:
    """Open a semantic provider by its spec.

    Args:
        spec: `vectors:FILE`, `attributes:FILE.csv`, `sentence:MODEL` or `onehot`.
        wanted: the names that will be asked for: `onehot` needs them, and large files of
            vectors then keep only those words.

    Returns:
        The provider.

    Raises:
        InvalidInput: no such kind, or a kind without what must follow the colon.
        UnreadableFile: the file is missing, damaged or of another format.
        MissingExtra: an optional package is not installed.
    """
    kind, _, argument = spec.partition(":")
    if kind not in PROVIDERS:
        raise InvalidInput(f"no semantic provider {kind!r}; known: {', '.join(PROVIDERS)}")
    if not argument and kind != "onehot":
        raise InvalidInput(f"provider {kind!r} wants what to open after a colon: {kind}:...")
    return PROVIDERS[kind](argument, wanted)


def missing(provider: Provider, names: Iterable[str]) -> list[str]:
    """The names, in their order, that a provider has no vector for."""
    return [name for name in names if not _knows(provider, name)]


def _knows(provider: Provider, name: str) -> bool:
    if isinstance(provider, TableProvider):
        return provider.vocabulary.compose(name) is not None
    return bool(normalise(name))


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


@lru_cache(maxsize=2)
def _sentence_model(model: str) -> Any:
    """The model, loaded once a process: a query must not pay for it again."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtra(
            "sentence:MODEL needs sentence-transformers;"
            " install it with: pip install 'opensearch-visual[sentence]'"
        ) from error
    try:
        return SentenceTransformer(model, device="cpu")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"no sentence model {model!r} can be loaded: {error}") from error
