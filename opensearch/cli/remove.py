"""The verb `remove`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opensearch.errors import InvalidInput


@click.command()
@click.argument("index", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("keys", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the count as JSON.")
def remove(index: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Remove items from INDEX by key.

    Their files stay where they are.

    \b
    Example:
        opensearch remove indexes/mine photo/guitar/0001.jpg
    """
    from opensearch.engine import Engine

    with Engine.open(index) as engine:
        removed = engine.remove(keys)
    click.echo(json.dumps({"removed": removed}) if as_json else f"{removed} removed")
    if removed < len(set(keys)):
        raise InvalidInput(f"{len(set(keys)) - removed} of {len(set(keys))} keys are not stored")
