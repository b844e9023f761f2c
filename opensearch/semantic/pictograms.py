"""Pictograms (emoji) in a text, and the names that Unicode gives them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

PICTOGRAM: Final = (
    "[\U0001f1e6-\U0001f1ff]{2}|[\U0001f000-\U0001faff⌚⏰☂☃☎☔☕⚓⚽⚾⛄⛪⛲⛳⛵⛺⛽✂✈]"
)
"""One in a text, as a pattern: a flag or a picture. Hearts, stars and ticks mostly decorate."""
UNSEEN: Final = re.compile("[\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")
"""Selectors and shades of skin, which change how one looks and not what it is."""
_SIGNS: Final = ("So", "Sm", "Sk", "Po")
_LOOKS: Final = re.compile(r"\b(black|white|heavy|face|sign|symbol|emoji|with .*)\b")


def names_of(text: str) -> Iterator[str]:
    """Names under which what a pictogram shows may be listed, the likeliest first.

    Its name in Unicode, the same without words of looks, and what it is one of: a dog face is a
    dog, a slice of pizza is a pizza. A text that is no single pictogram has none.
    """
    if len(text) == 1 and unicodedata.category(text) in _SIGNS:
        full = unicodedata.name(text, "").lower()
        plain = " ".join(_LOOKS.sub(" ", full).split())
        yield from filter(None, (full, plain, plain.rpartition(" of ")[2]))
