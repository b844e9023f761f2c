"""The verb `structure`."""

from __future__ import annotations

import json

import click

from opensearch.cli.backends import BackendName, ListsBackends
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.records import Where


@click.command(cls=ListsBackends)
@click.argument("index", type=IndexPlace())
@click.argument("name", type=BackendName("exact"))
@click.option("--seed", default=0, show_default=True, help="Seed of queries that measure recall.")
@json_option("Print recall@10 by domain as JSON.")
def structure(index: Where, name: str, seed: int, as_json: bool) -> None:
    """Build a search structure over INDEX, and measure it.

    A search is exact unless it names a structure: flat, and from five million items of a domain
    on through multi-index tables, which are made by themselves. Items added later are searched
    flat beside a structure. `exact` drops all that were built.

    \b
    Example:
        opensearch structure indexes/mine hnsw
        opensearch query indexes/mine chair.png --structure hnsw
        opensearch structure indexes/mine exact
    """
    from opensearch.engine import Engine

    with Engine.open(index) as engine:
        if name == "exact":
            engine.drop_structures()
            recalls = {}
        else:
            recalls = engine.build_structure(name, seed)
    if as_json:
        click.echo(json.dumps(recalls, ensure_ascii=False))
        return
    for domain, recall in recalls.items():
        click.echo(f"{domain}: recall@10 {recall:.3f}")
    if name == "exact":
        click.echo("all searches are exact")
