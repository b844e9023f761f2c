"""Looking words up: those that a space keeps, and others where its provider is still there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import MissingExtra, OpenSearchError, UnknownWord
from opensearch.semantic.providers import PROVIDERS, Provider, open_provider
from opensearch.semantic.sentence import MULTILINGUAL
from opensearch.semantic.sphere import unit
from opensearch.semantic.vocabulary import Vocabulary

AGREE = 0.999
"""Cosine from which the provider's file still gives the vector the space was made with."""
_EXAMPLES: Final = ("guitar", "wedding", "wheel")
_OTHERS: Final = (
    "Other words and languages are understood by a sentence model:"
    f" pip install 'opensearch-visual[sentence]', then `sentence={MULTILINGUAL!r}`"
)
_LISTED_BY: Final = " (`Words.open("


@dataclass(frozen=True)
class Lookup:
    """The words of a space before its transform; see `Space` for the attributes."""

    provider: str
    vocabulary: Vocabulary
    whole: bool
    hint: str | None

    def vectors(self, names: Sequence[str]) -> list[NDArray[np.float32] | None]:
        """Vectors (d,) of names, `None` of unknown ones; of what is not kept the provider's."""
        vectors = [self.vocabulary.compose(name) for name in names]
        lost = [row for row, vector in enumerate(vectors) if vector is None]
        elsewhere = self.reopened([names[row] for row in lost]) if lost else None
        if elsewhere is None:
            return vectors
        for row in lost:
            with suppress(UnknownWord):
                vectors[row] = elsewhere.vector(names[row])
        return vectors

    def reopened(self, names: Sequence[str]) -> Provider | None:
        """The provider by its hint; nothing if it is gone or gives other vectors now."""
        if self.whole or self.hint is None:
            return None
        try:
            return self._opened(self.hint, names)
        except (OpenSearchError, ValueError):
            return None

    def _opened(self, hint: str, names: Sequence[str]) -> Provider | None:
        known = self.vocabulary.words[0]
        provider = open_provider(hint, [*names, known])
        same = provider.vector(known) @ unit(self.vocabulary.vectors[0])
        return provider if same >= AGREE else None

    def complaint(self, names: Sequence[str]) -> str:
        """What to say of names that have no vector, with near spellings."""
        text = self.vocabulary.complaint(names)
        if self.whole:
            return text
        return f"{text}; this model keeps only the words it was trained on"

    def takes_any_text(self) -> bool:
        """Whether the provider is there and gives a vector for whatever is written."""
        kind = PROVIDERS.get(self.provider)
        return bool(kind and kind.any_text and self.reopened([]))

    def ways_out(self, lexicon: bool) -> str:
        """Which words are known, where they are listed, and how others are understood."""
        return f"{self.known_words(lexicon)}. {self._why_no_sentences() or _OTHERS}"

    def known_words(self, lexicon: bool) -> str:
        """Which words are known, and where they are listed.

        Args:
            lexicon: whether the words are those of the shipped lexicon.
        """
        known = [word for word in _EXAMPLES if self.vocabulary.listed(word)]
        if len(known) < len(_EXAMPLES):
            known = list(self.vocabulary.words[: len(_EXAMPLES)])
        such = " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
        listed_by = f"{_LISTED_BY}{'' if lexicon else 'path=MODEL'})` lists them)"
        return (
            "Known words are English names of things, scenes and parts of them, such as"
            f" {such}{listed_by}"
        )

    def _why_no_sentences(self) -> str:
        """Why a space made by a sentence model takes no text here; nothing for other spaces."""
        kind = PROVIDERS.get(self.provider)
        if self.hint is None or not (kind and kind.any_text):
            return ""
        place = self.hint.partition(":")[2]
        try:
            if self._opened(self.hint, []):
                return ""
            reason = "it gives other vectors than it did"
        except MissingExtra as error:
            return f"This model was made by the sentence model {place!r}: {error}"
        except (OpenSearchError, ValueError) as error:
            reason = str(error).partition(": ")[2].partition(". Name the folder")[0]
        return (
            f"This model's own sentence model {place!r} cannot be loaded ({reason}); name its"
            " folder by `sentence`"
        )


def without_ways_out(complaint: str, others: str) -> str:
    """A complaint with other words for where words are listed and others understood."""
    said, listed, _ = complaint.partition(_LISTED_BY)
    return said + others if listed else said
