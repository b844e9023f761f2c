"""Sources of word vectors behind one door: `open_provider("lexicon")` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput, UnknownWord
from opensearch.semantic.lexicon import open_lexicon
from opensearch.semantic.sentence import open_sentence
from opensearch.semantic.tables import open_attributes, open_onehot, open_vectors


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


class ProviderKind(NamedTuple):
    """A kind of provider.

    Attributes:
        open: opens one, from what follows the colon of its spec, empty when nothing does, and
            the names that will be asked for, if they are known.
        wants: what must follow the colon, in capitals; empty for a kind that opens nothing.
        any_text: whether whole sentences have vectors, their colours and actions with them.
    """

    open: Callable[[str, Sequence[str] | None], Provider]
    wants: str = ""
    any_text: bool = False


PROVIDERS: Final[dict[str, ProviderKind]] = {
    "lexicon": ProviderKind(open_lexicon),
    "vectors": ProviderKind(open_vectors, "FILE"),
    "attributes": ProviderKind(open_attributes, "CSV"),
    "onehot": ProviderKind(open_onehot),
    "sentence": ProviderKind(open_sentence, "MODEL", any_text=True),
}
"""Every kind of provider. A new one is a module with what opens it, and a line here."""


def open_provider(spec: str, wanted: Sequence[str] | None = None) -> Provider:
    """Open a semantic provider by its spec.

    Args:
        spec: a key of `PROVIDERS`, and what it wants behind a colon: `vectors:FILE`.
        wanted: the names that will be asked for: `onehot` needs them, and large files of
            vectors then keep only those words.

    Returns:
        The provider.

    Raises:
        InvalidInput: no such kind, or a kind without what must follow the colon, or with more.
        UnreadableFile: the file is missing, damaged or of another format.
        MissingExtra: an optional package is not installed.
    """
    kind, _, argument = spec.partition(":")
    if kind not in PROVIDERS:
        raise InvalidInput(f"no semantic provider {kind!r}; known: {', '.join(PROVIDERS)}")
    wants = PROVIDERS[kind].wants
    if argument and not wants:
        raise InvalidInput(f"provider {kind!r} takes nothing after it, got {argument!r}")
    if wants and not argument:
        raise InvalidInput(f"provider {kind!r} needs what to open after a colon: {kind}:{wants}")
    return PROVIDERS[kind].open(argument, wanted)


def placed(spec: str) -> str:
    """A spec with the whole path of the file or folder it names, so that it is found anywhere."""
    kind, colon, place = spec.partition(":")
    return f"{kind}:{Path(place).absolute()}" if colon and Path(place).exists() else spec


def missing(provider: Provider, names: Iterable[str]) -> list[str]:
    """The names, in their order, that a provider has no vector for."""
    return [name for name in names if not _knows(provider, name)]


def _knows(provider: Provider, name: str) -> bool:
    try:
        provider.vector(name)
    except UnknownWord:
        return False
    return True
