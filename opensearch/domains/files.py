"""Opening a user's file within its limits, and turning what goes wrong into our errors."""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from opensearch.domains.limits import check_bytes
from opensearch.domains.meshes import FORMATS
from opensearch.domains.signatures import HEAD, mistaken
from opensearch.domains.unread import way_in
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

STROKE_SUFFIXES: Final = frozenset({".svg", ".svgz", ".ndjson"})
"""Files of drawing programs, which are certainly drawings."""

# Pictures are told by their bytes, whatever their names say; these are what their names say.
_AS_NAMED: Final = STROKE_SUFFIXES | FORMATS.keys()
_LONGEST_NAME: Final = 200
"""Bytes of a name; file systems take 255."""
_REASON_LENGTH = 160
_TELLING = 6
_CUT_SHORT: Final = re.compile(
    r"truncated|unexpected end|end of (file|data)|failed to read|not enough|too small|only got"
    r"|requires a buffer|incomplete",
    re.IGNORECASE,
)
_DAMAGED: Final = re.compile(
    r"decoder error|broken|corrupt|bad |invalid|unrecognized data|incorrect|malformed"
    r"|out of (range|bounds)|cannot reshape|not supported between|unknown code"
    r"|could not create decoder|cannot load|not identified|missing data",
    re.IGNORECASE,
)
# Messages of these errors are about the variables of a decoder, not about the file.
_INSIDES: Final = (
    LookupError,
    AssertionError,
    AttributeError,
    TypeError,
    ArithmeticError,
    RecursionError,
    SystemError,
    UnboundLocalError,
)


def printable(path: str | Path) -> str:
    """The path as text that any terminal and JSON can carry, odd bytes escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def time_of_change(status: os.stat_result) -> int:
    """When a file was changed, in ns since 1970, clamped to what we can store: 1677 to 2262.

    File systems may hold years beyond these, written by clocks that were wrong.
    """
    return min(max(status.st_mtime_ns, -(2**63)), 2**63 - 1)


def safe_name(name: str) -> str:
    """A file name that any file system takes; one that is too long loses its beginning."""
    name = "".join(mark if mark.isprintable() and mark not in "/\\" else "_" for mark in name)
    while len(name.encode()) > _LONGEST_NAME:
        name = name[1:]
    return name


@contextmanager
def reading(path: Path, kind: str, part: int | None = None) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into one line of ours.

    Args:
        path: the file being read, named in the message.
        kind: what was wanted, such as "picture".
        part: the line of an .ndjson file.

    Raises:
        UnreadableFile: the block failed; an `UnreadableFile` raised in the block has the
            file's name put before its reason. Where the file is something else than its name
            says, such as a page in place of a download, that is the reason.
        OverLimit: the block raised `OverLimit` or ran out of memory.
    """
    name = printable(path.name) + (f"#{part}" if part is not None else "")
    try:
        yield
    except Exception as error:
        # Decoders raise nearly anything on damaged bytes: SyntaxError, struct.error, KeyError.
        other = _mistaken(path)
        if other is not None:
            raise UnreadableFile(f"{kind} {name!r} is {other}") from error
        if isinstance(error, UnreadableFile):
            known = OverLimit if isinstance(error, OverLimit) else UnreadableFile
            raise known(f"{kind} {name!r} {error}") from error
        if isinstance(error, MemoryError):
            raise OverLimit(f"{kind} {name!r} needs more memory than there is") from error
        raise UnreadableFile(f"{kind} {name!r} cannot be read: {_reason(error)}") from error


def _mistaken(path: Path) -> str | None:
    """What a file really is, if that is not what its name says; None where it is not known."""
    suffix = path.suffix.lower()
    if suffix not in _AS_NAMED or not os.path.isfile(path):
        return None
    try:
        with path.open("rb") as file:
            return mistaken(file.read(HEAD), suffix)
    except OSError:
        return None


def check_file(path: Path, limits: Limits, suffixes: frozenset[str]) -> None:
    """Refuse what is not a regular file of a known suffix within the size limit.

    Raises:
        UnreadableFile: missing, not a file, empty, or of a suffix outside `suffixes`.
        OverLimit: larger than `limits.bytes`.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise UnreadableFile(f"cannot be opened: {error.strerror or error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile("is not a regular file")
    if path.suffix.lower() not in suffixes:
        raise UnreadableFile(wrong_suffix(path, suffixes))
    if status.st_size == 0:
        raise UnreadableFile("is empty")
    if path.suffix.lower() != ".ndjson":
        check_bytes(status.st_size, limits)


def wrong_suffix(path: Path, suffixes: frozenset[str]) -> str:
    """Why a file whose suffix is not among `suffixes` is not read, and what to do about it."""
    way = way_in(path.suffix.lower())
    if way is not None:
        return f"has the suffix {path.suffix!r}, which is not read: {way}"
    return f"has the suffix {path.suffix!r}; known are {' '.join(sorted(suffixes))}"


def _reason(error: Exception) -> str:
    """What a decoder said, put into words where it speaks only of its own internals."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    if isinstance(error, EOFError | struct.error) or _CUT_SHORT.search(text):
        return f"it is cut short ({_short(text or name)})"
    if isinstance(error, _INSIDES) or _DAMAGED.search(text) or len(text) < _TELLING:
        return f"it is damaged ({_short(f'{name}: {text}' if text else name)})"
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _REASON_LENGTH else text[:_REASON_LENGTH] + "..."
