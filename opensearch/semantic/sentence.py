"""Embeddings of whole names by a sentence model, an optional extra."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from textwrap import shorten
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.extras import installed, require
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
    if is_path(model) and not Path(model).is_dir():
        raise InvalidInput(f"no sentence model {model!r}: there is no such folder")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    answers = Path(model).is_dir() or _hub_answers()
    from sentence_transformers import SentenceTransformer

    try:
        with nullcontext() if answers else _without_network():
            return SentenceTransformer(model, device="cpu")
    except (OSError, ValueError) as error:
        reason = shorten(str(error), 200, placeholder=" (...)").rstrip(".")
        if not answers:
            reason = f"it is not on this machine, and {_HUB} does not answer"
        raise InvalidInput(
            f"no sentence model {model!r} can be loaded: {reason}. Name the folder of one, or,"
            " with a network, one that sentence-transformers can fetch by its name"
        ) from error


_HUB: Final = "https://huggingface.co"
_PATIENCE: Final = 5
"""Seconds to wait for the hub, once: its own client tries each of many files six times."""
_QUIET: Final = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Read when the libraries are first imported: no bars, and no line for each try of a request."""


def _hub_answers() -> bool:
    """Whether names can be looked up; not asked where the user has said that they are not."""
    if os.environ.get("HF_HUB_OFFLINE") or not installed("huggingface_hub"):
        return True  # the libraries know
    asked = Request(os.environ.get("HF_ENDPOINT") or _HUB, method="HEAD")
    try:
        urlopen(asked, timeout=_PATIENCE).close()
    except HTTPError:
        return True
    except (OSError, ValueError, HTTPException):
        return False
    return True


@contextmanager
def _without_network() -> Iterator[None]:
    """Let the libraries look for models on this machine alone."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
