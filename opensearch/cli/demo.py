"""The verb `demo`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from opensearch.cli.progress import Bars

if TYPE_CHECKING:
    from opensearch.experiments.demo import Outcome, Search


@click.command()
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="New folder to keep collection, model, index and pages in. Default: nothing is kept.",
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Seed of all."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
def demo(keep: Path | None, seed: int, quiet: bool) -> None:
    """Make toy sketches, pictures and shapes, train on some, and search the others.

    The files that are searched are not those of training; four categories are in no
    training file at all. Needs no network, and about half a minute.

    \b
    Example:
        opensearch demo
        opensearch demo --keep toys
    """
    if keep is not None:
        _run(keep, seed, quiet)
        click.echo(_kept(keep))
    else:
        with TemporaryDirectory(prefix="opensearch-demo-") as folder:
            _run(Path(folder), seed, quiet)
    click.echo(_next())


def _run(folder: Path, seed: int, quiet: bool) -> None:
    from opensearch.experiments.demo import run_demo

    with Bars(quiet) as bars:
        outcome = run_demo(folder, seed, bars.show)
    click.echo(_summary(outcome))
    for search in outcome.searches:
        click.echo(_search(search))


def _summary(outcome: Outcome) -> str:
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in outcome.seconds.items())
    return (
        f"{outcome.files} files made, {outcome.trained} trained on, {outcome.indexed} others"
        f" indexed\n{steps}"
    )


def _search(search: Search) -> str:
    lines = [f"\n{search.title}: {search.query}, of a category never trained on"]
    for hit in search.hits:
        mark = "+" if hit.category == search.category else " "
        score = f"{hit.score:.4f}" if hit.score is not None else "     -"
        lines.append(f" {mark}{hit.rank:>3}  {score}  {hit.distance:>3}  {hit.key}")
    k, unseen, seen = len(search.hits), search.unseen, search.seen
    times = f"{unseen.value:.2f}, {unseen.value / unseen.chance:.1f} times chance"
    lines.append(f"  P@{k} over all {unseen.queries} queries of untrained categories: {times}")
    if seen is not None:
        times = f"{seen.value:.2f}, {seen.value / seen.chance:.1f} times chance"
        lines.append(f"  P@{k} over all {seen.queries} new files of trained categories: {times}")
    return "\n".join(lines)


def _kept(folder: Path) -> str:
    return (
        f"\nKept in {folder}; look at {folder / 'pages' / 'sketch-to-photo.html'} in a browser, or"
        f" ask more:\n  opensearch query {folder / 'index'}"
        f" {folder / 'gallery' / 'sketch' / 'truck' / '01.png'} --from sketch --to shape"
    )


def _next() -> str:
    return (
        "\nThe toys show that the way works, not how well: a useful model starts from a"
        "\npretrained backbone. With your own files, laid out as"
        "\nDIR/<domain>/<category>/<file>:"
        "\n  opensearch train prototype --data DIR --out models/mine \\"
        "\n      --set backbone.pretrained=DEFAULT"
        "\n  opensearch index DIR --to indexes/mine --model models/mine"
        "\n  opensearch query indexes/mine FILE --to photo --html hits.html"
    )
