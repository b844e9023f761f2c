"""Embeddings of whole names by a sentence model, an optional extra."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from textwrap import shorten
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.extras import installed, require
from opensearch.semantic.names import normalise
from opensearch.semantic.sphere import unit

MULTILINGUAL: Final = "paraphrase-multilingual-MiniLM-L12-v2"
"""A small model of some fifty languages, under Apache-2.0; it is fetched where it is named."""


_PATIENCE, _REMEMBERED = 5, 60
"""Seconds to wait for each address of the hub, and for which its silence is remembered."""


def is_path(model: str) -> bool:
    """Whether a model is named as a folder of this machine, be it there or not."""
    parts = model.split("/")
    return (
        model.startswith((".", "/", "~"))
        or "\\" in model
        or len(parts) > 2  # a name is MODEL or OWNER/MODEL
        or not all(parts)
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
    """The model, loaded once a process: a query must not pay for it again.

    One of this machine is loaded without a look at the network, and only a name that is not here
    is asked for there.
    """
    require("sentence:MODEL", "sentence_transformers")
    from sentence_transformers import SentenceTransformer

    if is_path(model) and not Path(model).is_dir():
        raise InvalidInput(f"no sentence model {model!r}: there is no such folder")
    try:
        try:
            with _no_bars():
                return SentenceTransformer(model, device="cpu", local_files_only=True)
        except (OSError, ValueError):
            if Path(model).is_dir() or _is_offline():
                raise
        if not _hub_answers(int(time.monotonic() // _REMEMBERED)):
            raise OSError(f"it is not on this machine, and {_hub()} does not answer")
        return SentenceTransformer(model, device="cpu")
    except Exception as error:  # its libraries raise classes of their own
        reason = shorten(str(error), 200, placeholder=" (...)").rstrip(".")
        raise InvalidInput(
            f"no sentence model {model!r} can be loaded: {reason}. Name the folder of one, or,"
            " with a network, one that sentence-transformers can fetch by its name"
        ) from error


@contextmanager
def _no_bars() -> Iterator[None]:
    """What loads in an instant shows no bar of progress, as transformers does by itself."""
    if not installed("transformers"):
        yield
        return
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _is_offline() -> bool:
    """Whether nothing can be fetched, or the user has said that nothing is."""
    if not installed("huggingface_hub"):
        return True
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _hub() -> str:
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


@lru_cache(maxsize=1)
def _hub_answers(minute: int) -> bool:
    """Whether the hub can be reached: its own client tries for minutes, file by file.

    Args:
        minute: of now; the answer is remembered for so long.
    """
    try:
        urlopen(Request(_hub(), method="HEAD"), timeout=_PATIENCE).close()
    except HTTPError:
        return True
    except URLError as error:  # that its certificate is not known here, its client may see better
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, ValueError, HTTPException):
        return False
    return True
