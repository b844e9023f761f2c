"""Lines for people and for programs: headers on terminals alone, paths that any name survives."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from opensearch.cli.messages import say


def counted(number: int, noun: str) -> str:
    """A number and what it counts: 1 item, 2 items."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def on_terminal() -> bool:
    """Whether what is printed goes to a terminal."""
    return sys.stdout.isatty()


def header(text: str) -> None:
    """A line above a table, where people read it; a pipe gets rows alone."""
    if on_terminal():
        click.secho(text, dim=True)


def print_paths(paths: Iterable[str], end: str, noun: str) -> None:
    """Paths as they are, each with what ends it: a newline, or NUL, which no name holds.

    Args:
        paths: of hits or items, empty where one is of no file; these are counted.
        end: of each path.
        noun: what has the paths.
    """
    without = 0
    for path in paths:
        if path:
            click.echo(path + end, nl=False, color=True)  # else escapes in a name would be dropped
        else:
            without += 1
    if without:
        say(f"{counted(without, noun)} without a path (added without a file)")


def check_one_form(as_json: bool, paths: bool, nul: bool) -> None:
    """Refuse to print records as JSON and paths alone at once.

    Raises:
        click.UsageError: both are wanted.
    """
    if as_json and (paths or nul):
        raise click.UsageError("--json prints records, --paths and -0 only paths: choose one")
