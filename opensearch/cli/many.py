"""Several queries from a file, `query --queries`: a line each, and what came of each line."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opensearch.cli.hits import on_scores, print_hits, remarks
from opensearch.cli.lines import Line, read_lines
from opensearch.cli.messages import json_line, say, visible
from opensearch.cli.tables import print_paths
from opensearch.domains.files import printable
from opensearch.errors import InvalidInput, OpenSearchError

if TYPE_CHECKING:
    from opensearch.engine import Engine
    from opensearch.engine.query import Answer

SOME_FAILED: Final = 3
_MOST: Final = 2**26
"""Bytes of the file."""


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

    lines = read_lines(_read(file), options)
    if not lines:
        say(f"{file} holds no queries")
    answers = engine.ask_many([line.query for line in lines if isinstance(line.query, Query)])
    failed = 0
    for line in lines:
        came = next(answers) if isinstance(line.query, Query) else line.query
        if isinstance(came, OpenSearchError):
            failed += 1
            _tell_error(line, line.explain(came), as_json)
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


def _tell(line: Line, answer: Answer, as_json: bool, paths: str | None) -> None:
    notes = [*remarks(answer, line.fields), *on_scores(answer)]
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
    click.echo(f"{line.number}: {visible(printable(line.text))}")
    print_hits(answer.hits)
    click.echo()


def _tell_error(line: Line, text: str, as_json: bool) -> None:
    if as_json:
        _json({"line": line.number, "query": line.text, "error": text})
    say(f"line {line.number}: {text}")


def _json(said: dict[str, Any]) -> None:
    click.echo(json_line(said))
