"""What all verbs have in common as commands of click."""

from __future__ import annotations

import os
from collections import Counter

import click


class Verb(click.Command):
    """A verb that refuses what click takes without a word and nobody means.

    Of an option which takes one value and is given several, click takes the last: `remove --where A
    --where B` would remove what B passes. An empty path becomes the working folder: with a variable
    that is not set, `remove --folder "$OLD"` would remove what was indexed there.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands behind the verb."""
        if not ctx.resilient_parsing:
            self._refuse_unmeant(ctx, args)
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            told = error.message + _as_file(given)
            raise click.NoSuchOption(error.option_name, told, error.possibilities, ctx) from None

    def _refuse_unmeant(self, ctx: click.Context, args: list[str]) -> None:
        try:
            values, _, order = self.make_parser(ctx).parse_args(list(args))
        except click.UsageError:
            return  # it is told when they are read
        for param in order:
            if param.type.name in PATHS and _is_empty(values.get(param.name or "")):
                raise click.BadParameter(_EMPTY, ctx, param)
        _refuse_twice(ctx, Counter(order))


PATHS = ("path", "file", "directory", "file[:weight]")
"""Names of types of arguments that are paths."""
_EMPTY = "the path is empty; is it a variable that is not set? The working folder is ."


def _as_file(args: list[str]) -> str:
    """What to write for a file whose name begins as options do, as `*.jpg` may bring it."""
    files = [arg for arg in args if arg.startswith("-") and os.path.lexists(arg)]
    return f" The file of this name is './{files[0]}'." if files else ""


def _is_empty(value: object) -> bool:
    return "" in value if isinstance(value, list | tuple) else value == ""


def _refuse_twice(ctx: click.Context, given: Counter[click.Parameter]) -> None:
    for option, times in given.items():
        if times == 1 or not isinstance(option, click.Option):
            continue
        if not (option.multiple or option.is_flag or option.count):
            flag = max(option.opts, key=len)
            raise click.UsageError(
                f"{flag} takes one value, but is given {times} times{_JOINED.get(flag, '')}",
                ctx,
            )


_JOINED = {
    "--text": "; put several words in one: --text 'dog, cat'",
    "--where": "; join filters with and, or: --where 'domain = photo and size < 5000'",
}
