"""Lines for the user on stderr."""

from __future__ import annotations

from contextlib import suppress

import click


def say(text: str) -> None:
    """Print a line on stderr; that it cannot be printed is no reason to end a run."""
    with suppress(OSError):
        click.echo(text, err=True)
