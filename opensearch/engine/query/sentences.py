"""A text by a sentence model, whose vectors of the known words are kept on disk."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.tensors import write_atomic
from opensearch.files import read_regular, reading_arrays
from opensearch.semantic import Space, TextQuery
from opensearch.semantic.any_text import text_by_sentences
from opensearch.semantic.sentence import SentenceProvider, open_sentence
from opensearch.training.cache import cache_folder


def text_points(space: Space, text: str, sentence: str | None) -> TextQuery:
    """The points of a text; what is not listed is asked of a sentence model, if one is named.

    Raises:
        UnknownWord: no word of it is known.
        MissingExtra: the package of sentence models is not installed.
        InvalidInput: there is no such model.
    """
    if sentence is None:
        return space.text(text)
    model = open_sentence(sentence)
    return text_by_sentences(space, text, model, lambda: _kept(space, model))


def _kept(space: Space, model: SentenceProvider) -> NDArray[np.floating]:
    """The model's vectors of the listed words, made once: fifteen thousand take a minute."""
    words = space.vocabulary.words
    made_of = "\n".join(words).encode() + model.vector(words[0]).astype(np.float16).tobytes()
    file = cache_folder() / f"words-{hashlib.sha256(made_of).hexdigest()[:16]}.npy"
    with suppress(OSError, ValueError), reading_arrays():
        kept: NDArray[np.floating] = np.load(BytesIO(read_regular(file)), allow_pickle=False)
        if kept.shape == (len(words), model.dim):
            return kept
    vectors = model.vectors(words).astype(np.float16)
    data = BytesIO()
    np.save(data, vectors, allow_pickle=False)
    with suppress(OSError):  # a machine that keeps nothing makes them again
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, data.getvalue())
    return vectors
