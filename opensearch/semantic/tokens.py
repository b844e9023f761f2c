"""A text cut into words, with the minus before each and the stops behind it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"(?P<minus>(?<![^\s(\"])[-−–]+(?=[\"\w]))|(?P<word>\w+(?:'\w+)*'?)|(?P<end>[^\s\w'_-])|[\s'_]+|-"
)
_INNER: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")
"""Where a word may be cut that is not known as a whole."""
_FLAT: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"'})
_SHORT: Final = (
    (re.compile(r"(?<!\w)w/o(?!\w)", re.IGNORECASE), "without"),
    (re.compile(r"(?<!\w)w/", re.IGNORECASE), "with "),
    (re.compile(r"(?<!\S)([-−–]+)'([^']+)'(?!\w)"), r'\1"\2"'),
)
"""Ways to write a text that are made one before it is read."""


@dataclass
class Token:
    """A word of a text.

    Attributes:
        text: in small letters.
        raw: as it was written.
        minus: whether a minus stands before it.
        end: the stops that stand behind it.
    """

    text: str
    raw: str
    minus: bool = False
    end: str = ""

    def parts(self) -> list[Token]:
        """What capitals and digits make of it: `AlarmClock`, `chair2`; itself where nothing."""
        words = _INNER.sub(" ", self.raw).split()
        parts = [Token(word.casefold(), word, self.minus) for word in words]
        parts[-1].end = self.end
        return parts


def tokens_of(text: str) -> list[Token]:
    """The words of a text; a minus before quoted words stands before each of them."""
    flat = unicodedata.normalize("NFKC", text).translate(_FLAT)
    for short, long in _SHORT:
        flat = short.sub(long, flat)
    tokens, minus, quoted = list[Token](), False, False
    for found in _TOKEN.finditer(flat):
        if found["minus"]:
            minus, quoted = True, flat.startswith('"', found.end())
        elif found["word"]:
            words = filter(None, found["word"].split("_"))
            tokens += [Token(word.casefold(), word, minus) for word in words]
            minus = minus and quoted
        elif found["end"]:
            opens = found["end"] == '"' and minus and not (tokens and tokens[-1].minus)
            minus = quoted = minus and opens
            if tokens:
                tokens[-1].end += found["end"]
    return tokens
