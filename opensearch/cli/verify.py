"""The verb `verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("index", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--repair", is_flag=True, help="Make the derived search files anew.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def verify(index: Path, repair: bool, as_json: bool) -> None:
    """Check that the books, rows and search files of INDEX agree; exit 1 if they do not.

    \b
    Example:
        opensearch verify indexes/mine --repair
    """
    from opensearch.engine.apart import verify_apart

    problems = verify_apart(index, repair)
    if as_json:
        click.echo(json.dumps({"problems": problems}, ensure_ascii=False))
    else:
        for problem in problems or ["whole"]:
            click.echo(problem)
    if problems and not repair:
        raise click.exceptions.Exit(1)
