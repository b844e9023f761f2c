"""Embeddings of whole names by a sentence model, an optional extra."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.extras import require
from opensearch.semantic.names import normalise
from opensearch.semantic.sphere import unit


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


def open_sentence(argument: str, wanted: Sequence[str] | None = None) -> SentenceProvider:
    """Load `sentence:MODEL`: a sentence-transformers name, or a local folder (offline).

    Raises:
        MissingExtra: the package sentence-transformers is not installed.
        InvalidInput: no model of that name can be loaded.
    """
    return SentenceProvider(argument)


@lru_cache(maxsize=2)
def _sentence_model(model: str) -> Any:
    """The model, loaded once a process: a query must not pay for it again."""
    require("sentence:MODEL", "sentence_transformers")
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(model, device="cpu")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"no sentence model {model!r} can be loaded: {error}") from error
