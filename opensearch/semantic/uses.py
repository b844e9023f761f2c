"""Words of several uses in a phrase, settled by what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from opensearch.semantic.pieces import Piece

_ALL: Final = ("all", "any", "every", "each", "everything", "anything", "whatever", "whichever")
_BUT: Final = ("but", "besides", "save")
ARTICLES: Final = ("a", "an", "the", "my", "our", "your", "this", "these", "that", "those")
_ASKED: Final = ("i", "you", "we", "they", "anyone", "anybody", "someone", "somebody")
_SUBJECTS: Final = (*_ASKED, "he", "she", "it", "that", "which", "who", "one")
_BEFORE_VERBS: Final = ("i", "we", "please", "and", "but", "then", "also", "just", "to")
_NO_VERBS: Final = ("is", "are", "was", "were", "has")
_HELPERS: Final = (
    *("can't", "cannot", "don't", "doesn't", "didn't", "won't", "wouldn't", "couldn't"),
    *("dont", "doesnt", "can not", "do not", "does not"),
)
"""Words behind which a verb comes, whatever else it may name."""
_SEERS: Final = ("i", "we", "he", "she", "they", "you")
_RELATIVES: Final = ("that", "which", "who")
"""Behind a name, such words have a verb behind them, too: birds that fly."""
_LIKENS: Final = (
    *("shaped like", "formed like", "looks like", "look like", "looking like"),
    *("in shape of", "in form of"),
)
"""Without articles. What comes behind these says how something is formed."""
_FORMED: Final = (
    *("shaped", "sized", "patterned", "themed", "style", "styled"),
    *("coloured", "colored", "flavoured", "flavored"),
)
_MADE: Final = (
    *(*_FORMED, "made", "built", "crafted", "carved", "woven"),
    *("painted", "drawn", "held", "like"),
)
"""Words before which a name only says how something is formed, if a hyphen joins them."""
_OF: Final = ("before of", "depiction", "feature")
"""Classes of words that name no thing where `of` follows: front of, photo of, colour of."""
_SHOWING: Final = (
    *("with", "that", "which", "where", "showing", "shows"),
    *("containing", "depicting", "featuring"),
)
_BESIDE: Final = {"depiction": ("name", "unknown", "either"), "feature": ("look", "either")}
"""Nor does a word of these classes beside one of those: a cat picture, the colour red."""


def settled(pieces: list[Piece]) -> list[Piece]:
    """The pieces of a phrase, each of one class."""
    pieces = list(_compounds(pieces))
    before, behind = [Piece("", "", end="."), *pieces], [*pieces[1:], Piece("", "")]
    for first, second, third in zip(before, pieces, behind, strict=False):
        if second.kind == "shun":
            second.kind = "none" if first.end or first.text in _BEFORE_VERBS else "action"
        if first.text == "no" and second.text.isdecimal() and not first.end:
            first.kind = "skip"  # No 5 bus
        if _is_formed(first, second, third):
            first.kind = "look"
    _liken(pieces)
    _verbs(pieces)
    _all_but(pieces)
    return _looks_or_names(pieces)


def _compounds(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces; a compound with hyphens whose parts are not all known is one unknown word."""
    at = 0
    while at < len(pieces):
        size = 1
        while at + size < len(pieces) and pieces[at + size].joined:
            size += 1
        run, at = pieces[at : at + size], at + size
        kinds = {piece.kind if " " not in piece.text else "" for piece in run}
        if len(run) > 1 and "unknown" in kinds and kinds <= {"unknown", "name", "either"}:
            text = "-".join(piece.text for piece in run)
            yield Piece(text, "unknown", None, run[0].minus, run[-1].end)
            continue
        ahead = pieces[at] if at < len(pieces) and not run[-1].end else Piece("", "")
        counts = [piece.kind for piece in run] == ["count", "name"]
        if counts and ahead.kind == "name":
            run[1].kind = "look"  # two-door car, v-neck sweater
        no = len(run) > 1 and run[0].text == "no" and not run[0].minus
        if no and ahead.kind in ("name", "unknown", "either"):
            text = "-".join(piece.text for piece in run)
            yield Piece(text, "look")  # no-bake cake
            continue
        yield from run


def _is_formed(first: Piece, second: Piece, third: Piece) -> bool:
    """Whether the first only says how something is formed: egg shaped, hand-made."""
    forms = second.text in _MADE if second.joined else second.text in _FORMED
    likened = f"{second.text} {third.text}" in _LIKENS  # a lamp shaped like a cat
    return forms and first.kind == "name" and not (first.end or likened)


def _liken(pieces: Iterable[Piece]) -> None:
    """Tell names that only say how something else is formed: a lamp in the shape of a cat."""
    said, like, named = "", "", False
    for piece in pieces:
        likened = named and said.endswith(_LIKENS) and not piece.minus
        if likened and piece.kind == "name":
            piece.kind, said, like = "look", "", said
        elif piece.text == "or" and not said:
            said = like  # shaped like a cat or a dog
        elif piece.text not in ARTICLES and not (likened and _goes_on(piece)):
            said = f"{said} {piece.text}"
        said, like = ("", "") if piece.end else (said, like)
        named = named or (piece.name is not None and piece.kind in ("name", "look", "either"))


def _goes_on(piece: Piece) -> bool:
    """Whether a word stands between what likens and the name: like a red cat, or like a dog."""
    begins = any(phrase.startswith(piece.text) for phrase in _LIKENS)
    return piece.text == "like" or (piece.kind in ("look", "count") and not begins)


def _verbs(pieces: Iterable[Piece]) -> None:
    """`can` told from a can, and verbs behind it or behind `can't` and `does not` from names.

    So are verbs behind `that` and the like, and what I saw.
    """
    earlier = before = Piece("", "")
    for piece, after in pairwise([*pieces, Piece("", "")]):
        led = not before.end and (before.kind == "modal" or before.text in _HELPERS)
        told = piece.text == "saw" and before.text in _SEERS and not before.end
        told = told or (_is_relative(earlier, before) and " " not in piece.text)
        if _is_modal(before, piece, after) or (before.kind == "modal" and piece.text in _ASKED):
            piece.kind, piece.name = "modal", None
        elif piece.kind in (("name", "unknown") if led else ("name",) * told) and not piece.minus:
            piece.kind, piece.name = "action", None
        earlier, before = before, piece


def _is_relative(earlier: Piece, piece: Piece) -> bool:
    parted = piece.end or piece.minus or earlier.end not in ("", "," * (piece.text != "that"))
    of_name = earlier.kind == "name" and earlier.text != "doctor"  # Doctor Who
    return piece.text in _RELATIVES and of_name and not parted


def _is_modal(before: Piece, piece: Piece, after: Piece) -> bool:
    goes_on = after.kind in ("name", "unknown", "action", "look", "skip")
    goes_on = goes_on and after.text not in _NO_VERBS and not piece.end
    asks = before.text in _SUBJECTS or after.text in _ASKED
    return piece.text == "can" and asks and goes_on


def _all_but(pieces: Sequence[Piece]) -> None:
    """What leaves out if a word before says so: all birds but ducks, rather a dog than a cat."""
    said, named = "", False
    for piece, after in pairwise(pieces):
        if piece.text in _ALL or piece.text == "rather":
            said, named = piece.text, False
        names_next = after.kind in ("name", "unknown", "either", "look") or after.text in ARTICLES
        of_all = said in _ALL and named and piece.text in _BUT and names_next
        if of_all or (said == "rather" and piece.text == "than"):
            piece.kind = "none"
        named = named or piece.kind in ("name", "unknown", "either")
        if piece.end and said != "rather":
            said = ""


def _looks_or_names(pieces: list[Piece]) -> list[Piece]:
    """Listed words of a class are names, unless they say here how or how many something is."""
    leads = ""
    for at in reversed(range(len(pieces))):
        piece = pieces[at]
        follows = "" if piece.end else leads
        if piece.name and not _says_how(pieces, at, follows):
            piece.kind = "name"
        if piece.kind in ("name", "unknown"):
            leads = "name"
        elif piece.kind in _OF and follows == "of":
            leads = "of"  # front view of
        elif piece.kind not in ("look", "either", "count", *_BESIDE) or piece.end:
            leads = piece.text if piece.kind == "link" else ""
        if piece.minus:
            leads = ""
    return pieces


def _says_how(pieces: Sequence[Piece], at: int, follows: str) -> bool:
    piece = pieces[at]
    if piece.kind == "either":
        return follows == "name"
    if piece.kind in _OF and follows == "of":
        return True
    if piece.kind == "depiction" and _opens(pieces, at):
        return True
    if piece.kind in _BESIDE:
        return not piece.minus and _stands_beside(pieces, at)
    return piece.kind != "before of"


def _opens(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a phrase begins with what it wants to see, and goes on with what is to be on it."""
    after = pieces[at + 1].text if at + 1 < len(pieces) and not pieces[at].end else ""
    begins = all(piece.kind in ("skip", "count", "look") for piece in pieces[:at])
    named = any(piece.kind in ("name", "unknown", "either") for piece in pieces[at + 2 :])
    return begins and after in _SHOWING and named


def _stands_beside(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a word of `_BESIDE` has one that it needs on either side, over others alike."""
    own = pieces[at].kind
    before, after = at - 1, at + 1
    while before > 0 and pieces[before].kind == own and not _parted(pieces[before]):
        before -= 1
    while after < len(pieces) and pieces[after].kind == own and not _parted(pieces[after - 1]):
        after += 1
    near = [pieces[before]] if before >= 0 and not _parted(pieces[before]) else []
    if after < len(pieces) and not _parted(pieces[after - 1]) and not pieces[after].minus:
        near.append(pieces[after])
    return any(piece.kind in _BESIDE[own] for piece in near)


def _parted(piece: Piece) -> bool:
    """Whether more parts a piece from the next than in `colour: red`."""
    return piece.end.strip(":=") != ""
