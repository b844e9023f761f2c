"""The verb `query`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.backends import BackendName
from opensearch.cli.epilogs import ReadsShapes
from opensearch.cli.messages import in_flags, say
from opensearch.processes.pool import start_ahead
from opensearch.records import UPS

if TYPE_CHECKING:
    from opensearch.engine import Answer
    from opensearch.records import Hit


class WeightedFile(click.ParamType[tuple[Path, float]]):
    """FILE or FILE:weight; a name that exists as it stands is no weight."""

    name = "file[:weight]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Path, float]:
        """A path and its weight, 1 by default."""
        if isinstance(value, tuple):
            return value
        name, colon, weight = value.rpartition(":")
        if colon and not os.path.exists(value):
            try:
                return Path(name), float(weight)
            except ValueError:
                pass
        return Path(value), 1.0


@click.command(cls=ReadsShapes)
@click.argument("index", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("files", nargs=-1, type=WeightedFile())
@click.option("--text", help="Words to search for, alone or beside the files.")
@click.option(
    "--sentence",
    metavar="MODEL",
    help="Sentence model, a folder or a name, for words of TEXT that are not listed, such as those"
    " of other languages. Needs the extra `sentence`.",
)
@click.option("--id", "keys", multiple=True, metavar="KEY", help="A stored item to search by.")
@click.option(
    "--not", "exclude", multiple=True, type=click.Path(path_type=Path), help="Move away from FILE."
)
@click.option("--from", "source", help="Domain of the files. Default: told from each file.")
@click.option(
    "--up",
    type=click.Choice(UPS),
    help="Axis that is up in meshes among FILES. Default: told by their format.",
)
@click.option("--to", "targets", multiple=True, help="Domain to search; repeatable. Default: all.")
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="Hits.")
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Model to encode the query with; it must fit. Default: the index's own.",
)
@click.option(
    "--refine/--no-refine",
    default=None,
    help="Order the hits of a domain by the query moved towards its nearest item there. Default:"
    " where the model's calibration found that it helps.",
)
@click.option(
    "--score",
    type=click.Choice(["rescored", "asymmetric", "hamming"]),
    default="rescored",
    show_default=True,
    help="Order by cosine of embeddings, by the unrounded query against codes, or by Hamming"
    " distance alone.",
)
@click.option(
    "--depth",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Candidates by Hamming distance that are rescored, or scored asymmetrically.",
)
@click.option("--max-distance", type=click.IntRange(min=0), help="Largest Hamming distance.")
@click.option(
    "--min-score", type=float, help="Least score: a probability, or a cosine if there are none."
)
@click.option("--where", metavar="EXPR", help="Filter, e.g. 'domain = photo and year > 2010'.")
@click.option(
    "--structure",
    type=BackendName(),
    metavar="NAME",  # to list them would load numpy for a page of help
    help="Find candidates by what `opensearch structure INDEX NAME` has built. Default: exact.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with pictures.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a hit.")
def query(
    index: Path,
    files: tuple[tuple[Path, float], ...],
    model: Path | None,
    html: Path | None,
    as_json: bool,
    **options: object,
) -> None:
    """Find the items of INDEX nearest to files, words or stored items.

    \b
    Example:
        opensearch query indexes/mine chair.png --to shape
        opensearch query indexes/mine chair.png red.jpg:0.5 --not sofa.obj --text office
        opensearch query indexes/mine --text violin --html hits.html
    """
    if files or options["exclude"]:
        start_ahead()  # it is up once the packages below are
    from opensearch.engine import Engine, Query

    asked = Query(files=files, **options)  # type: ignore[arg-type]
    with Engine.open(index, model) as engine:
        answer = engine.ask(asked)
        answer = replace(answer, notes=[in_flags(note) for note in answer.notes])
        if html is not None:
            from opensearch.pages import write_page

            write_page(html, engine, asked, answer)
    for note in [*answer.notes, *_remarks(answer)]:
        say(note)
    _print(answer.hits, answer.understood.to_dict() if as_json else None)


def _remarks(answer: Answer) -> Iterator[str]:
    """What the scores are, where they are no probabilities, and what refinement did."""
    if answer.score_kind == "cosine":
        yield (
            "scores are cosines, no probabilities: the model is not calibrated for this"
            " (opensearch calibrate --help)"
        )
    if answer.refined:
        brought = ", ".join(f"{len(ids)} in {target}" for target, ids in answer.refined.items())
        yield f"refined; hits that came forward by it: {brought} (--no-refine leaves it out)"


def _print(hits: Sequence[Hit], understood: dict[str, Any] | None) -> None:
    """Hits as lines, or as JSON objects where there is what was understood of the query."""
    if understood is not None:
        told = {"understood": understood} if understood else {}
        for hit in hits:
            click.echo(json.dumps({**hit.to_dict(), **told}, ensure_ascii=False))
        return
    if not hits:
        say("no hits")
    for hit in hits:
        score = "     -" if hit.score is None else f"{hit.score:6.4f}"
        if hit.score_kind == "probability":
            score = f"{hit.score:6.2f}"
        label = f"  [{hit.category}]" if hit.category else ""
        click.echo(f"{hit.rank:>4}  {score}  {hit.distance:>3}  {hit.domain:<8} {hit.key}{label}")
