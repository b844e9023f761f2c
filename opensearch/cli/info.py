"""The verb `info`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.verb import Verb
from opensearch.records import Where

_LISTED = 8
_IDENTITY = 12
_HEX = re.compile("[0-9a-f]{64}")


@click.command(cls=Verb)
@click.argument("path", type=IndexPlace())
@json_option("Print everything as one JSON object.")
def info(path: Where, as_json: bool) -> None:
    """Show what an index or a model at PATH holds.

    Long lists are cut short, --json has all of them.

    \b
    Example:
        opensearch info indexes/mine
        opensearch info models/mine --json
    """
    fields = _fields(path)
    if as_json:
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    for name, value in fields.items():
        click.echo(f"{name:<18}{_brief(name, value)}")


def _brief(name: str, value: Any) -> str:
    """A field in a line: long lists and identities cut short, domains by their names alone."""
    if name == "calibration" and value:
        return (
            f"last on {value['categories']} categories, for collections of {value['kinds']} kinds"
        )
    if isinstance(value, list):
        more = len(value) - _LISTED
        shown = ", ".join(str(each) for each in value[:_LISTED])
        return f"{shown} and {more:,} more" if more > 0 else shown
    if name in ("space", "hash") and "settings" in value:
        return _brief(name, value["settings"])
    if name == "domains" and isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_brief(key, each)}" for key, each in value.items())
    text = f"{value:,}" if type(value) is int else str(value)
    return text[:_IDENTITY] if _HEX.fullmatch(text) else text


def _fields(path: Where) -> dict[str, Any]:
    from opensearch.encoders.bundle import Bundle
    from opensearch.encoders.card import holds_model
    from opensearch.engine import Engine

    if isinstance(path, Path) and holds_model(path):
        bundle = Bundle.open(path)
        return bundle.card.model_dump(mode="json", by_alias=True) | {"runtime": bundle.runtime()}
    with Engine.open(path) as engine:
        return engine.info()
