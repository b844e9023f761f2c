"""Values of JSON as they are asked for: pydantic alone would take one kind for another."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field


def _number(value: Any) -> Any:
    """JSON's own numbers alone: neither true nor the text "3" is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Number: TypeAlias = Annotated[float, BeforeValidator(_number)]
Whole: TypeAlias = Annotated[int, BeforeValidator(_number)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]


def _plain(value: Any) -> Any:
    """A value of metadata, said whole: pydantic would name the first of the types alone."""
    if isinstance(value, list | dict):
        raise ValueError("must be a text, a number, true, false or null")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Metadata: TypeAlias = dict[str, Annotated[str | int | float | bool | None, BeforeValidator(_plain)]]
