"""Which values of a manifest or a drawing an index can keep: JSON scalars that any reader takes."""

from __future__ import annotations

from typing import Any

from opensearch.domains.layout import encodable

_LEAST, _MOST = -(2**63), 2**64 - 1


def is_scalar(value: Any) -> bool:
    """Whether a value is a JSON scalar; lists and objects are passed over."""
    return value is None or isinstance(value, str | int | float | bool)


def fault(name: str, value: Any) -> str:
    """Why a scalar cannot be kept under this name; empty when it can."""
    if not encodable(name):
        return "has a field whose name is not UTF-8"
    if isinstance(value, str) and not encodable(value):
        return f"has a {name} that is not UTF-8"
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return f"has a {name} of more than 64 bits; write it as text, in quotes"
    return ""
