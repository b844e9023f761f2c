"""The verb `duplicates`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opensearch.cli.messages import say

if TYPE_CHECKING:
    from opensearch.engine.query.duplicates import Group


@click.command()
@click.argument("index", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--max-distance",
    default=6,
    show_default=True,
    type=click.IntRange(min=0),
    help="Largest Hamming distance of a pair, bits.",
)
@click.option(
    "--min-score",
    default=0.97,
    show_default=True,
    type=click.FloatRange(-1, 1),
    help="Least cosine of a pair with embeddings.",
)
@click.option("--domain", help="Look in this domain alone. Default: in each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a group.")
def duplicates(
    index: Path, max_distance: int, min_score: float, domain: str | None, as_json: bool
) -> None:
    """Find groups of near-identical items in INDEX.

    A group is what near pairs of one domain connect. Nothing is removed.

    \b
    Example:
        opensearch duplicates indexes/mine --domain photo
        opensearch duplicates indexes/mine --max-distance 0 --json
    """
    from opensearch.engine import Engine

    groups = items = 0
    with Engine.open(index) as engine:
        for group in engine.duplicates(max_distance, min_score, domain):
            groups, items = groups + 1, items + len(group.items)
            click.echo(json.dumps(group.to_dict(), ensure_ascii=False) if as_json else _text(group))
    say(f"{items} items in {groups} groups")


def _text(group: Group) -> str:
    lines = [f"{group.domain}: {len(group.items)} items"]
    rows = zip(group.items, group.distances, group.scores, strict=True)
    for item, distance, score in rows:
        shown = f"{score:.4f}" if score is not None else "     -"
        lines.append(f"  {shown}  {distance:>3}  {item.key}")
    return "\n".join(lines)
