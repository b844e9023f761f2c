"""The semantic space: the sphere all domains share, and the words it knows points for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError, InvalidInput, UnknownWord
from opensearch.semantic.lexicon import LexiconProvider, open_lexicon
from opensearch.semantic.lookup import AGREE, Lookup
from opensearch.semantic.names import normalise
from opensearch.semantic.phrases import Phrase, any_word, read_phrase
from opensearch.semantic.providers import Provider, open_provider, placed
from opensearch.semantic.sphere import unit
from opensearch.semantic.tables import KEPT_WORDS
from opensearch.semantic.tokens import tokens_of
from opensearch.semantic.transform import Transform
from opensearch.semantic.vocabulary import Vocabulary

COMPARED = 20
"""Words of a text that are compared with all that are listed, in search of misspelt ones."""
MOST_TEXT = 10_000
"""Characters of a text to search for: unknown words are compared with all that are listed."""


@dataclass(frozen=True)
class TextQuery:
    """A text as points.

    Attributes:
        phrase: how it was read.
        points: (w, d) unit, one a word that is wanted.
        against: (x, d) unit, one a word that is to be left out.
    """

    phrase: Phrase
    points: NDArray[np.float32]
    against: NDArray[np.float32]

    @property
    def vector(self) -> NDArray[np.float32]:
        """The unit mean (d,) of what is wanted."""
        return unit(self.points.mean(axis=0))


@dataclass(frozen=True)
class Space:
    """Prototypes and word queries of a model, free of the file they came from.

    `vocabulary` holds the provider's words when they are at most `KEPT_WORDS`, else only
    the trained categories; `whole` says which. Of the shipped lexicon `kept`, the trained
    categories, is all that is stored, with the lexicon's identity. `hint` is the provider's
    spec, with the whole path of a file or folder that it names, by which words left out are
    looked up while that is still there; it may name a path, so it stands in neither tensors nor
    settings, which are what identities are made of.
    """

    provider: str
    vocabulary: Vocabulary
    transform: Transform
    whole: bool
    hint: str | None = None
    lexicon: str | None = None
    kept: Vocabulary | None = None

    @classmethod
    def fit(
        cls, provider: Provider | str, categories: Sequence[str], transform: str = "none"
    ) -> Space:
        """Make the space of a model from the categories it is trained on.

        Args:
            provider: an open provider, or a spec for `open_provider`.
            categories: the seen categories; the transform is fitted on nothing else.
            transform: one of `transform.KINDS`.

        Raises:
            UnknownWord: the provider has no vector for a category.
            InvalidInput: no categories, or no such transform.
        """
        if not categories:
            raise InvalidInput("a space wants one category or more, got none")
        source = open_provider(provider, categories) if isinstance(provider, str) else provider
        lexicon = source if isinstance(source, LexiconProvider) else None
        whole = source.whole and len(source.words()) <= KEPT_WORDS
        words = list(dict.fromkeys(map(normalise, categories)))
        if whole and not lexicon:
            words = list(source.words())
        kept = Vocabulary(words, np.stack([source.vector(word) for word in words]))
        vocabulary = lexicon.vocabulary if lexicon else kept
        fitted = Transform.fit(transform, np.stack([vocabulary.vector(n) for n in categories]))
        identity = lexicon.identity if lexicon else None
        return cls(source.name, vocabulary, fitted, whole, placed(source.spec), identity, kept)

    @property
    def dim(self) -> int:
        """Numbers an embedding has."""
        return self.vocabulary.dim

    @property
    def _lookup(self) -> Lookup:
        return Lookup(self.provider, self.vocabulary, self.whole, self.hint)

    def prototypes(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The prototypes of categories, seen in training or not.

        Args:
            names: n category names in any spelling.

        Returns:
            Shape (n, d), float32, unit rows.

        Raises:
            UnknownWord: names without a vector; the text lists them and near spellings.
        """
        vectors = self._lookup.vectors(names)
        lost = [name for name, vector in zip(names, vectors, strict=True) if vector is None]
        if lost:
            raise UnknownWord(self._lookup.complaint(lost))
        found = [vector for vector in vectors if vector is not None]
        return (
            self.transform.apply(np.stack(found)) if found else np.zeros((0, self.dim), np.float32)
        )

    def points(self) -> NDArray[np.float32]:
        """The points (w, d) of all words kept, of categories or not."""
        return self.transform.apply(unit(self.vocabulary.vectors))

    def missing(self, names: Sequence[str]) -> list[str]:
        """The names, in their order, that have no prototype here."""
        vectors = self._lookup.vectors(names)
        return [name for name, vector in zip(names, vectors, strict=True) if vector is None]

    def text(self, words: str) -> TextQuery:
        """The points that a text stands for.

        Raises:
            UnknownWord: no word is known; the text names near spellings.
            InvalidInput: the text is a book, not a query.
        """
        phrase = self.read(words)
        if not (phrase.words or phrase.excluded):
            raise UnknownWord(self._without_names(words, phrase))
        wanted, against = self.prototypes(phrase.words), self.prototypes(phrase.excluded)
        return TextQuery(phrase, wanted, against)

    def read(self, words: str) -> Phrase:
        """Which words of a text are searched for, which are left out, which have no say.

        A text that is listed as a whole is that word. Where the provider gives a vector for any
        text, all that is not to be left out is one.

        Raises:
            InvalidInput: the text is a book, not a query.
        """
        if len(words) > MOST_TEXT:
            raise InvalidInput(
                f"words to search for are at most {MOST_TEXT} characters, got {len(words)};"
                " name what is to be found in a few words"
            )
        whole = self.vocabulary.listed(words)
        # "-dog" is no dog, and "guide -dog" no guide dog
        parted = (token.minus or "," in token.end for token in tokens_of(words))
        if whole is not None and not any(parted):
            return Phrase([whole], kept=whole)
        if self._lookup.takes_any_text():
            phrase = read_phrase(words, any_word)
            return Phrase([phrase.kept] if phrase.kept else [], phrase.excluded, kept=phrase.kept)
        phrase = self._phrase(words, set())
        if phrase.unknown and self.hint and not self.whole:
            found = zip(phrase.unknown, self._lookup.vectors(phrase.unknown), strict=True)
            elsewhere = {word for word, vector in found if vector is not None}
            phrase = self._phrase(words, elsewhere) if elsewhere else phrase
        return phrase

    def near(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """The listed words nearest by meaning with their cosines, nearest first.

        Raises:
            UnknownWord: the word is not known.
        """
        found = self.text(word)
        if not len(found.points):
            raise UnknownWord(f"{word!r} only says what to leave out; say what it is near to")
        cosines = self.points() @ found.vector
        own = found.phrase.words
        order = np.argsort(-cosines, kind="stable")[: count + len(own)].tolist()
        rows = [(self.vocabulary.words[row], float(cosines[row])) for row in order]
        return [row for row in rows if row[0] not in own][:count]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything fitted or kept, by name: what a bundle stores and an identity hashes.

        Returns:
            `words` (bytes,) uint8, newline-joined UTF-8; `vectors` (n, d) float16; and
            `transform.*` float32.
        """
        kept = self.kept or self.vocabulary
        words = np.frombuffer("\n".join(kept.words).encode(), dtype=np.uint8)
        fitted = {f"transform.{name}": array for name, array in self.transform.tensors().items()}
        return {"words": words, "vectors": kept.vectors, **fitted}

    def settings(self) -> dict[str, Any]:
        """The JSON-able rest: provider, transform, which words are kept, and which lexicon."""
        kept = "whole" if self.whole and not self.lexicon else "categories"
        made = {"provider": self.provider, "transform": self.transform.kind, "vocabulary": kept}
        return {**made, "lexicon": self.lexicon} if self.lexicon else made

    @classmethod
    def restore(
        cls,
        tensors: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
        hint: str | None = None,
    ) -> Space:
        """The space that gave these tensors and settings; its answers are bit-identical.

        Where another lexicon than the model's is installed, its words are known, too, if it
        agrees on the vectors of all trained categories; else no others are than those.

        Raises:
            BundleError: a tensor or a setting is missing, or they do not fit together.
        """
        try:
            words = tensors["words"].tobytes().decode().split("\n")
            kept = Vocabulary(words, tensors["vectors"])
            fitted = {
                name.removeprefix("transform."): array
                for name, array in tensors.items()
                if name.startswith("transform.")
            }
            transform = Transform.restore(settings["transform"], fitted)
            lexicon = settings.get("lexicon")
            shipped = open_lexicon() if lexicon else None
            same = shipped is not None and (shipped.identity == lexicon or _agree(shipped, kept))
            vocabulary = shipped.vocabulary if shipped and same else kept
            whole = same or settings["vocabulary"] == "whole"
            return cls(settings["provider"], vocabulary, transform, whole, hint, lexicon, kept)
        except (LookupError, ValueError, TypeError, InvalidInput) as error:
            raise BundleError(f"the model's semantic space is damaged: {error}") from error

    def _without_names(self, words: str, phrase: Phrase) -> str:
        """Why a text stands for no point, and what would."""
        lexicon = self.whole and self.lexicon is not None
        if phrase.unknown:
            said = self._lookup.complaint(phrase.unknown)
        elif phrase.not_counted:
            said = f"{', '.join(phrase.not_counted)}: no word of {words!r} names a thing"
        else:
            known = self._lookup.known_words(lexicon)  # nor would a sentence model find one
            return f"{words!r} holds no word that names a thing. {known}"
        return f"{said}. {self._lookup.ways_out(lexicon)}"

    def _phrase(self, words: str, elsewhere: set[str]) -> Phrase:
        """A text read by the words kept here, and by some that are known elsewhere."""

        def find(name: str) -> str | None:
            return self.vocabulary.listed(name) or (name if name in elsewhere else None)

        compared = itertools.count()

        def near(word: str) -> bool:
            return next(compared) < COMPARED and bool(self.vocabulary.near(word, 1, 0.85))

        return read_phrase(words, find, near)


def _agree(lexicon: Provider, kept: Vocabulary) -> bool:
    """Whether a lexicon has all words kept, with the vectors kept."""
    try:
        vectors = np.stack([lexicon.vector(word) for word in kept.words])
    except UnknownWord:
        return False
    return bool(np.einsum("nd,nd->n", vectors, unit(kept.vectors)).min() >= AGREE)
