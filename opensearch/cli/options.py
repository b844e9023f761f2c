"""Options that several verbs have, each with its own help, and options grouped by subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import click

from opensearch.cli.places import FOLDER
from opensearch.records import UPS

F = TypeVar("F", bound=Callable[..., Any])
Option: TypeAlias = Callable[[F], F]


def together(*options: Option[Any]) -> Option[Any]:
    """Several options as one decorator, in the order in which the help lists them."""

    def decorated(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def json_option(told: str) -> Option[Any]:
    """The argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=told)


def up_option(told: str) -> Option[Any]:
    """The argument `up`, an axis."""
    return click.option("--up", type=click.Choice(UPS), help=told)


def model_option(told: str) -> Option[Any]:
    """The argument `model`, the folder of one."""
    return click.option("--model", type=FOLDER, help=told)


class SentenceModel(click.ParamType[str]):
    """The folder or name of a sentence model; not nothing, as of a variable that is not set."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is."""
        if not value:
            self.fail("the name is empty; is it a variable that is not set?", param, ctx)
        return str(value)


def sentence_option(told: str) -> Option[Any]:
    """The argument `sentence`, the folder or name of a model."""
    return click.option("--sentence", metavar="MODEL", type=SentenceModel(), help=told)


def collections_option(told: str) -> Option[Any]:
    """The argument `data`, folders of collections."""
    return click.option("--data", "data", multiple=True, required=True, type=FOLDER, help=told)
