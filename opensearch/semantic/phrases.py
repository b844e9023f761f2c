"""Phrases in English: which of their words name things, which say what is to be left out.

The space has a point for a thing, a scene or a part. It has none for a colour, a size, a material,
a number or what is done: such words are told, not averaged in. `phrases.tsv` lists the closed
classes of words that this takes. No grammar is needed beyond what stands beside a word: names are
matched longest first, and the rest is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final

from opensearch.semantic.pieces import Find, Piece, pieces_of
from opensearch.semantic.tokens import is_soft, tokens_of
from opensearch.semantic.uses import ARTICLES, settled


@dataclass
class Phrase:
    """A text as it was read.

    Attributes:
        words: listed names of what is wanted, in order.
        excluded: listed names of what is to be left out.
        not_counted: words that name no thing, as they were written.
        unknown: words that are neither.
        unknown_excluded: those of them that are to be left out.
        kept: the text without what is to be left out.
        taken_for: texts that a sentence model found the listed names of, with these.
    """

    words: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unknown_excluded: list[str] = field(default_factory=list)
    kept: str = ""
    taken_for: dict[str, str] = field(default_factory=dict)

    @property
    def unknown_wanted(self) -> list[str]:
        """Unknown words that are not to be left out."""
        return [word for word in self.unknown if word not in self.unknown_excluded]


def read_phrase(text: str, find: Find, near: Callable[[str], bool] = lambda word: False) -> Phrase:
    """Read a phrase.

    Args:
        text: in any case, of names joined by spaces, hyphens or underscores.
        find: looks up names; asked once for each.
        near: whether a listed name is spelt so nearly alike that a word may be meant for it.
    """
    pieces = settled(list(pieces_of(tokens_of(text), cache(find), near)))
    _negate(pieces)
    phrase = _sorted_out(pieces)
    # "red", or "wooden -chair": what is there must be what is meant
    if not (phrase.words or phrase.unknown_wanted):
        named = [p for p in pieces if p.name and p.text in phrase.not_counted and not p.out]
        phrase.words = list(dict.fromkeys(piece.name for piece in named if piece.name))
        for text in {piece.text for piece in named}:
            phrase.not_counted.remove(text)
    # a bar alone is no bar of something
    if len(pieces) == 1 and pieces[0].kind == "before of" and not phrase.words:
        phrase.unknown, phrase.not_counted = phrase.not_counted, []
    return phrase


def any_word(name: str) -> str | None:
    """A `Find` that knows every single word."""
    return None if " " in name else name


_TOLD: Final = ("look", "action", "count", "either", "before of", "depiction", "feature")
"""Classes that are told as not counted."""
_DEGREES: Final = ("very", "so", "too", "quite", "really", "that", "all", "particularly", "overly")
"""Words between a negation and a look: not too big."""
_LISTED: Final = ("name", "unknown", "look", "either", "count")


def _negate(pieces: list[Piece]) -> None:
    """Mark what is to be left out, and looks that something is not to have."""
    reach, before = _Reach(), Piece("", "")
    for piece, goes_on in zip(pieces, _goes_on(pieces), strict=True):
        reach.pass_over(piece)
        piece.negated = reach.on and _of_one_look(before, piece)
        reach.on = reach.on and not piece.negated
        piece.out = reach.on or piece.minus
        reach.met = reach.met or piece.kind == "unknown" or _names(piece)
        if before.text == "non" or (piece.end and (reach.met or not is_soft(piece.end))):
            reach.on = reach.on and reach.met and goes_on
        if piece.text not in _DEGREES or piece.end:
            before = piece
    _spare_what_is_wanted(pieces)


def _goes_on(pieces: Sequence[Piece]) -> list[bool]:
    """Whether a comma behind each, in a negation, only parts a list: no trucks, buses or vans."""
    goes_on, listed, with_articles = list[bool](), False, False  # read from the end
    for piece, earlier in pairwise([*reversed(pieces), Piece("", "")]):
        rest = with_articles if earlier.text in ARTICLES else listed
        goes_on.append(piece.end == "," and rest)
        joins = piece.text in ("or", "nor")
        holds = not piece.minus and piece.end in ("", ",")
        of_list = piece.kind in _LISTED
        listed = joins or (holds and of_list and listed)
        with_articles = joins or (holds and (of_list or piece.text in ARTICLES) and with_articles)
    return goes_on[::-1]


def _spare_what_is_wanted(pieces: list[Piece]) -> None:
    """Of "red cars, no blue cars", blue is what is not wanted."""
    wanted = {piece.name for piece in pieces if _names(piece) and not piece.out}
    looks = list[Piece]()
    for piece in pieces:
        if piece.out and piece.kind in ("look", "either"):
            looks.append(piece)
        elif looks and piece.out and _names(piece) and piece.name in wanted:
            for each in (piece, *looks):
                each.out, each.negated = False, each is not piece
        if piece.kind not in ("look", "either", "skip", "count"):
            looks = []


def _sorted_out(pieces: list[Piece]) -> Phrase:
    """The pieces by what becomes of them."""
    phrase = Phrase()
    for piece in pieces:
        if piece.negated:
            _add(phrase.not_counted, f"not {piece.text}")
        elif piece.kind in _TOLD:
            _add(phrase.not_counted, f"-{piece.text}" if piece.minus else piece.text)
        elif piece.kind == "unknown":
            _add(phrase.unknown, piece.text)
            if piece.out:
                _add(phrase.unknown_excluded, piece.text)
        elif piece.name:
            _add(phrase.excluded if piece.out else phrase.words, piece.name)
        if not (piece.out or piece.negated or piece.kind in ("none", "hardly")):
            phrase.kept = f"{phrase.kept} {piece.text}".lstrip()
    return phrase


def _names(piece: Piece) -> bool:
    return piece.name is not None and piece.kind not in _TOLD


def _of_one_look(before: Piece, piece: Piece) -> bool:
    """Whether a negation is of one look alone: not red, non-metallic, non-fiction."""
    unknown = before.text == "non" and piece.kind == "unknown"
    return unknown or (before.kind == "hardly" and piece.kind == "look")


@dataclass
class _Reach:
    """How far a negation reaches: over names, until a word parts the phrase behind one."""

    on: bool = False
    met: bool = False

    def pass_over(self, piece: Piece) -> None:
        """Begin or end at a piece."""
        if piece.kind in ("none", "hardly"):
            self.on, self.met = not self.on or self.met, False
        elif piece.kind == "turn" or (self.met and _parts(piece)):
            self.on = False


def _parts(piece: Piece) -> bool:
    return piece.kind == "action" or (piece.kind == "link" and piece.text not in _JOIN)


_JOIN: Final = ("and", "or", "of", "y", "et", "und", "plus")
"""Links that join names in one negation: without wheels or doors."""


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
