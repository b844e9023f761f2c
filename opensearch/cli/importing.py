"""The verb `import`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opensearch.cli.options import json_option, model_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(name="import", cls=Verb)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to", "to", required=True, type=IndexPlace(exists=False),
    help="Folder of the index, or milvus://HOST:PORT/NAME; docs/scale-out.md.",
)  # fmt: skip
@model_option("Model of a new index, the shipped starter by default; it must be the export's.")
@json_option("Print the report as JSON.")
@quiet_option
def importing(folder: Path, to: Where, model: Path | None, as_json: bool, quiet: bool) -> None:
    """Add an export to an index of the same model, new or old.

    Items whose keys the index holds are replaced. Nothing is encoded. An import that was cut short
    and is repeated ends with the same items; it writes those with keys again.

    \b
    Example:
        opensearch import exported/ --to indexes/other
        opensearch import exported/ --to indexes/other --model models/mine
    """
    from opensearch.engine import Engine

    with Engine.open_for(folder, to, model) as engine, Bars(quiet) as bars:
        report = engine.import_from(folder, lambda done, total: bars.show("importing", done, total))
    books = f"{report.seen} seen = {report.added} added + {report.replaced} replaced"
    if report.unchanged:
        books += f" + {report.unchanged} unchanged, stored by an import that was cut short"
    click.echo(json.dumps(report.to_dict()) if as_json else books)
