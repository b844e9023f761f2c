"""Several queries from a file, `query --queries`: a line each, and what came of each line."""

from __future__ import annotations

import codecs
import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opensearch.cli.hits import on_scores, print_hits, remarks
from opensearch.cli.messages import in_flags, json_line, say, visible
from opensearch.cli.tables import print_paths
from opensearch.errors import InvalidInput, OpenSearchError

if TYPE_CHECKING:
    from opensearch.engine import Engine, Query
    from opensearch.engine.query import Answer

SOME_FAILED: Final = 3
_MOST: Final = 2**26
"""Bytes of the file."""


@dataclass(frozen=True)
class Line:
    """A line of the file, counted from 1, and the query it is or why it is none."""

    number: int
    text: str
    query: Query | OpenSearchError


def answer_lines(
    engine: Engine, file: Path, options: Mapping[str, Any], *, as_json: bool, paths: str | None
) -> None:
    """Answer each line, in order; a bad one is told by its number and the rest goes on.

    Args:
        engine: what answers.
        file: of queries, `-` for stdin.
        options: what holds for every line that does not say otherwise.
        as_json: print an object a line, else a block.
        paths: what ends a path where nothing but paths is printed.

    Raises:
        InvalidInput: the file cannot be read.
        click.exceptions.Exit: some lines failed.
    """
    from opensearch.engine import Query

    lines = list(_lines(_read(file), options))
    if not lines:
        say(f"{file} holds no queries")
    answers = engine.ask_many([line.query for line in lines if isinstance(line.query, Query)])
    failed = 0
    for line in lines:
        came = next(answers) if isinstance(line.query, Query) else line.query
        if isinstance(came, OpenSearchError):
            failed += 1
            _tell_error(line, in_flags(str(came)), as_json)
        else:
            _tell(line, came, as_json, paths)
    if failed:
        say(f"{failed} of {len(lines)} lines failed")
        raise click.exceptions.Exit(SOME_FAILED)


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(_MOST + 1)
        else:
            with file.open("rb") as opened:
                raw = opened.read(_MOST + 1)
        if len(raw) > _MOST:
            raise InvalidInput(f"{file} holds over {_MOST:,} bytes; split it")
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return raw.decode("utf-16", "replace")
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error


def _lines(text: str, options: Mapping[str, Any]) -> Iterator[Line]:
    from opensearch.engine import Query

    for number, line in enumerate(text.split("\n"), start=1):
        said = line.strip("\r")
        if said.strip():
            try:
                asked = Query(**{**options, **_said(said)})
            except OpenSearchError as error:
                yield Line(number, said, error)
            else:
                yield Line(number, said, asked)


def _said(line: str) -> dict[str, Any]:
    """What a line asks: an object of JSON, the path of a file, or words."""
    from opensearch.domains import known_suffixes
    from opensearch.domains.collections.layout import split_part

    if line.lstrip().startswith("{"):
        return _from_json(line)
    if line.lstrip().startswith("["):
        raise InvalidInput(
            "is an array; a line is an object of JSON, a path or words. Several parts of one query"
            " are the list 'files' of an object"
        )
    path = Path(split_part(line)[0])
    folder = "/" in line and path.is_dir()
    if path.is_file() or folder or path.suffix.lower() in known_suffixes():
        return {"files": [(Path(line), 1.0)]}
    if any("\udc80" <= letter <= "\udcff" for letter in line):  # names may hold any byte
        raise InvalidInput("is not UTF-8, and no file has this name")
    return {"text": line.strip()}


def _from_json(line: str) -> dict[str, Any]:
    from opensearch.engine import Query

    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is not JSON: {error}") from error
    known = ["file", *(each.name for each in fields(Query))]
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise InvalidInput(f"asks for {name!r}, which no query has{hint}")
    files = said.pop("files", [])
    files = [files] if isinstance(files, str) else files
    if "file" in said:
        files = [said.pop("file"), *files]
    if not isinstance(files, list):
        raise InvalidInput(f"files must be a list of paths or [path, weight], got {files!r}")
    pairs = [tuple(each) if isinstance(each, list) else (each, 1.0) for each in files]
    return {**said, "files": pairs} if pairs else said


def _tell(line: Line, answer: Answer, as_json: bool, paths: str | None) -> None:
    notes = [*remarks(answer), *on_scores(answer)]
    if as_json:
        hits = [hit.to_dict() for hit in answer.hits]
        more = {"notes": notes, "understood": answer.understood.to_dict()}
        _json({"line": line.number, "query": line.text, "hits": hits, **more})
        return
    for note in notes:
        say(f"line {line.number}: {note}")
    if paths is not None:
        print_paths((hit.path for hit in answer.hits), paths, "hit")
        return
    click.echo(f"{line.number}: {visible(line.text)}")
    print_hits(answer.hits)
    click.echo()


def _tell_error(line: Line, text: str, as_json: bool) -> None:
    if as_json:
        _json({"line": line.number, "query": line.text, "error": text})
    say(f"line {line.number}: {text}")


def _json(said: dict[str, Any]) -> None:
    click.echo(json_line(said))
