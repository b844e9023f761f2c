"""One spelling for category names and words, whoever wrote them."""

from __future__ import annotations

import re

_SENSE = re.compile(r"^(?P<base>[^()]+)\((?P<sense>[^()]+)\)$")
_GAPS = re.compile(r"[\s_\-‐-―]+")


def normalise(name: str) -> str:
    """The one spelling of a name: lower case, single spaces, sense in brackets.

    `Hot-Air_Balloon` becomes `hot air balloon`, `bat_(animal)` becomes `bat (animal)`.
    The plural is not touched here, because `glasses` and `glass` may both be words;
    `spellings` tries it second.

    Args:
        name: a category, folder name or word as written.

    Returns:
        The normal spelling; empty if `name` holds only spaces and dashes.
    """
    text = name.casefold().strip()
    found = _SENSE.match(text)
    if not found:
        return _gapless(text)
    return f"{_gapless(found['base'])} ({_gapless(found['sense'])})"


def spellings(name: str) -> list[str]:
    """Normal spellings under which a name may be listed, the likeliest first.

    As written, then the singular, then the plural of the word before the sense.
    """
    text = normalise(name)
    base, bracket, sense = text.partition(" (")
    if not base:
        return []
    forms = [base, singular(base), plural(base)]
    return list(dict.fromkeys(form + bracket + sense for form in forms))


def words_of(name: str) -> list[str]:
    """The single words of a name, those of its sense included."""
    return re.sub(r"[()]", " ", normalise(name)).split()


def singular(word: str) -> str:
    """The singular by the regular English rules; `word` itself where none applies."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """The plural by the regular English rules; `word` itself if it looks like one."""
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def _gapless(text: str) -> str:
    return _GAPS.sub(" ", text).strip()
