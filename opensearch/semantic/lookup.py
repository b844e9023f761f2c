"""Looking words up: those that a space keeps, and others where its provider is still there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import OpenSearchError, UnknownWord
from opensearch.semantic.providers import PROVIDERS, Provider, open_provider
from opensearch.semantic.sphere import unit
from opensearch.semantic.vocabulary import Vocabulary

AGREE = 0.999
"""Cosine from which the provider's file still gives the vector the space was made with."""


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
        known = self.vocabulary.words[0]
        try:
            provider = open_provider(self.hint, [*names, known])
            same = provider.vector(known) @ unit(self.vocabulary.vectors[0])
        except (OpenSearchError, ValueError):
            return None
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
