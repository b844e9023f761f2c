"""What may be meant by a name that is not known: one spelt alike, or several given as one."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Collection
from typing import Final

_BETWEEN: Final = re.compile(r"\s*[,;|+&]\s*|\s+")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_COMMA: Final = re.compile(r"\s*,\s*")


def hint(name: str, known: Collection[str], several: str | None = None) -> str:
    """How to end an error message about an unknown name; empty where no known name is near.

    Args:
        name: not among the known ones.
        known: the known names.
        several: the argument that takes a list of names; `None` if only one is accepted.
    """
    parts = names_in(name)
    if any(part in known for part in parts):
        return f"; {_one_by_one(parts, several) if several else 'name one of them alone'}"
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name spelt most alike, capitals or not; `None` where none is."""
    folded = {each.casefold(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def names_in(text: str) -> list[str]:
    """Names that a text joins by commas, blanks and the like; none where it does not."""
    parts = [part for part in _BETWEEN.split(text) if part]
    return parts if len(parts) > 1 else []


def several_in(text: str, argument: str, is_one: Callable[[str], object]) -> str:
    """The same end of a message for texts that may hold commas themselves, such as keys.

    Args:
        text: what was given, which is none of those wanted.
        argument: the argument that takes a list of them.
        is_one: whether a text is one of those wanted.
    """
    parts = [part for part in _COMMA.split(text) if part]
    if len(parts) > 1 and all(map(is_one, parts)):
        return f"; {_one_by_one(parts, argument)}"
    return ""


def several_paths(text: str) -> str:
    """The same for paths, which stand beside each other everywhere."""
    parts = [part for part in _COMMA.split(text) if part]
    if len(parts) > 1 and all(map(os.path.lexists, parts)):
        return f"; these are {len(parts)} paths in one: give each on its own"
    return ""


def no_path(text: str) -> str:
    """The same for what only looks like a path: an address, or `~` that no shell has expanded.

    Args:
        text: names no file. `Path` may have dropped one of the two slashes of an address.
    """
    if meant := of_home(text):
        return meant
    scheme, _, rest = text.partition(":")
    if scheme.lower() == "file" and rest.startswith("/"):
        return f"; instead of a file:// address, give the path, {'/' + rest.lstrip('/')!r}"
    if scheme.lower() == "data":
        return "; this is a data: address: decode it and give the bytes, or write them to a file"
    if begins_as_address(text):
        return "; this is an address: download what lies there, and give the file"
    return ""


def begins_as_address(text: str) -> bool:
    """Whether a text is an address, of which `Path` may have dropped one of the two slashes."""
    return _ADDRESS.match(text) is not None


def of_home(text: str) -> str:
    """The same for a path that begins with the sign of the home folder."""
    if text != "~" and not text.startswith("~/"):
        return ""
    return f"; only a shell reads ~ as the home folder: write {os.path.expanduser(text)!r}"


def with_slashes(text: str) -> str:
    """An address with the slashes that `Path` has dropped; any other text as it is."""
    cut = _ADDRESS.match(text)
    if not cut or text.startswith("//", cut.end() - 1):
        return text
    return cut[0] + ("//" if cut[0].lower() == "file:/" else "/") + text[cut.end() :]


def _one_by_one(parts: list[str], argument: str) -> str:
    return f"give several one by one: `{argument}={parts!r}`"
