"""The verb `dataset`: what is done to collections for training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from opensearch.cli.messages import in_flags, say
from opensearch.cli.options import json_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.verb import Verb
from opensearch.errors import OpenSearchError


class SubVerbs(click.Group):
    """Verbs below a verb; their errors are said with their own options."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run one of them."""
        try:
            return super().invoke(ctx)
        except OpenSearchError as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            error.args = (in_flags(str(error), command), *error.args[1:])
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their summaries, none of them cut short."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, verb.get_short_help_str(200)) for name, verb in self.commands.items()]
            )


@click.group(cls=SubVerbs)
def dataset() -> None:
    """Prepare a collection for training and evaluation.

    \b
    Example:
        opensearch dataset split collection/
    """


@dataset.command(cls=Verb)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--test",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 0.9),
    help="Share of the items of each domain and category that is kept for tests.",
)
@click.option(
    "--unseen",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 0.9),
    help="Share of the categories that nothing is trained on.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="NAME",
    help="An unseen category, in place of those drawn; repeatable.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of the draw.",
)
@click.option("--dry-run", is_flag=True, help="Print the counts; write nothing.")
@json_option("Print counts and categories as JSON.")
def split(
    folder: Path,
    test: float,
    unseen: float,
    categories: tuple[str, ...],
    seed: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write DIR/split.csv: which files are for training, for tests, or unseen.

    DIR holds <domain>/<category>/<file>. Of some categories every file is `unseen`, of the others
    some are `test` and the rest `train`: what `train` and `evaluate --bits` go by. Copies of one
    file (equal to the byte), wherever they lie in DIR, are all `train` or all `test`; where one of
    them is `unseen`, those in other categories are `test`. A split.csv that is there is never
    replaced. What cannot be an item, such as a link whose file is gone or a pipe, is named and left
    out: exit code 3.

    \b
    Example:
        opensearch dataset split collection/ --test 0.25 --category guitar --category horse
        opensearch evaluate MODEL --data collection/ --bits 32,64,128
    """
    from opensearch.domains.collections.splitting import TABLE, split_collection

    drawn = click.get_current_context().get_parameter_source("unseen")
    if categories and drawn is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--unseen is the share of categories to draw at random, --category names them instead:"
            " leave one of them out"
        )
    skipped = Skipped()
    made = split_collection(folder, test, unseen, categories, seed, write=not dry_run)
    skipped.add(made.failures)
    for note in made.notes:
        say(note)
    if as_json:
        click.echo(json.dumps(made.to_dict(), ensure_ascii=False))
        skipped.end()
        return
    for name, domains in made.counts().items():
        parts = ", ".join(f"{count} {domain}" for domain, count in domains.items())
        click.echo(f"{name:<8}{sum(domains.values()):>7}  ({parts})")
    click.echo(f"unseen categories: {', '.join(made.unseen) or 'none'}")
    say("nothing was written" if dry_run else f"written to {folder / TABLE}")
    skipped.end()
