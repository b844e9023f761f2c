"""The verb `export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--where", metavar="EXPR", help="Only what passes this filter; docs/filters.md.")
@json_option("Print the count as JSON.")
@quiet_option
def export(index: Where, out: Path, where: str | None, as_json: bool, quiet: bool) -> None:
    """Write the items of INDEX as JSON lines and arrays.

    The folder OUT gets lines, codes, embeddings and pictures.

    \b
    Example:
        opensearch export indexes/mine exported/
        opensearch export indexes/mine guitars/ --where 'category = guitar'
        opensearch import exported/ --to indexes/other
    """
    from opensearch.engine import Engine

    with Engine.open(index) as engine, Bars(quiet) as bars:

        def progress(done: int, total: int) -> None:
            bars.show("exporting", done, total)

        total = engine.export_to(out, progress, where=where)
    click.echo(json.dumps({"exported": total}) if as_json else f"{total} exported")
