"""The verb `compact`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from opensearch.cli.messages import say
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.tables import counted
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@json_option("Print what was done as JSON.")
def compact(index: Where, as_json: bool) -> None:
    """Drop removed items of INDEX for good.

    Replaced items go as well, and the index is brought to the newest format. All other items are
    written anew beside the old store, which takes as much free disk; then one rename switches to
    them. Searches go on meanwhile and follow by themselves. Items of imports and of older versions
    get what `duplicates` needs: from their thumbnails or, for drawings and shapes, from their
    files where these have not changed.

    \b
    Example:
        opensearch compact indexes/mine
    """
    from opensearch.engine import Engine

    with Engine.open(index) as engine:
        done = engine.compact()
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    if done.imprints:
        items = counted(done.imprints, "item")
        say(f"copies of {items} of imports or of older versions can now be found")
    before, after = done.bytes_before / 2**20, done.bytes_after / 2**20
    click.echo(
        f"{done.dropped} removed or replaced items dropped; {before:.1f} MiB became"
        f" {after:.1f} MiB (generation {done.generation})"
    )
