"""Lines of queries: what each asks, and what is wrong with one in the words of its fields."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from opensearch.cli.messages import in_flags
from opensearch.cli.stdin import DASH
from opensearch.errors import InvalidInput, OpenSearchError

if TYPE_CHECKING:
    from opensearch.engine import Query


@dataclass(frozen=True)
class Line:
    """A line of the file.

    Attributes:
        number: counted from 1.
        text: as it stands there.
        query: that it is, or why it is none.
        fields: that stand for options in its errors; none where it is no object of JSON.
    """

    number: int
    text: str
    query: Query | OpenSearchError
    fields: Collection[str]

    def explain(self, error: OpenSearchError) -> str:
        """An error in the words of the line, and of the options that hold where it sets none."""
        return in_flags(str(error), fields=self.fields)


def read_lines(text: str, options: Mapping[str, Any]) -> list[Line]:
    """The lines of a text that are not empty.

    Args:
        text: of the file.
        options: what holds for every line that does not say otherwise.
    """
    return [
        _line(number, said, options)
        for number, line in enumerate(text.split("\n"), start=1)
        if (said := line.strip("\r")).strip()
    ]


def _line(number: int, text: str, options: Mapping[str, Any]) -> Line:
    from opensearch.engine import Query

    named: Collection[str] = ()
    try:
        if text.lstrip().startswith("{"):
            asked = _object(text)
            named = {*asked, *(_known() - _given())}
            said = _arguments(asked)
        else:
            said = _plain(text)
        return Line(number, text, Query(**{**options, **said}), named)
    except OpenSearchError as error:
        return Line(number, text, error, named)


def _plain(line: str) -> dict[str, Any]:
    """What a line asks: the path of a file, or words."""
    from opensearch.domains import known_suffixes
    from opensearch.domains.collections.layout import split_part

    if line.lstrip().startswith("["):
        raise InvalidInput(
            "is an array; a line is an object of JSON, a path or words. Several parts of one query"
            " are the list 'files' of an object"
        )
    if line.strip() == DASH:
        raise InvalidInput("is -, a file piped in, which only the command line takes")
    for said in dict.fromkeys((line, line.strip(), _unquoted(line.strip()))):
        given, weight = weighted_path(said)
        path = Path(split_part(str(given))[0])
        folder = "/" in said and os.path.isdir(path)
        if os.path.isfile(path) or folder or path.suffix.lower() in known_suffixes():
            return {"files": [(given, weight)]}
    if any("\udc80" <= letter <= "\udcff" for letter in line):  # names may hold any byte
        raise InvalidInput("is not UTF-8, and no file has this name")
    return {"text": line.strip()}


def _unquoted(line: str) -> str:
    """A line without the quotes around all of it, as shells take them off."""
    whole = line[:1] in ("'", '"') and line.find(line[0], 1) == len(line) - 1 > 1
    return line[1:-1] if whole else line


def weighted_path(value: str) -> tuple[Path, float]:
    """A path and its weight of FILE or FILE:weight, 1 by default.

    A name that exists as it stands is no weight.
    """
    name, colon, weight = value.rpartition(":")
    if colon and not os.path.exists(value):
        try:
            return Path(name), float(weight)
        except ValueError:
            pass
    return Path(value), 1.0


def _object(line: str) -> dict[str, Any]:
    """An object of JSON, whose names are all known."""
    try:
        said: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON: {error}") from error
    for name in said:
        if name not in _known():
            raise InvalidInput(f"asks for {name!r}, which no query has{_near(name)}")
    return said


def _arguments(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a query that an object sets."""
    said = dict(asked)
    if "exclude" in said:
        said["exclude"] = [_path("exclude", each) for each in _listed("exclude", said["exclude"])]
    pairs = [_pair("file", said.pop("file"))] if "file" in said else []
    pairs += [_pair("files", each) for each in _listed("files", said.pop("files", []))]
    return {**said, "files": pairs} if pairs else said


def _listed(name: str, value: Any) -> list[Any]:
    """A list, or the one path that stands for a list of one."""
    if not isinstance(value, list | str):
        raise _refusal(name, "a list of paths", value)
    return value if isinstance(value, list) else [value]


def _pair(name: str, value: Any) -> tuple[Path, float]:
    """A path and its weight, 1 by default."""
    if not isinstance(value, list):
        return _path(name, value), 1.0
    match value:
        case [path, int() | float() as weight] if not isinstance(weight, bool):
            return _path(name, path), weight
    raise _refusal(name, "a path or [path, weight]", value)


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _refusal(name, "a path", value)
    return Path(value)


def _refusal(name: str, wanted: str, value: Any) -> InvalidInput:
    each = "each of " if name != "file" and not wanted.startswith("a list") else ""
    shown = json.dumps(value, ensure_ascii=False)
    return InvalidInput(f"{each}{name} must be {wanted}, got {shown}")


def _known() -> set[str]:
    """The fields of a line."""
    from opensearch.engine import Query

    return {"file", *(each.name for each in fields(Query))} - {"parts"}


def _given() -> set[str]:
    """Those that options on the command line set."""
    context = click.get_current_context()
    return {
        str(each.name)
        for each in context.command.params
        if context.get_parameter_source(str(each.name)) is ParameterSource.COMMANDLINE
    }


def _near(name: str) -> str:
    """What may be meant by a name that no field has; an option's is its field's."""
    known = sorted(_known())
    flags = {
        flag.lstrip("-"): str(each.name)
        for each in click.get_current_context().command.params
        for flag in each.opts
    }
    near = [flags[name]] if flags.get(name) in known else []
    near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
