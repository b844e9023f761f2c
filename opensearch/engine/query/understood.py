"""How a query was understood, in one place, so that whoever asked can check it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from opensearch.errors import brief
from opensearch.semantic import Phrase

WORDS = 8
"""Up to so many words are each searched for separately; more are searched for by their mean."""
SOME = 5
"""For at most so many unknown words near ones are looked up: each is compared with thousands."""


@dataclass(frozen=True)
class TakenAs:
    """The domain that a file of a query was taken for; `sure` if it was given, or is certain."""

    name: str
    domain: str
    sure: bool


@dataclass
class Understood:
    """How a query was read.

    Attributes:
        words: what its text was searched for.
        excluded: words of the text that the query moves away from.
        not_counted: words of the text that say how many, what kind or what is done: the space has
            no place for them.
        unknown: words of the text without a vector, each with known words that are spelt alike.
        taken_for: texts that a sentence model found the nearest known words of, with these.
        files: what its files were taken for, those it moves away from last.
    """

    words: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    taken_for: dict[str, str] = field(default_factory=dict)
    files: list[TakenAs] = field(default_factory=list)

    def to_dict(self, whole: bool = False) -> dict[str, Any]:
        """As plain JSON types; what is empty is left out unless it is to be `whole`."""
        return {name: value for name, value in asdict(self).items() if value or whole}

    def remarks(self) -> list[str]:
        """What whoever asked may not expect, in sentences; nothing for one name alone."""
        told = [f"left out: {', '.join(self.excluded)}"] if self.excluded else []
        if self.not_counted:
            told.append(
                f"not counted: {', '.join(self.not_counted)}"
                " (things count, not how they look, how many they are or what they do)"
            )
        told += [
            f"no vector for {word}" + (f" (similar words: {', '.join(near)})" if near else "")
            for word, near in self.unknown.items()
        ]
        told += [f"{text!r} taken for {word}" for text, word in self.taken_for.items()]
        if not told and len(self.words) < 2:
            return []
        searched = [f"searched for {_listed(self.words)}"] if self.words else []
        if len(self.words) > WORDS:
            mean = f"searched for the mean of {_listed(self.words)}"
            searched = [f"{mean}: up to {WORDS} words are each searched for"]
        return [brief("; ".join(searched + told))]


def understood_text(phrase: Phrase, near: Callable[[str], Sequence[str]]) -> Understood:
    """What was made of a text.

    Args:
        phrase: as the space has read it.
        near: known words that are spelt like one.
    """
    unknown = {
        word: list(near(word)) if place < SOME else [] for place, word in enumerate(phrase.unknown)
    }
    return Understood(phrase.words, phrase.excluded, phrase.not_counted, unknown, phrase.taken_for)


def _listed(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
