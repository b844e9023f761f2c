"""Embeddings of whole names by a sentence model, an optional extra."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.extras import require
from opensearch.semantic.names import normalise
from opensearch.semantic.sphere import unit

MULTILINGUAL: Final = "paraphrase-multilingual-MiniLM-L12-v2"
"""A small model of some fifty languages, under Apache-2.0; it is fetched where it is named."""


def is_path(model: str) -> bool:
    """Whether a model is named as a folder of this machine, be it there or not."""
    parts = model.split("/")
    return (
        model.startswith((".", "/", "~"))
        or "\\" in model
        or len(parts) > 2  # a name is MODEL or OWNER/MODEL
        or not all(parts)
        or (len(parts) == 2 and Path(parts[0]).is_dir())
    )


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
        vector: NDArray[np.float32] = self.vectors([word])[0]
        return vector

    def vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """The unit embeddings of names, one or more, shape (n, d)."""
        texts = [normalise(word) for word in words]
        if not all(texts):
            raise UnknownWord(f"{words[texts.index('')]!r} holds no word to embed")
        return unit(np.asarray(self._model.encode(texts), dtype=np.float32))


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
        reason = " ".join(str(error).split())[:200]
        raise InvalidInput(
            f"no sentence model {model!r} can be loaded: {reason}. Name the folder of one, or,"
            " with a network, one that sentence-transformers can fetch by its name"
        ) from error
