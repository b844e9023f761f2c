"""The verb `info`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from opensearch.cli.places import IndexPlace
from opensearch.records import Where


@click.command()
@click.argument("path", type=IndexPlace())
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def info(path: Where, as_json: bool) -> None:
    """Show what an index or a model at PATH holds.

    \b
    Example:
        opensearch info indexes/mine --json
    """
    fields = _fields(path)
    if as_json:
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    for name, value in fields.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
        click.echo(f"{name:<18}{text}")


def _fields(path: Where) -> dict[str, Any]:
    from opensearch.encoders.bundle import Bundle
    from opensearch.encoders.card import holds_model
    from opensearch.engine import Engine

    if isinstance(path, Path) and holds_model(path):
        bundle = Bundle.open(path)
        return bundle.card.model_dump(mode="json", by_alias=True) | {"runtime": bundle.runtime()}
    with Engine.open(path) as engine:
        return engine.info()
