"""The pieces of a phrase: listed names, longest first, and words that `phrases.tsv` classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from opensearch.semantic.pictograms import names_of
from opensearch.semantic.tokens import Token

LONGEST: Final = 6
"""Words of a listed name at most, when a phrase is cut into pieces."""

Find = Callable[[str], str | None]
"""The name under which a word or several are listed, `None` where they are not."""

_ATTRIBUTE: Final = re.compile(
    r"\w{2,}(ing|ings|ed|ly|ish|est|less|ful|like|ous|able|ible|ese|esque)"
)
"""Endings of words that name no thing, unless they are listed or nearly so."""
_MEASURE: Final = re.compile(r"\d+([a-z]{1,3})")
_CONTRACTED: Final = re.compile(r"(\w+)'(?:m|d|s|ll|re|ve)")
_SAID_NO_MORE: Final = ("skip", "link", "turn", "none", "hardly")


@dataclass
class Piece:
    """Words that are one name, or of one class of `phrases.tsv`.

    Attributes:
        text: as it was written.
        kind: `name`, `unknown` or a class.
        name: as it is listed, `None` where it is not.
        minus: whether a minus stands before it.
        end: the stops that stand behind it.
        joined: whether a hyphen joins it to the piece before.
        out: whether it is to be left out, or says how what is left out looks.
        negated: whether it is a look that something is not to have.
    """

    text: str
    kind: str
    name: str | None = None
    minus: bool = False
    end: str = ""
    joined: bool = False
    out: bool = False
    negated: bool = False


@lru_cache(maxsize=1)
def classes() -> dict[str, str]:
    """The class of each word of `phrases.tsv`, written without hyphens, as pieces are."""
    with (files(__package__) / "phrases.tsv").open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {word.replace("-", " "): kind for kind, words in rows for word in words.split("; ")}


def pieces_of(tokens: Sequence[Token], find: Find, near: Callable[[str], bool]) -> Iterator[Piece]:
    """Tokens as the longest pieces that are known, read from the left.

    Args:
        tokens: of a text.
        find: looks up names.
        near: whether a listed name is spelt nearly like a word.
    """
    rest = list(reversed(tokens))  # from its end: what is taken off a list's front moves the rest
    while rest:
        ahead = rest[: -LONGEST - 1 : -1]
        size, piece = _longest(ahead, find)
        first, last = ahead[0], ahead[size - 1]
        if piece is None:
            piece = _single(first.text, find, near)
            parts = first.parts() if piece.kind == "unknown" else []
            if len(parts) > 1 and _makes_sense([part.text for part in parts], find):
                rest[-1:] = reversed(parts)
                continue
        piece.minus, piece.joined, piece.end = first.minus, first.joined, last.end
        yield piece
        del rest[-size:]


def _makes_sense(parts: list[str], find: Find) -> bool:
    """Whether parts of a word are a name, or names beside numbers and codes."""
    alone = (find(part) or part.isdecimal() or len(part) == 1 for part in parts)
    return find(" ".join(parts)) is not None or all(alone)


def _longest(tokens: Sequence[Token], find: Find) -> tuple[int, Piece | None]:
    """How many tokens are one name, and the name; 1 and none where not even two are.

    A look gives way to a longer name behind it: "red fire truck" is a fire truck, though a red
    fire is listed, too.
    """
    size, piece = _whole(tokens, find)
    if piece and piece.kind == "name" and classes().get(tokens[0].text) in ("look", "either"):
        later, _ = _whole(tokens[1:], find)
        if later >= size > 1:
            return 1, None
    return size, piece


def _whole(tokens: Sequence[Token], find: Find) -> tuple[int, Piece | None]:
    for size in range(len(tokens), 1, -1):
        some = tokens[:size]
        if len({token.minus for token in some}) > 1 and not some[0].minus:
            continue
        written = _written(some)
        text = " ".join(token.text for token in some)
        whole = not any(token.end for token in some[:-1])
        name = find(written) or ((find(text) or find(text.strip("'"))) if whole else None)
        kind = classes().get(written, "name" if name else None)
        if kind == "name" and _depicts(some[-1].text):
            kind = "before of"  # line drawing of
        if kind:
            return size, Piece(text, kind, name)
    return 1, None


def _depicts(word: str) -> bool:
    return classes().get(word) == "depiction" or word in ("painting", "paintings")


def _written(tokens: Sequence[Token]) -> str:
    """Tokens with the stops between them: `st. bernard`, `kite (bird)`."""
    text = " ".join(token.text + token.end for token in tokens[:-1]) + f" {tokens[-1].text}"
    return text.replace("( ", " (") + (")" if tokens[-1].end.startswith(")") else "")


def _single(text: str, find: Find, near: Callable[[str], bool]) -> Piece:
    kind = classes().get(text) or classes().get(text.strip("'"))
    if kind in _SAID_NO_MORE:
        return Piece(text, kind)
    name = find(text) or (find(text.removesuffix("'s").strip("'")) if "'" in text else None)
    name = name or next(filter(None, map(find, names_of(text))), None)
    if kind or name:
        return Piece(text, kind or "name", name)
    if kind := _of_no_name(text, find):
        return Piece(text, kind)
    return Piece(text, "look" if _ATTRIBUTE.fullmatch(text) and not near(text) else "unknown")


def _of_no_name(text: str, find: Find) -> str | None:
    """The class of numbers, codes, measures and contractions."""
    measure, short = _MEASURE.fullmatch(text), _CONTRACTED.fullmatch(text)
    if text.isdecimal() or (len(text) == 1 and text.isascii()):
        return "count"
    if measure and not find(measure[1]):
        return "count"
    if short and classes().get(short[1]) == "skip":
        return "skip"  # I'm, that's
    return "hardly" if text.endswith("n't") else None
