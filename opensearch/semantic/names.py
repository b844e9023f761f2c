"""One spelling for category names and words, whoever wrote them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

_SENSE = re.compile(r"^(?P<base>[^()]+)\((?P<sense>[^()]+)\)$")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CODE = re.compile(r"[a-z]?\d+")
_NUMBER = re.compile(r"(?<=[a-z]{3})\d+$")
_QUOTES = str.maketrans("‘’ʼ", "'''")
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


def variants(name: str) -> list[str]:
    """Spellings for a name of which none of `spellings` is listed.

    Without accents, with irregular plurals made singular, and British for American or the other
    way round, as `twins.tsv` lists them.
    """
    text = normalise(name)
    plain = _without_accents(text.translate(_QUOTES))
    words, twins = plain.split(" "), _twins()
    forms = [plain.replace("'s ", " "), "".join(words) if len(words) == 2 else plain]
    forms += [" ".join([*words[:-1], twin]) for twin in twins.get(words[-1], ())]
    forms.append(" ".join((*twins.get(word, ()), word)[0] for word in words))
    return [
        form for each in dict.fromkeys([plain, *forms]) if each != text for form in spellings(each)
    ]


def without_codes(name: str) -> str:
    """The name of a category without what a data set numbers it by, in normal spelling.

    `n02123045_tabby_cat`, `001.ak47`, `02-chair` and `AlarmClock2` name a tabby cat, an ak 47, a
    chair and an alarm clock; of a name that is all numbers nothing is left.
    """
    words = normalise(_CAPITALS.sub(" ", name).replace(".", " ")).split()
    return " ".join(_NUMBER.sub("", word) for word in words if not _CODE.fullmatch(word))


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


def _without_accents(text: str) -> str:
    """Letters without the marks above and below them: `café` is listed as `cafe`."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=1)
def _twins() -> dict[str, list[str]]:
    """Other ways to write a word, by the word."""
    twins = dict[str, list[str]]()
    with (files(__package__) / "twins.tsv").open(encoding="utf-8") as file:
        for line in file:
            first, bar, second = line.rstrip("\n").partition("; ")
            if bar and not line.startswith("#"):
                twins.setdefault(first, []).append(second)
                twins.setdefault(second, []).append(first)
    return twins


def _gapless(text: str) -> str:
    return _GAPS.sub(" ", text).strip()
