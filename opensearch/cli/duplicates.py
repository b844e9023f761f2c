"""The verb `duplicates`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from opensearch.cli.messages import say, visible
from opensearch.cli.options import json_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.tables import counted
from opensearch.cli.verb import Verb
from opensearch.records import Where

if TYPE_CHECKING:
    from opensearch.engine.query.duplicates import Group


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.option(
    "--exact",
    is_flag=True,
    help="Leave out what was cropped, mirrored, turned or simplified.",
)
@click.option(
    "--max-distance",
    type=click.IntRange(min=0),
    help="Group by codes: largest Hamming distance of a pair, bits.  [default: 6]",
)
@click.option(
    "--min-score",
    type=click.FloatRange(-1, 1),
    help="Group by codes: least cosine of a pair with embeddings.  [default: 0.97]",
)
@click.option("--domain", help="Look in this domain alone. Default: in all.")
@quiet_option
@json_option("One JSON object a group.")
def duplicates(
    index: Where,
    exact: bool,
    max_distance: int | None,
    min_score: float | None,
    domain: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find copies in INDEX: items that show one picture or one shape.

    Copies of pictures may have another format, size or brightness, and be cropped by up to a tenth
    of a side, mirrored, turned by 90, 180 or 270 degrees, or tilted by a few. Copies of shapes
    may be scaled, moved, turned, written in another order or format, or simplified a little. What
    is compared was kept with each item when it was indexed; files are not read. Nothing is removed.

    With --max-distance or --min-score groups are made of items that mean the same to the model, of
    one domain each.

    \b
    Example:
        opensearch duplicates indexes/mine
        opensearch duplicates indexes/mine --domain photo --exact --json
        opensearch duplicates indexes/mine --max-distance 0
    """
    from opensearch.engine import Engine

    groups = items = 0
    with Engine.open(index) as engine, Bars(quiet) as bars:
        for group in engine.duplicates(max_distance, min_score, domain, exact, bars.show):
            groups, items = groups + 1, items + len(group.items)
            click.echo(json.dumps(group.to_dict(), ensure_ascii=False) if as_json else _text(group))
        left_out = engine.without_imprint(domain) if max_distance is min_score is None else 0
    if left_out:
        say(
            f"{counted(left_out, 'item')} left out, as nothing is kept to recognise copies by:"
            " `opensearch compact` adds it for items of imports and of older versions,"
            " --max-distance groups ready codes"
        )
    say(f"{counted(items, 'item')} in {counted(groups, 'group')}")


def _text(group: Group) -> str:
    if group.likeness:
        return "\n".join([f"{len(group.items)} copies", *_copies(group)])
    lines = [f"{group.domain}: {len(group.items)} items"]
    rows = zip(group.items, group.distances, group.scores, strict=True)
    for item, distance, score in rows:
        shown = f"{score:.4f}" if score is not None else "     -"
        lines.append(f"  {shown}  {distance:>3}  {visible(item.key)}")
    return "\n".join(lines)


def _copies(group: Group) -> Iterator[str]:
    for item, likeness, change in zip(group.items, group.likeness, group.changes, strict=True):
        shown = f"{likeness:.4f}" if likeness is not None else "     -"
        altered = f"  ({change})" if change else ""
        yield f"  {shown}  {item.domain:<8} {visible(item.key)}{altered}"
