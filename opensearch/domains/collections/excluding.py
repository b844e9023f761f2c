"""What a user leaves out of a collection by patterns, which mean what they mean in .gitignore.

    *.tmp      files and folders of such a name, at any depth
    drafts/    folders of this name, with all that is in them
    /a/*.png   from the root of the collection on: a slash at the front or in the middle anchors
    a/**/b     b, any number of folders below a
    !keep.png  not this one, though an earlier pattern names it; the last that matches counts

`*` and `?` never match a slash, `[a-z]` is one of some letters, `[!a-z]` none of them, and a
backslash escapes the next letter. What lies in a folder that is left out stays out. Empty patterns,
and those that begin with `#`, are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from opensearch.errors import InvalidInput

_SEVERAL: Final = re.compile(r"(?<!\\),\s*\*\.")
"""Suffixes joined by commas, `*.jpg,*.png`, where several patterns are meant."""
_CLASSES: Final = re.compile(r"\[(!|\^)?(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    key: re.Pattern[str]
    folders_alone: bool
    back_in: bool

    def matches(self, key: str, folder: bool) -> bool:
        """Whether it matches a file or a folder."""
        return (folder or not self.folders_alone) and self.key.fullmatch(key) is not None


class Excluded:
    """Whether a key of a collection is left out.

    Args:
        patterns: the later ones count more.

    Raises:
        InvalidInput: a pattern that cannot be understood.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        made = [_pattern(text) for text in patterns]
        self._patterns = [pattern for pattern in made if pattern is not None]
        self._idle = dict.fromkeys(self._patterns)

    def names(self, key: str, *, folder: bool = False) -> bool:
        """Whether the patterns leave out a file, or a folder as such.

        Args:
            key: relative to the collection, without a slash at its end.
            folder: whether it is one.
        """
        key = normalize("NFC", key)
        for pattern in [each for each in self._idle if each.matches(key, folder)]:
            self._idle.pop(pattern, None)
        for pattern in reversed(self._patterns):
            if pattern not in self._idle and pattern.matches(key, folder):
                return not pattern.back_in
        return False

    @property
    def unmatched(self) -> list[str]:
        """The patterns that have matched nothing so far."""
        return [pattern.text for pattern in self._idle]

    def holds(self, key: str) -> bool:
        """Whether a file, or a folder that it lies in, is left out."""
        parts = key.split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts)))
        return bool(self._patterns) and (
            any(self.names(folder, folder=True) for folder in above) or self.names(key)
        )


NOTHING: Final = Excluded()


def _pattern(given: str) -> _Pattern | None:
    text = normalize("NFC", given)
    if not text.strip() or text.startswith("#"):
        return None
    if _SEVERAL.search(text):
        parts = [part.strip() for part in text.split(",")]
        raise InvalidInput(
            f"the pattern {text!r} holds several; give them one by one: `exclude={parts!r}`;"
            " write a comma in a name as \\,"
        )
    back_in = text.startswith("!")
    body = text[back_in:].rstrip(" ") if not text.endswith("\\ ") else text[back_in:]
    folders = body.endswith("/")
    body = body[:-1] if folders else body
    anchored = "/" in body
    try:
        key = re.compile(_regex(body.removeprefix("/"), anchored))
    except re.error as error:
        raise InvalidInput(f"the pattern {text!r} cannot be understood: {error}") from error
    return _Pattern(given, key, folders, back_in)


def _regex(body: str, anchored: bool) -> str:
    """A pattern as a regular expression over whole keys."""
    parts = body.split("/")
    parts = [
        part
        for before, part in zip(["", *parts], parts, strict=False)
        if not before == part == "**"
    ]
    out = "" if anchored else "(?:.*/)?"
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**" and anchored:
            out += "[^/].*" if last else "(?:.*/)?"
        else:
            out += _part(part) + ("" if last else "/")
    return f"(?s:{out})"


def _part(part: str) -> str:
    """One name of a pattern; what follows a star matches at its first place, never at a later one.

    A later place would leave less to the rest of the pattern, and backtracking could take forever.
    """
    chunks = [""]
    for token in _tokens(part):
        if token == "*":
            chunks.append("")
        else:
            chunks[-1] += token
    first, *between = chunks
    if not between:
        return first
    last = between.pop()
    return first + "".join(f"(?>[^/]*?{chunk})" for chunk in between if chunk) + "[^/]*" + last


def _tokens(part: str) -> Iterator[str]:
    """The regular expressions of one letter each; a star stays a star."""
    at = 0
    while at < len(part):
        letter = part[at]
        found = _CLASSES.match(part, at) if letter == "[" else None
        if found is not None and found[2]:
            letters = re.sub(r"([\[&~|^])", r"\\\1", found[2].removeprefix("]"))
            closing = r"\]" if found[2].startswith("]") else ""
            yield f"(?!/)[{'^' if found[1] else ''}{closing}{letters}]"
            at = found.end()
            continue
        if letter == "\\" and at + 1 < len(part):
            at += 1
            yield re.escape(part[at])
        else:
            yield letter if letter == "*" else "[^/]" if letter == "?" else re.escape(letter)
        at += 1
