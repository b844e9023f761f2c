"""Lines for people and for programs: headers on terminals alone, paths that any name survives."""

from __future__ import annotations

import sys

import click


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


def separated(path: str, end: str) -> None:
    """A path as it is, and what ends it: a newline, or NUL, which no name holds."""
    click.echo(path + end, nl=False, color=True)  # else escapes in a name would be dropped
