"""The verb `list`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.messages import in_flags, json_line, say, visible
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace, SourcePlace
from opensearch.cli.tables import check_one_form, counted, header, print_paths
from opensearch.cli.verb import Verb
from opensearch.errors import shortened
from opensearch.records import Where

if TYPE_CHECKING:
    from opensearch.engine import Engine
    from opensearch.records import Item


@click.command("list", cls=Verb)
@click.argument("index", type=IndexPlace())
@click.option(
    "--where",
    metavar="EXPR",
    help="Filter, e.g. 'path ~ holiday and taken > 2023'; docs/filters.md.",
)
@click.option(
    "--folder", type=SourcePlace(), help="Only items whose files lie in a folder, or at an address."
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), help="At most N items. Default: all."
)
@click.option(
    "--offset", metavar="N", default=0, type=click.IntRange(min=0), help="Pass over the first N."
)
@click.option("--paths", is_flag=True, help="Print the paths of the files alone, one a line.")
@click.option("-0", "nul", is_flag=True, help="End each path with NUL, for `xargs -0`.")
@click.option(
    "--ignored", is_flag=True, help="List the files that `remove --ignore` keeps out instead."
)
@json_option("One JSON object an item.")
def listing(
    index: Where,
    where: str | None,
    folder: Path | str | None,
    limit: int | None,
    offset: int,
    paths: bool,
    nul: bool,
    ignored: bool,
    as_json: bool,
) -> None:
    """List the items of INDEX, in the order they were added.

    \b
    Example:
        opensearch list indexes/mine --where 'category = guitar' --limit 20
        opensearch list indexes/mine --folder photos/2023 --paths -0 | xargs -0 ls -l
        opensearch list indexes/mine --ignored
    """
    from opensearch.engine import Engine

    check_one_form(as_json, paths, nul)
    if ignored and (where is not None or folder is not None):
        raise click.UsageError("--ignored lists files, not items: leave --where and --folder out")
    with Engine.open(index) as engine:
        if ignored:
            _ignored(engine, slice(offset, None if limit is None else offset + limit), as_json)
            return
        found = engine.find(where, folder=folder)
        for note in found.notes:
            say(in_flags(note))
        ids = found.ids[offset:][:limit]
        items = engine.iter_items(ids)
        if paths or nul:
            print_paths((item.path for item in items), "\0" if nul else "\n", "item")
        else:
            _rows(items, as_json)
    if folder is not None and where is None and not len(found):
        say(f"nothing was indexed from {shortened(str(folder))}")
    of = "" if len(ids) == len(found) else f"{len(ids)} of "
    say(f"{of}{counted(len(found), 'item')}")


def row(item: Item) -> str:
    """An item in a line."""
    label = f"  [{item.category}]" if item.category else ""
    return f"{item.domain:<8} {visible(item.key + label)}"


HEADER = f"{'domain':<8} key  [category]"


def _rows(items: Iterable[Item], as_json: bool) -> None:
    if not as_json:
        header(HEADER)
    for item in items:
        click.echo(json_line(fields(item)) if as_json else row(item))


def fields(item: Item) -> dict[str, Any]:
    """An item as plain JSON types, under the names that filters ask for."""
    from opensearch.engine.filters.comparing import FIELDS, field

    return {**{name: field(item, name) for name in FIELDS}, "metadata": item.metadata}


def _ignored(engine: Engine, part: slice, as_json: bool) -> None:
    files = engine.ignored()
    listed = files[part]
    for file in listed:
        shown = {"key": file.key, "path": file.path}
        click.echo(json_line(shown) if as_json else visible(file.path))
    ignored = counted(len(files), "file")
    said = ignored if len(listed) == len(files) else f"{len(listed)} of {ignored}"
    way_out = f"; opensearch remove {engine.path} --unignore PATH ends that" if files else ""
    say(f"{said} ignored{way_out}")
