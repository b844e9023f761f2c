"""What all verbs have in common as commands of click."""

from __future__ import annotations

from collections import Counter

import click


class Verb(click.Command):
    """A verb that refuses an option which takes one value and is given several.

    click silently takes the last one: `remove --where A --where B` would remove what B passes.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands behind the verb."""
        if not ctx.resilient_parsing:
            self._refuse_twice(ctx, args)
        return super().parse_args(ctx, args)

    def _refuse_twice(self, ctx: click.Context, args: list[str]) -> None:
        try:
            given = Counter(self.make_parser(ctx).parse_args(list(args))[2])
        except click.UsageError:
            return  # it is told when they are read
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
