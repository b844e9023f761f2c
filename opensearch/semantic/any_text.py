"""A sentence model beside a space: words that the space does not list, in whatever language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnknownWord
from opensearch.semantic.lookup import AGREE
from opensearch.semantic.phrases import Phrase, any_word, read_phrase
from opensearch.semantic.sentence import SentenceProvider
from opensearch.semantic.space import Space, TextQuery
from opensearch.semantic.sphere import unit

LEAST: Final = 0.5
"""Cosine under which no listed word is meant by a text."""
_PROBES: Final = 9
"""Words that tell whether a space's vectors came from a sentence model."""

Table = Callable[[], NDArray[np.floating]]
"""Gives vectors (n, d), unit, of the listed words by a sentence model; slow the first time."""


def text_by_sentences(
    space: Space, text: str, provider: SentenceProvider, table: Table
) -> TextQuery:
    """As `Space.text`, but what is not listed is asked of a sentence model.

    The model that the words' vectors came from gives a point for any text. Any other, such as a
    multilingual one, says which listed word a text means.

    Args:
        space: lists words and has their points.
        text: to search for.
        provider: a sentence model, opened.
        table: gives the vectors of the listed words by that model.

    Raises:
        UnknownWord: no listed word is near what the text means, or it holds no word.
    """
    phrase = space.read(text)
    if not phrase.unknown and (phrase.words or phrase.excluded):
        return space.text(text)
    if not (phrase.words or phrase.excluded):  # of another language, where no word parts it
        whole = read_phrase(text, any_word)
        phrase = Phrase(excluded=whole.excluded, unknown=[whole.kept] if whole.kept else [])
        if not (phrase.unknown or phrase.excluded):
            return space.text(text)  # no word to ask the model about
    if _of_the_same_model(space, provider):
        return _points_of_its_own(space, phrase, provider)
    return _listed_words(space, phrase, provider, table())


def _of_the_same_model(space: Space, provider: SentenceProvider) -> bool:
    words = space.vocabulary.words
    probes = words[:: max(len(words) // _PROBES, 1)][:_PROBES]
    if provider.dim != space.dim:
        return False
    own = np.stack([space.vocabulary.vector(word) for word in probes])
    cosines = np.einsum("nd,nd->n", own, provider.vectors(probes))
    return bool(np.median(cosines) >= AGREE)  # a few words have the vector of their sense


def _points_of_its_own(space: Space, phrase: Phrase, provider: SentenceProvider) -> TextQuery:
    def points(names: list[str]) -> NDArray[np.float32]:
        found = [space.vocabulary.find(name) for name in names]
        vectors = [
            provider.vector(name) if vector is None else vector
            for name, vector in zip(names, found, strict=True)
        ]
        return space.transform.apply(np.stack(vectors)) if vectors else space.prototypes([])

    read = replace(
        phrase,
        words=[*phrase.words, *phrase.unknown_wanted],
        excluded=[*phrase.excluded, *phrase.unknown_excluded],
        unknown=[],
        unknown_excluded=[],
    )
    return TextQuery(read, points(read.words), points(read.excluded))


def _listed_words(
    space: Space, phrase: Phrase, provider: SentenceProvider, table: NDArray[np.floating]
) -> TextQuery:
    taken = dict[str, str]()
    for text in (*phrase.unknown, *phrase.excluded):
        if space.vocabulary.listed(text) is None:
            cosines = unit(table) @ provider.vector(text)
            if cosines.max() >= LEAST:
                taken[text] = space.vocabulary.words[int(cosines.argmax())]
    wanted = [taken[text] for text in phrase.unknown_wanted if text in taken]
    left_out = [taken[text] for text in phrase.unknown_excluded if text in taken]
    excluded = [taken.get(text, text) for text in phrase.excluded]
    read = replace(
        phrase,
        words=list(dict.fromkeys([*phrase.words, *wanted])),
        excluded=list(dict.fromkeys([*excluded, *left_out])),
        unknown=[text for text in phrase.unknown if text not in taken],
        unknown_excluded=[text for text in phrase.unknown_excluded if text not in taken],
        taken_for=taken,
    )
    if not (read.words or read.excluded):
        raise UnknownWord(
            f"to {provider.spec}, {' '.join(phrase.unknown)!r} means none of the {len(table):,}"
            " known words; name a thing, a scene or a part"
        )
    lost = space.missing(read.excluded)
    read.excluded = [name for name in read.excluded if name not in lost]
    read.unknown += lost
    return TextQuery(read, space.prototypes(read.words), space.prototypes(read.excluded))
