"""Checks of what callers pass to the engine: of texts, paths, numbers, arrays and lists of them.

A check returns the value in the form that the code behind it wants, or refuses it, saying what was
wanted and what came. `checking` says which argument has which.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np

from opensearch.engine.ways_in import source_hint
from opensearch.errors import InvalidInput
from opensearch.limits import Limits
from opensearch.records import NESTED, UPS, Address, Up, Where, is_address
from opensearch.spelling import names_in, of_home

Check: TypeAlias = Callable[[str, Any], Any]

_SHOWN = 60
IDS = 2**63
"""Ids are below."""


def refuse(name: str, wanted: str, value: Any, hint: str = "") -> NoReturn:
    """Say what was wanted, what came, and in `hint` what to do.

    Raises:
        InvalidInput: always.
    """
    raise InvalidInput(f"{name} must be {wanted}, got {shown(value)}{hint}")


def shown(value: Any) -> str:
    """A value in a few words: its type and how it begins."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of a class that is not ours
        text = "of unknown looks"
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return f"{text} ({type(value).__name__})"


def optional(check: Check) -> Check:
    """`None`, or what another check takes."""
    return lambda name, value: None if value is None else check(name, value)


def a(kind: type, wanted: str) -> Check:
    """An instance of a class."""

    def check(name: str, value: Any) -> Any:
        return value if isinstance(value, kind) else refuse(name, wanted, value)

    return check


def limits(name: str, value: Any) -> Limits:
    """Limits of what a file may cost."""
    return value if isinstance(value, Limits) else refuse(name, "Limits", value)


def axis(name: str, value: Any) -> Up:
    """An axis of a shape by its name."""
    found = next((up for up in UPS if isinstance(value, str) and up == value), None)
    return found or refuse(name, "x, y, z or unknown", value)


def flag(name: str, value: Any) -> bool:
    """True or False; no number and no text."""
    return (
        bool(value) if isinstance(value, bool | np.bool_) else refuse(name, "True or False", value)
    )


def flag_or(word: str) -> Check:
    """True, False or one word."""

    def check(name: str, value: Any) -> bool | str:
        if isinstance(value, str) and value == word:
            return word
        return (
            flag(name, value)
            if not isinstance(value, str)
            else refuse(name, f"True, False or {word!r}", value)
        )

    return check


def whole(least: int) -> Check:
    """A whole number from `least` on, of Python or numpy."""

    def check(name: str, value: Any) -> int:
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            refuse(name, f"a whole number of {least} or more", value)
        return int(value)

    return check


def number(name: str, value: Any) -> float:
    """A finite number."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        refuse(name, "a number", value)
    try:
        given = float(value)
    except OverflowError:
        given = math.inf
    return given if math.isfinite(given) else refuse(name, "a finite number", value)


def text(name: str, value: Any) -> str:
    """A text."""
    return value if isinstance(value, str) else refuse(name, "a text", value)


def place(name: str, value: Any) -> str:
    """A text that is the folder or the name of something."""
    return text(name, value) or refuse(name, "a folder or a name", value)


def texts(name: str, value: Any) -> list[str]:
    """A list of texts; a bare string is refused, not split into letters."""
    return _all_of(str, name, "texts", _texts(name, value))


def texts_or_none(name: str, value: Any) -> list[str | None]:
    """A list of texts and `None`s; a bare string is refused."""
    return _all_of((str, type(None)), name, "texts or None", _texts(name, value))


def _texts(name: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        alike = shown(names_in(value) or [value]).rpartition(" (")[0]
        refuse(name, f"a list of texts, as in {alike}", value)
    return listed(name, "a list of texts", value)


def path(name: str, value: Any) -> Path:
    """A path, as text or `Path`."""
    if not isinstance(value, str | os.PathLike):
        refuse(name, "a path, as text or Path", value)
    given = os.fspath(value)
    if not isinstance(given, str) or not given or "\0" in given:
        refuse(name, "a path, as text or Path", value)
    try:
        os.fsencode(given)
    except UnicodeEncodeError:
        refuse(name, "a path that a file can have", value)
    if not os.path.lexists(given) and not os.path.lexists("~") and (meant := of_home(given)):
        raise InvalidInput(f"{name} {given!r} is not there{meant}")
    return Path(given)


def index_path(name: str, value: Any) -> Where:
    """Where an index lies: a path that is valid UTF-8, which messages and libraries need."""
    from opensearch.engine.lifecycle.places import located

    if isinstance(value, Address):
        return value
    given = located(value) if isinstance(value, str) and value and "\0" not in value else None
    if isinstance(given, Address):
        return given
    given = path(name, value)
    try:
        str(given).encode()
    except UnicodeEncodeError:
        refuse(name, "a path in UTF-8; name another one", value)
    return given


def paths(name: str, value: Any) -> list[Path]:
    """A list of paths; a bare path is refused."""
    if isinstance(value, str | os.PathLike):
        refuse(name, "a list of paths, as in [path]", value)
    return [path(f"each of {name}", each) for each in listed(name, "a list of paths", value)]


def source(name: str, value: Any) -> Path | str:
    """A path, or an address as text."""
    if not isinstance(value, str | os.PathLike):
        refuse(name, "a path, as text or Path", value, source_hint(value))
    return value if isinstance(value, str) and is_address(value) else path(name, value)


def sources(name: str, value: Any) -> list[Path | str]:
    """Paths, or addresses as texts."""
    return [source(f"each of {name}", each) for each in value]


def called(name: str, value: Any) -> Any:
    """A function."""
    return value if callable(value) else refuse(name, "a function", value)


def codes(name: str, value: Any) -> Any:
    """An array of codes; the width is the searcher's or the store's to check."""
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 2:
        refuse(name, "an array of uint8 of shape (n, bits // 8)", value)
    return value


def vectors(name: str, value: Any) -> Any:
    """An array of finite numbers, (n, d)."""
    floats = isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    if not floats or value.ndim != 2:
        refuse(name, "an array of floats of shape (n, d)", value)
    if not np.isfinite(value).all():
        row = int((~np.isfinite(value)).any(axis=1).argmax())
        raise InvalidInput(f"{name} must be finite, row {row} holds NaN or infinity")
    return value


def ids(name: str, value: Any) -> list[int]:
    """A list of ids, or an array of them (n,); negative ones are padding."""
    if isinstance(value, np.ndarray) and (value.ndim != 1 or value.dtype.kind not in "iu"):
        refuse(name, "a list of ids, or an array of int64 of shape (n,)", value)
    found = []
    for each in listed(name, "a list of ids", value):
        if not isinstance(each, int | np.integer) or isinstance(each, bool) or each >= IDS:
            _refuse_in(name, "whole numbers below 2**63", each)
        found.append(int(each))
    return found


def record(name: str, value: Any) -> Mapping[str, Any]:
    """A dict whose keys are texts."""
    return records(f"the metadata of {name}", [value])[0]


def records(name: str, value: Any) -> Sequence[Mapping[str, Any]]:
    """A list of dicts whose keys are texts, numbers of numpy anywhere in them made plain."""
    wanted = "dicts whose names are texts"
    found = _all_of(dict, name, wanted, listed(name, "a list of dicts", value))
    for each in found:
        if not all(isinstance(field, str) for field in each):
            _refuse_in(name, wanted, each)
    return [_plain(name, each) for each in found]


def _plain(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with numbers of numpy as Python's own, which can be stored, however deep they lie.

    A loop, not recursion: what is nested may be deeper than Python can recurse, or hold itself.
    """
    made = dict(record)
    rest: list[tuple[Any, int]] = [(made, 0)]
    while rest:
        into, deep = rest.pop()
        for place, value in [*(into.items() if isinstance(into, dict) else enumerate(into))]:
            if isinstance(value, np.generic):
                into[place] = value.item()
            elif isinstance(value, dict | list | tuple):
                if deep == NESTED:
                    raise InvalidInput(
                        f"{name} must hold lists and dicts at most {NESTED} deep in each other;"
                        " some lie deeper, or one holds itself"
                    )
                into[place] = dict(value) if isinstance(value, dict) else list(value)
                rest.append((into[place], deep + 1))
    return made


def listed(name: str, wanted: str, value: Any) -> list[Any]:
    """Several of something as a list; text, bytes and a dict are not several."""
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping) or not isinstance(
        value, Iterable
    ):
        refuse(name, wanted, value)
    if isinstance(value, np.ndarray) and value.ndim != 1:
        refuse(name, wanted, value)
    return value if isinstance(value, list) else list(value)


def _all_of(kind: type | tuple[type, ...], name: str, wanted: str, listed: list[Any]) -> list[Any]:
    for each in listed:
        if not isinstance(each, kind):
            _refuse_in(name, wanted, each)
    return listed


def _refuse_in(name: str, wanted: str, value: Any) -> NoReturn:
    raise InvalidInput(f"{name} must hold {wanted}, got {shown(value)} among them")
