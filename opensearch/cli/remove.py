"""The verb `remove`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from opensearch.cli.listing import HEADER, row
from opensearch.cli.messages import say
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace, SourcePlace
from opensearch.cli.tables import header
from opensearch.cli.verb import Verb
from opensearch.errors import InvalidInput, shortened
from opensearch.records import Where

if TYPE_CHECKING:
    from opensearch.engine import Engine
    from opensearch.records import Item


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.argument("keys", nargs=-1)
@click.option("--where", metavar="EXPR", help="Also what passes this filter; docs/filters.md.")
@click.option(
    "--folder",
    type=SourcePlace(),
    help="Also what was indexed from a folder, which may be gone, or an address; with --where, what"
    " passes both.",
)
@click.option(
    "--ignore/--forget",
    default=False,
    help="Whether `index` leaves these files out from now on (`list --ignored` shows them), or"
    " may bring them in again.  [default: forget]",
)
@click.option(
    "--unignore",
    is_flag=True,
    help="Remove nothing; stop ignoring files, by KEYS or paths, or all in --folder.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be removed; remove nothing.")
@json_option("Print counts and keys as JSON.")
def remove(
    index: Where,
    keys: tuple[str, ...],
    where: str | None,
    folder: Path | str | None,
    ignore: bool,
    unignore: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove items from INDEX by key, filter or folder.

    Their files stay where they are.

    \b
    Example:
        opensearch remove indexes/mine photo/guitar/0001.jpg
        opensearch remove indexes/mine --folder photos/2019 --where 'size < 20000' --dry-run
        opensearch remove indexes/mine --where 'path ~ screenshot' --ignore
        opensearch remove indexes/mine --unignore photos/screenshot-1.png
    """
    from opensearch.engine import Engine
    from opensearch.engine.filters.finding import refuse_remarks

    if unignore and (where is not None or ignore or dry_run):
        raise click.UsageError("--unignore takes only keys, paths and --folder")
    if not keys and where is None and folder is None:
        raise click.UsageError(
            "name files by their keys or paths, or choose them with --folder"
            if unignore
            else "name items by their keys, or choose them with --where or --folder"
        )
    with Engine.open(index) as engine:
        if unignore:
            _unignore(engine, keys, folder, as_json)
            return
        found = refuse_remarks(engine.find(where, keys=keys, folder=folder), where)
        if folder is not None and where is None and not len(found):
            say(f"nothing was indexed from {shortened(str(folder))}")
        items = engine.iter_items(found.ids)
        missing = found.missing
        if dry_run:
            _plan(items, missing, as_json)
        else:
            names = [item.key for item in items]
            removed = engine.remove(names, ignore=ignore)
            _tell(removed, names, missing, ignore=ignore, as_json=as_json)
        if missing:
            raise _not_stored(missing, len(set(keys)), _at_path(engine, missing))


def _at_path(engine: Engine, missing: list[str]) -> str:
    """What to say instead of the first of these, if it is the path of a stored item or folder.

    Or if it is ignored, or keys begin with it, as those of a folder or of drawings in one file do.
    """
    if not missing[0]:
        return ""
    if any(missing[0] in (file.key, file.path) for file in engine.ignored()):
        return "its file is ignored; to end that, use --unignore"
    items = list(engine.iter_items(engine.find(folder=missing[0]).ids[:1]))
    if items and os.path.isdir(missing[0]):
        return "to name what was indexed from a folder, use --folder"
    if items:
        return f"the key of {missing[0]} is {items[0].key}"
    start = missing[0].rstrip("*/")
    escaped = start.replace('"', '""')
    for filter_ in (f'key ^= "{escaped}{sign}"' for sign in "/#"):
        if start and len(engine.find(filter_)):
            return f"to choose the keys that begin like this, use --where {quote(filter_)}"
    return ""


def _not_stored(missing: list[str], count: int, instead: str) -> InvalidInput:
    """The error for keys that no item has, of `count` that were named."""
    way_out = instead or "`list` shows the keys there are"
    several = "; separate keys by spaces" if any("," in key for key in missing) else ""
    return InvalidInput(
        f"{len(missing)} of {count} keys {_are(missing)} not stored: {_named(missing)};"
        f" {way_out}{several}"
    )


def _are(missing: list[str]) -> str:
    return "is" if len(missing) == 1 else "are"


def _named(missing: list[str]) -> str:
    """The first of many names."""
    return ", ".join([*map(shortened, missing[:3]), *["..."] * (len(missing) > 3)])


def _plan(items: Iterable[Item], missing: list[str], as_json: bool) -> None:
    """What would be removed."""
    if as_json:
        names = [item.key for item in items]
        click.echo(json.dumps({"would_remove": names, "missing": missing}, ensure_ascii=False))
        return
    header(HEADER)
    count = 0
    for count, item in enumerate(items, start=1):  # noqa: B007 - how many there were
        click.echo(row(item))
    say(f"{count} would be removed; nothing was")


def _tell(
    removed: int, names: list[str], missing: list[str], *, ignore: bool, as_json: bool
) -> None:
    """What was removed."""
    if as_json:
        fields = {"removed": removed, "keys": names, "ignored": ignore, "missing": missing}
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    files = "its file is" if removed == 1 else "their files are"
    after = f"; {files} ignored from now on" if ignore and removed else ""
    click.echo(f"{removed} removed{after}")


def _unignore(
    engine: Engine, names: tuple[str, ...], folder: Path | str | None, as_json: bool
) -> None:
    """Stop ignoring files, and print how many; all that are named must have been ignored."""
    ended = engine.forget(names, folder=folder)
    missing = [name for name in dict.fromkeys(names) if name not in ended]
    if as_json:
        fields = {"unignored": sorted(ended), "missing": missing}
        click.echo(json.dumps(fields, ensure_ascii=False))
    else:
        click.echo(f"{len(ended)} ignored no longer")
    if missing:
        raise InvalidInput(
            f"{len(missing)} of {len(set(names))} {_are(missing)} not ignored: {_named(missing)};"
            " `list --ignored` shows those that are"
        )
