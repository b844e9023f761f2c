"""The search backends as the command line offers them; read when they are asked for."""

from __future__ import annotations

from typing import Any

import click

from opensearch.cli.verb import Verb


def _on_request() -> dict[str, str]:
    """Names and summaries of the backends that a user may name."""
    from opensearch.search.backends import on_request

    return {name: backend.summary for name, backend in on_request().items()}


class BackendName(click.ParamType[str]):
    """The name of a backend, or one of the `others`."""

    name = "backend"

    def __init__(self, *others: str) -> None:
        self._others = others

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, or a usage error that lists the known ones."""
        return self._choice().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """All names, in the help."""
        return self._choice().get_metavar(param, ctx)

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str | None:
        """All names, where none was given."""
        return self._choice().get_missing_message(param, ctx)

    def _choice(self) -> click.Choice[str]:
        return click.Choice([*self._others, *_on_request()])


class ListsBackends(Verb):
    """A verb whose help ends with what each backend is."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line each."""
        with formatter.section("Structures"):
            formatter.write_dl(list(_on_request().items()))
