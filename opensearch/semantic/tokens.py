"""A text cut into words, with the minus before each and the stops behind it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from opensearch.semantic.pictograms import PICTOGRAM, UNSEEN

_INNER: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")
"""Where a word may be cut that is not known as a whole."""
_FLAT: Final = str.maketrans(
    {"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-"}
)
_SHORT: Final = (
    (re.compile(r"(?<!\w)w/o(?:ut)?(?!\w)", re.IGNORECASE), "without"),
    (re.compile(r"(?<!\w)w/", re.IGNORECASE), "with "),
    (re.compile(r"(?<!\w)excl\.", re.IGNORECASE), "excluding"),
    (re.compile(r"(?<![\w-])(\w+)-free(?![\w-])", re.IGNORECASE), r'-"\1"'),
    (re.compile(r"(?<!\S)([-−–]+)'([^']+)'(?!\w)"), r'\1"\2"'),
)
"""Ways to write a text that are made one before it is read."""
_CLOSED_BY: Final = {'"': '"', "(": ")", "[": "]", "{": "}", "«": "»", "「": "」"}
_SOFT: Final = frozenset(_CLOSED_BY) | {":"}
_STOPS: Final = dict.fromkeys("-–—―−", ",") | {"\n": ":"}
"""Dashes between words part as a comma does, a new line as a colon does."""
_JOINERS: Final = "\u200c\u200d"
"""Not seen, and a part of the word between two letters, as in Persian."""


@dataclass
class Token:
    """A word of a text.

    Attributes:
        text: in small letters.
        raw: as it was written.
        minus: whether a minus stands before it.
        end: the stops that stand behind it.
        joined: whether a hyphen joins it to the word before.
    """

    text: str
    raw: str
    minus: bool = False
    end: str = ""
    joined: bool = False

    def parts(self) -> list[Token]:
        """What capitals and digits make of it: `AlarmClock`, `chair2`; itself where nothing."""
        words = _INNER.sub(" ", self.raw).split()
        parts = [Token(word.casefold(), word, self.minus) for word in words]
        parts[-1].end, parts[0].joined = self.end, self.joined
        return parts


def tokens_of(text: str) -> list[Token]:
    """The words of a text.

    A minus, or an exclamation mark where a minus could stand, belongs to the word behind it, or to
    each of those that brackets or quotes hold together there.
    """
    flat = _visible(unicodedata.normalize("NFKC", text)).translate(_FLAT)
    for short, long in _SHORT:
        flat = short.sub(long, flat)
    cut = _Cut()
    for found in _pattern(_marks(flat)).finditer(flat):
        if found["minus"]:
            cut.left_out(flat[found.end()])
        elif found["word"]:
            cut.words(found["word"])
        elif found["stop"]:
            cut.stop(found["stop"])
        cut.joined = bool(found["hyphen"])
    return cut.tokens


def is_soft(end: str) -> bool:
    """Whether the stops behind a word only open what comes: brackets, quotes, a colon."""
    return set(end) <= _SOFT


@dataclass
class _Cut:
    """What a text was cut into so far, and what holds for the next word."""

    tokens: list[Token] = field(default_factory=list)
    joined: bool = False
    minus: bool = False
    opens: str = ""
    closes: str = ""

    def left_out(self, ahead: str) -> None:
        """Begin to leave out: the next word, or all up to the end of what opens ahead."""
        self.minus = True
        self.opens = ahead if ahead in _CLOSED_BY else ""
        self.closes = _CLOSED_BY.get(ahead, "")

    def words(self, text: str) -> None:
        """Add a word, which several may be that underscores join."""
        for word in filter(None, text.split("_")):
            self.tokens.append(Token(word.casefold(), word, self.minus, joined=self.joined))
            self.joined = False
        self.minus = self.minus and bool(self.closes)

    def stop(self, text: str) -> None:
        """Add a stop, or open or close what is left out together."""
        if text == self.opens:
            self.opens = ""
        elif text == self.closes:
            self.minus, self.closes = False, ""
        if self.tokens:
            self.tokens[-1].end += _STOPS.get(text[0], text)


@lru_cache(maxsize=64)
def _pattern(marks: str) -> re.Pattern[str]:
    """What cuts a text, in whose script these marks are parts of words."""
    letter, opening = rf"[\w{marks}]", re.escape("".join(_CLOSED_BY))
    before = rf"(?<![\w{marks})\]}}»'!–−-])"  # signs in a row are looked at once
    return re.compile(
        rf"(?P<minus>{before}(?:[-−–]+|!+)(?=[\w{opening}]|{PICTOGRAM}))"
        rf"|(?P<word>{PICTOGRAM}|\w{letter}*(?:'{letter}+)*'?)"
        rf"|(?P<hyphen>(?<={letter})-(?={letter}))"
        r"|(?P<stop>(?<=\s)-+(?=\s|$)|\n|[^\s\w'-])"
        r"|[\s'_-]"
    )


def _marks(text: str) -> str:
    """The characters of a text that are parts of words beside letters: vowels of many scripts."""
    marks = {char for char in text if unicodedata.category(char)[0] == "M" or char in _JOINERS}
    return "".join(sorted(marks))


def _visible(text: str) -> str:
    """A text without characters that are not seen; those that part or join words do so."""
    text = UNSEEN.sub("", text.replace("\u200b", " "))
    return "".join(
        char
        for at, char in enumerate(text)
        if unicodedata.category(char) != "Cf"
        or (char in _JOINERS and text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha())
    )
