"""The words that a model knows: by beginning, meaning and spelling; and how a text is read."""

from __future__ import annotations

from pathlib import Path

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine.checking import checked
from opensearch.engine.lifecycle.places import is_index, open_place
from opensearch.engine.query.sentences import text_points
from opensearch.engine.query.understood import Understood, understood_text
from opensearch.errors import InvalidInput
from opensearch.model import Model
from opensearch.records import Where
from opensearch.semantic import Phrase, Space


class Words:
    """What can be searched for by text; open one with `open`.

    Attributes:
        space: the semantic space of a model.
    """

    def __init__(self, space: Space) -> None:
        if not isinstance(space, Space):
            raise InvalidInput("words are opened by `Words.open(path)`, of an index or a model")
        self.space = space

    @classmethod
    @checked()
    def open(cls, path: str | Path | None = None) -> Words:
        """The words of a model or of an index, of the shipped starter by default.

        Raises:
            BundleError: no model is there, or it is damaged.
            StoreError: the index is damaged.
        """
        where: Where = starter_model() if path is None else path  # type: ignore[assignment]  # checked
        if isinstance(where, Path) and not is_index(where):
            bundle = Bundle.open(where)
        else:
            bundle = open_place(where).open_model()
        return cls(Model(bundle).space)

    def __repr__(self) -> str:
        """How many there are."""
        return f"<Words: {len(self):,}>"

    def __len__(self) -> int:
        return len(self.space.vocabulary.words)

    @checked()
    def starting(self, prefix: str = "") -> list[str]:
        """The words that begin so, sorted; all of them by default."""
        return self.space.vocabulary.starting(prefix)

    @checked()
    def near(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """The words nearest to a word by meaning, with their cosines, nearest first.

        Raises:
            UnknownWord: the word is not known.
        """
        return self.space.near(word, count)

    @checked()
    def alike(self, word: str, count: int = 10) -> list[str]:
        """The words and other names of words that are spelt most like a word, best first."""
        return self.space.vocabulary.near(word, count)

    @checked()
    def read(self, text: str, sentence: str | None = None) -> Understood:
        """How a text would be understood, without a search.

        Args:
            text: as in `Query`.
            sentence: as in `Query`, too; with one, a text that means nothing known is an error.

        Raises:
            InvalidInput: the text is a book, not a query.
            UnknownWord: the sentence model finds no known word near to it.
        """
        space = self.space
        phrase = space.read(text)
        if sentence is not None and phrase != Phrase():  # of "!!!" there is nothing to ask
            phrase = text_points(space, text, sentence).phrase
        return understood_text(phrase, space.vocabulary.offers)
