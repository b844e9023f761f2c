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


def separated(path: str, nul: bool) -> None:
    """A path and a newline, or NUL, which no name holds."""
    click.echo(path + ("\0" if nul else "\n"), nl=False)
