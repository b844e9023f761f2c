"""Dates in filter expressions: a year, a month, a day, an hour, a minute or a second, as ISO 8601.

A stored date is cut to as many parts as the asked one has before they are compared: so
`taken = 2024-01` is all of January, and `taken > 2024` what came after that year. They are
compared as they are written: no zone is counted in.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

_DATE: Final = re.compile(
    r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)?)?)?)"
    r"(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_WHOLE: Final = "0001-01-01T00:00:00"
FORMS: Final = "2024, 2024-01, 2024-01-31 or 2024-01-31T18:30"


def date_of(text: str) -> str | None:
    """The date that a text is, without zone and fractions of a second; `None` for any other."""
    found = _DATE.fullmatch(text) if text[:4].isdigit() else None
    if found is None:
        return None
    date = found[1].replace(" ", "T")
    try:
        datetime.fromisoformat(date + _WHOLE[len(date) :])
    except ValueError:
        return None
    return date


def cut(stored: str | None, asked: str) -> str | None:
    """A stored date, by `date_of`, with the parts of the asked one; `None` if it has fewer."""
    return stored[: len(asked)] if stored is not None and len(stored) >= len(asked) else None


def bounds(date: str) -> tuple[str, str]:
    """The texts between which dates lie that equal this one in all its parts, to the day."""
    day = date[:10]
    return day, day + "~"  # which sorts behind all that dates are written with


def local(ns: int) -> str:
    """A time in ns since 1970 as a date of this machine's zone, to the second."""
    try:
        return datetime.fromtimestamp(ns // 10**9).isoformat()
    except (OverflowError, ValueError, OSError):
        return ""
