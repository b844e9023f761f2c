"""The verb `demo`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import click

from opensearch.cli.hits import score_of, uneven
from opensearch.cli.options import model_option
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.serve import serve_index
from opensearch.cli.verb import Verb

if TYPE_CHECKING:
    from opensearch.experiments.demo import Outcome, Precision, Search

DEFAULT: Final = "opensearch-demo"


@click.command(cls=Verb)
@click.option(
    "--keep",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="New folder for collection, index and pages. Default: opensearch-demo, or"
    " opensearch-demo-2 and so on when that is there.",
)
@model_option("Model of sketch, photo and shape. Default: the one that is shipped.")
@click.option("--serve", "serves", is_flag=True, help="Then serve it, as `opensearch serve` does.")
@quiet_option
def demo(folder: Path | None, model: Path | None, serves: bool, quiet: bool) -> None:
    """Index the shipped collection and search it, with pages of hits.

    The pictures are renders and the sketches are drawn by a program; the shipped model was trained
    on no file of most of the categories. Needs no network, and about a minute.

    \b
    Example:
        opensearch demo
        opensearch demo --keep /tmp/demo --serve
    """
    import opensearch
    from opensearch.experiments.demo import run_demo

    folder = folder or _fresh()
    with Bars(quiet) as bars:
        outcome = run_demo(folder, model or opensearch.starter_model(), bars.show)
    click.echo(_summary(outcome))
    for search in outcome.searches:
        click.echo(_search(search))
    click.echo(_kept(folder, outcome))
    click.echo(_next(folder, model))
    if serves:
        serve_index(folder / "index", opens=sys.stdout.isatty())


def _fresh() -> Path:
    """The first folder name for the demo that is not taken."""
    names = (DEFAULT if number == 1 else f"{DEFAULT}-{number}" for number in count(1))
    return next(Path(name) for name in names if not Path(name).exists())


def _summary(outcome: Outcome) -> str:
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in outcome.seconds.items())
    return (
        f"{outcome.indexed} files indexed: {steps}\n"
        f"never trained on: {', '.join(outcome.unseen) or 'none'}\n"
        f"trained on: {', '.join(outcome.seen) or 'none'}"
    )


def _search(search: Search) -> str:
    lines = [f"\n{search.title}: {search.query}  (+ marks hits of {search.category})"]
    lines.append("  rank   score bits  key")
    for hit in search.hits:
        mark = "+" if hit.category == search.category else " "
        lines.append(f" {mark}{hit.rank:>3}  {score_of(hit)}  {hit.distance:>3}  {hit.key}")
    if uneven([hit.score for hit in search.hits]):
        lines.append("  refinement ordered these, so scores may rise again")
    for kind, found in (("never trained on", search.unseen), ("trained on", search.seen)):
        if found is not None:
            lines.append(_precision(kind, found, len(search.hits)))
    return "\n".join(lines)


def _precision(kind: str, found: Precision, k: int) -> str:
    times = f"{found.value / found.chance:.1f} times chance"
    return f"  P@{k} over {found.queries} queries of categories {kind}: {found.value:.2f}, {times}"


def _kept(folder: Path, outcome: Outcome) -> str:
    pages = "\n".join(f"  {search.page}" for search in outcome.searches)
    return f"\nThe same with pictures, for a browser:\n{pages}\nEverything is kept in {folder}."


def _next(folder: Path, model: Path | None) -> str:
    index = quote(str(folder / "index"))
    chosen = f" --model {quote(str(model))}" if model else ""
    return (
        "\nThese are clean renders and flatter the model: photos, drawings by hand and meshes"
        " from elsewhere are harder."
        "\nNow your own files. Search this index by a drawing, a photo, a mesh or a word; or draw"
        " on a page in the browser:"
        f"\n  opensearch serve {index}"
        f"\n  opensearch query {index} FILE --to shape --html hits.html"
        f"\n  opensearch query {index} --text helicopter"
        "\nand make an index of your own files, any folder of pictures, drawings and meshes:"
        f"\n  opensearch index FOLDER --to indexes/mine{chosen}"
        "\n  opensearch query indexes/mine FILE --to photo --html hits.html"
        "\nWith labels, DIR/<domain>/<category>/<file>, a model of your own is better:"
        "\n  opensearch train prototype --data DIR --out models/mine"
    )
