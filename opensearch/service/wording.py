"""What is wrong with a request, in our words: pydantic speaks of its own insides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from starlette.datastructures import UploadFile

_SHOWN: Final = 200
_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})
_WANTED: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "list_type": "must be a list",
    "tuple_type": "must be a list of two numbers",
    "string_type": "must be a text",
    "string_unicode": "must be a text of Unicode",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "union_tag_not_found": "must say its `kind`: file, drawing, words or item",
    "union_tag_invalid": "must have the `kind` file, drawing, words or item",
}
_OPENINGS: Final = ("Value error, ", "Input should be ", "String should ", "List should ")
_PARTS: Final = frozenset({"file", "drawing", "words", "item"})
_FORM: Final = b"Content-Disposition: form-data"
_FILES: Final = "/v1/search/files"
WAY_OUT: Final = "/docs lists what can be asked"


class Wrong(NamedTuple):
    """What was wanted and where, what came, and the way out."""

    wanted: str
    came: str
    way_out: str

    @property
    def message(self) -> str:
        """All of it in a line."""
        return f"{self.wanted}, got {self.came}; {self.way_out}"


def told(error: Mapping[str, Any]) -> Wrong:
    """An error of validation.

    Args:
        error: one of `ValidationError.errors()`.
    """
    kind, given = str(error.get("type")), error.get("input")
    place = _place(error.get("loc", ()))
    if kind == "json_invalid":
        reason = error.get("ctx", {}).get("error", "")
        where = "the body" if place.isdigit() else place  # at which of its letters
        return Wrong(f"{where} must be JSON", f"something else ({reason})", WAY_OUT)
    if "UploadFile" in str(error.get("msg")):
        way = "send it as a file with a name, as curl -F file=@chair.png does"
        return Wrong(f"{place} must be a file", "a field of text", way)
    wanted = f"{place} {_WANTED.get(kind) or _reworded(str(error.get('msg', '')))}"
    if isinstance(given, bytes):
        if _FORM in given[:_SHOWN]:
            return Wrong(wanted, "a form", f"{_FILES} takes forms with files to search by")
        way = "send it with the header Content-Type: application/json"
        return Wrong(wanted, f"{len(given):,} bytes of another type", way)
    return Wrong(wanted[:_SHOWN], "nothing" if kind == "missing" else _shown(given), WAY_OUT)


def _place(loc: Any) -> str:
    names = [str(each) for each in loc]
    inside = names[1:] if names and names[0] in _PLACES else names
    # A part of a query is told by its number; its kind behind that is pydantic's.
    kept = [
        name
        for at, name in enumerate(inside)
        if not (name in _PARTS and at and inside[at - 1].isdigit())
    ]
    return ".".join(kept) or "the body"


def _reworded(text: str) -> str:
    for opening in _OPENINGS:
        if text.startswith(opening):
            must = "must be " if opening == "Input should be " else "must "
            return ("" if opening == "Value error, " else must) + text.removeprefix(opening)
    return text


def _shown(given: Any) -> str:
    if isinstance(given, UploadFile):
        return "a file"
    try:
        return json.dumps(given)[:_SHOWN]
    except (TypeError, ValueError):
        return repr(given)[:_SHOWN]
