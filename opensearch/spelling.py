"""What may be meant by a name that is not known: one spelt alike, or several given as one."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Collection
from typing import Final

_BETWEEN: Final = re.compile(r"\s*[,;|+&]\s*|\s+")
_COMMA: Final = re.compile(r"\s*,\s*")


def hint(name: str, known: Collection[str], several: str | None = None) -> str:
    """What a message ends with, from a semicolon on; nothing where no known name is near.

    Args:
        name: that is not among the known ones.
        known: names there are.
        several: the argument that takes a list of names; one alone is taken if `None`.
    """
    parts = names_in(name)
    if any(part in known for part in parts):
        return f"; {_one_by_one(parts, several) if several else 'name one of them alone'}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def names_in(text: str) -> list[str]:
    """Names that a text joins by commas, blanks and the like; none where it does not."""
    parts = [part for part in _BETWEEN.split(text) if part]
    return parts if len(parts) > 1 else []


def several_in(text: str, argument: str, is_one: Callable[[str], object]) -> str:
    """The same end of a message for texts that may hold commas themselves, such as keys.

    Args:
        text: that is none of what is wanted.
        argument: that takes a list of them.
        is_one: whether a text is what is wanted.
    """
    parts = [part for part in _COMMA.split(text) if part]
    if len(parts) > 1 and all(map(is_one, parts)):
        return f"; {_one_by_one(parts, argument)}"
    return ""


def several_paths(text: str) -> str:
    """The same for paths, which stand beside each other everywhere."""
    parts = [part for part in _COMMA.split(text) if part]
    if len(parts) > 1 and all(map(os.path.lexists, parts)):
        return f"; these are {len(parts)} paths in one: give each by itself"
    return ""


def _one_by_one(parts: list[str], argument: str) -> str:
    return f"several are given one by one: `{argument}={parts!r}`"
