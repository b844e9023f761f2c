"""What a path inside a collection says about a file: its key, domain and category."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Final

# Not \d, which takes digits of any script; more of them than these are no line of a file.
_PART: Final = re.compile(r"(.*\.ndjson)#0*([1-9][0-9]{0,17})", re.IGNORECASE | re.DOTALL)

DOMAIN_WORDS: Final[dict[str, str]] = {
    "sketch": "sketch",
    "sketches": "sketch",
    "photo": "photo",
    "photos": "photo",
    "images": "photo",
    "shape": "shape",
    "shapes": "shape",
    "meshes": "shape",
    "cartoon": "cartoon",
    "cartoons": "cartoon",
    "art_painting": "art_painting",
    "art_paintings": "art_painting",
}
"""First-level folders taken as a domain without a manifest, in any case of letters."""


def declared(key: str) -> tuple[str | None, str | None]:
    """Domain and category of a key under DIR/<domain>/[<category>/...]<file>.

    The category is the folder right below the domain. Under any other first folder both are
    None: the domain will be guessed, and the name of such a folder is no label.
    """
    parts = PurePosixPath(key).parts
    domain = DOMAIN_WORDS.get(parts[0].lower()) if len(parts) > 1 else None
    if domain is None:
        return None, None
    return domain, parts[1] if len(parts) > 2 else None


def laid_out(key: str, category: str | None) -> tuple[str | None, str | None]:
    """Domain and category of a key in a collection known to be DIR/<domain>/<category>/<file>.

    Args:
        key: relative to the collection, posix.
        category: what is known already; drawings bring their word.

    Returns:
        The first folder and the second, whatever they are called; both None for a file
        without two folders above it and without a category.
    """
    parts = PurePosixPath(key).parts
    if len(parts) > 2:
        return parts[0], category or parts[1]
    return (parts[0], category) if len(parts) == 2 and category else (None, None)


def part_key(key: str, part: int) -> str:
    """Key of drawing `part` in the .ndjson file of `key`."""
    return f"{key}#{part}"


def split_part(path: str) -> tuple[str, int | None]:
    """A path and the drawing that its `#n` names: `a.ndjson#3` is (`a.ndjson`, 3).

    Lines are counted from 1 in plain digits; anything else behind a `#` belongs to the name.
    """
    found = _PART.fullmatch(path)
    return (found[1], int(found[2])) if found else (path, None)


def placed(path: Path) -> Path:
    """Where a path leads, absolute and without `..`: the same from whatever folder it is named.

    Links are not resolved, except where a `..` follows one.
    """
    absolute = path.absolute()
    if ".." not in absolute.parts:
        return absolute
    back = len(absolute.parts) - absolute.parts[::-1].index("..")
    named = os.path.join(*absolute.parts[:back])
    above = os.path.normpath(named)
    try:
        if not os.path.samefile(named, above):
            above = os.path.realpath(named)
    except (OSError, ValueError):
        pass  # nothing is there, or nobody may look
    return Path(above, *absolute.parts[back:])


def encodable(name: str) -> bool:
    """Whether a name read from disk is text; keys are UTF-8."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def inside(path: Path, root: Path) -> bool:
    """Whether `path`, its links followed, lies in `root` (already resolved)."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False
