"""The verb `verify`."""

from __future__ import annotations

import json

import click

from opensearch.cli.messages import in_flags, visible
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.option(
    "--repair",
    is_flag=True,
    help="Make anew what can be made from the rest: search files, CURRENT, the manifest, and the"
    " model where it is the shipped one.",
)
@json_option("Print the problems as JSON.")
def verify(index: Where, repair: bool, as_json: bool) -> None:
    """Check INDEX for damage.

    Compares counts, rows, search files and model. Exit code 1 if something is broken, with
    --repair if something stays broken.

    \b
    Example:
        opensearch verify indexes/mine --repair
    """
    from opensearch.engine.verify import verify_index

    problems, left = ([in_flags(each) for each in found] for found in verify_index(index, repair))
    if as_json:
        click.echo(json.dumps({"problems": problems, "left": left}, ensure_ascii=False))
    else:
        for problem in problems or ["whole"]:
            click.echo(visible(problem))
        if repair and problems:
            still = visible(f"still broken: {'; '.join(left)}")
            click.echo(still if left else "repaired")
    if left:
        raise click.exceptions.Exit(1)
