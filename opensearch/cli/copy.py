"""The verb `copy`."""

from __future__ import annotations

import json

import click

from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.option(
    "--to", "to", required=True, type=IndexPlace(exists=False),
    help="Where it goes: a new folder, or milvus://HOST:PORT/NAME.",
)  # fmt: skip
@json_option("Print the count as JSON.")
@quiet_option
def copy(index: Where, to: Where, as_json: bool, quiet: bool) -> None:
    """Copy INDEX to another place, a folder or a server.

    Items keep their ids, the model goes along and nothing is encoded. The copy is there once it is
    whole; one that was cut short is begun anew. Structures are built again where they are wanted.

    \b
    Example:
        opensearch copy indexes/mine --to milvus://localhost:19530/mine
        opensearch copy milvus://localhost:19530/mine --to indexes/back
    """
    from opensearch.engine import Engine

    with Engine.open(index) as engine, Bars(quiet) as bars:
        count = engine.copy_to(to, lambda done, total: bars.show("copying", done, total))
    click.echo(json.dumps({"copied": count}) if as_json else f"{count} copied to {to}")
