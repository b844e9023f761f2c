"""Phrases in English: which of their words name things, which say what is to be left out.

The space has a point for a thing, a scene or a part. It has none for a colour, a size, a material,
a number or what is done: such words are told, not averaged in. `phrases.tsv` lists the closed
classes of words that this takes. No grammar is needed beyond what stands beside a word: names are
matched longest first, and the rest is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from opensearch.semantic.tokens import Token, tokens_of

LONGEST: Final = 6
"""Words of a listed name at most, when a phrase is cut into pieces."""

Find = Callable[[str], str | None]
"""The name under which a word or several are listed, `None` where they are not."""

_ACTION: Final = re.compile(r"\w{2,}(ing|ings|ed|ly|ish|est)")
"""Endings of words that name no thing, unless they are listed or nearly so."""


@dataclass
class Phrase:
    """A text as it was read.

    Attributes:
        words: listed names of what is wanted, in order.
        excluded: listed names of what is to be left out.
        not_counted: words that name no thing, as they were written.
        unknown: words that are neither.
        kept: the text without what is to be left out.
        taken_for: texts that a sentence model found the listed names of, with these.
    """

    words: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    kept: str = ""
    taken_for: dict[str, str] = field(default_factory=dict)


@dataclass
class _Piece:
    """Words that are one name, or of one class of `phrases.tsv`.

    Attributes:
        text: as it was written.
        kind: `name`, `unknown` or a class.
        name: as it is listed, `None` where it is not.
        minus: whether a minus stands before it.
        end: whether a stop stands behind it.
    """

    text: str
    kind: str
    name: str | None = None
    minus: bool = False
    end: bool = False


def read_phrase(text: str, find: Find, near: Callable[[str], bool] = lambda word: False) -> Phrase:
    """Read a phrase.

    Args:
        text: in any case, of names joined by spaces, hyphens or underscores.
        find: looks up names; asked once for each.
        near: whether a listed name is spelt so nearly alike that a word may be meant for it.
    """
    pieces = _settled(list(_pieces(tokens_of(text), cache(find), near)))
    phrase = _sorted_out(pieces)
    # "red", or "wooden -chair": what is there must be what is meant
    if not (phrase.words or phrase.unknown):
        named = [p for p in pieces if p.name and p.text in phrase.not_counted]
        phrase.words = list(dict.fromkeys(piece.name for piece in named if piece.name))
        for text in {piece.text for piece in named}:
            phrase.not_counted.remove(text)
    return phrase


def any_word(name: str) -> str | None:
    """A `Find` that knows every single word."""
    return None if " " in name else name


_TOLD: Final = ("look", "action", "count", "either", "before of")
"""Classes that are told as not counted."""


@lru_cache(maxsize=1)
def classes() -> dict[str, str]:
    """The class of each word of `phrases.tsv`."""
    with (files(__package__) / "phrases.tsv").open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {word: kind for kind, words in rows for word in words.split("; ")}


def _pieces(tokens: list[Token], find: Find, near: Callable[[str], bool]) -> Iterator[_Piece]:
    """Tokens as the longest pieces that are known, read from the left."""
    rest = tokens
    while rest:
        size, piece = _longest(rest[:LONGEST], find)
        if piece is None:
            piece = _single(rest[0].text, find, near)
            parts = rest[0].parts() if piece.kind == "unknown" else []
            if len(parts) > 1 and _makes_sense([part.text for part in parts], find):
                rest = parts + rest[1:]
                continue
        piece.minus, piece.end = rest[0].minus, bool(rest[size - 1].end)
        yield piece
        rest = rest[size:]


def _makes_sense(parts: list[str], find: Find) -> bool:
    """Whether parts of a word are a name, or names beside numbers and codes."""
    alone = (find(part) or part.isdecimal() or len(part) == 1 for part in parts)
    return find(" ".join(parts)) is not None or all(alone)


def _longest(tokens: Sequence[Token], find: Find) -> tuple[int, _Piece | None]:
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


def _whole(tokens: Sequence[Token], find: Find) -> tuple[int, _Piece | None]:
    for size in range(len(tokens), 1, -1):
        some = tokens[:size]
        if len({token.minus for token in some}) > 1 and not some[0].minus:
            continue
        written = _written(some)
        text = " ".join(token.text for token in some)
        whole = not any(token.end for token in some[:-1])
        name = find(written) or ((find(text) or find(text.strip("'"))) if whole else None)
        kind = classes().get(written, "name" if name else None)
        if kind:
            return size, _Piece(text, kind, name)
    return 1, None


def _written(tokens: Sequence[Token]) -> str:
    """Tokens with the stops between them: `st. bernard`, `kite (bird)`."""
    text = " ".join(token.text + token.end for token in tokens[:-1]) + f" {tokens[-1].text}"
    return text.replace("( ", " (") + (")" if tokens[-1].end.startswith(")") else "")


def _single(text: str, find: Find, near: Callable[[str], bool]) -> _Piece:
    kind = classes().get(text) or classes().get(text.strip("'"))
    if kind in ("skip", "link", "turn", "none", "hardly"):
        return _Piece(text, kind)
    name = find(text) or (find(text.removesuffix("'s").strip("'")) if "'" in text else None)
    if kind:
        return _Piece(text, kind, name)
    if name:
        return _Piece(text, "name", name)
    if text.isdecimal() or (len(text) == 1 and text.isascii()):  # of numbers and codes
        return _Piece(text, "count")
    return _Piece(text, "look" if _ACTION.fullmatch(text) and not near(text) else "unknown")


def _settled(pieces: list[_Piece]) -> list[_Piece]:
    """Words of two uses settled: a look before a name or a measure before `of`, else a name."""
    leads = ""
    for piece in reversed(pieces):
        follows = "" if piece.end else leads
        if piece.kind == "before of" and piece.name and follows != "of":
            piece.kind = "name"
        if piece.kind == "either" and piece.name and follows != "name":
            piece.kind = "name"
        if piece.kind in ("name", "unknown"):
            leads = "name"
        elif piece.kind == "before of" and follows == "of":
            leads = "of"  # front view of
        elif piece.kind not in ("look", "either", "count") or piece.end:
            leads = piece.text if piece.kind == "link" else ""
        if piece.minus:
            leads = ""
    return pieces


def _sorted_out(pieces: list[_Piece]) -> Phrase:
    """The pieces by what becomes of them."""
    phrase, reach, before = Phrase(), _Reach(), _Piece("", "")
    for piece in pieces:
        reach.pass_over(piece)
        if reach.on and _of_one_look(before, piece):
            _add(phrase.not_counted, f"not {piece.text}")
            reach.on = False
        elif piece.kind in _TOLD:
            _add(phrase.not_counted, f"-{piece.text}" if piece.minus else piece.text)
        elif piece.kind == "unknown":
            _add(phrase.unknown, piece.text)
            reach.met = True
        elif piece.name:
            _add(phrase.excluded if reach.on or piece.minus else phrase.words, piece.name)
            reach.met = True
        if not (reach.on or piece.minus or piece.kind in ("none", "hardly")):
            phrase.kept = f"{phrase.kept} {piece.text}".lstrip()
        if piece.end or before.text == "non":
            reach.on = False
        before = piece
    return phrase


def _of_one_look(before: _Piece, piece: _Piece) -> bool:
    """Whether a negation is of one look alone: not red, non-metallic, non-fiction."""
    unknown = before.text == "non" and piece.kind == "unknown"
    return unknown or (before.kind == "hardly" and piece.kind == "look")


@dataclass
class _Reach:
    """How far a negation reaches: over names, until a word parts the phrase behind one."""

    on: bool = False
    met: bool = False

    def pass_over(self, piece: _Piece) -> None:
        """Begin or end at a piece."""
        if piece.kind in ("none", "hardly"):
            self.on, self.met = not self.on or self.met, False
        elif piece.kind == "turn" or (self.met and _parts(piece)):
            self.on = False


def _parts(piece: _Piece) -> bool:
    return piece.kind == "action" or (piece.kind == "link" and piece.text not in _JOIN)


_JOIN: Final = ("and", "or", "of", "y", "et", "und", "plus")
"""Links that join names in one negation: without wheels or doors."""


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
