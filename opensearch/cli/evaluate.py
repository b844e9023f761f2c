"""The verb `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from opensearch.cli.messages import in_flags, say
from opensearch.cli.options import json_option, together
from opensearch.cli.places import FOLDER
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.verb import Verb

if TYPE_CHECKING:
    from opensearch.experiments.evaluate import Evaluation, Result, Row


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers joined by commas: 32,64,128."""

    name = "n,n,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers, in their order."""
        if isinstance(value, tuple):  # the default
            return value
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"expected numbers like 32,64,128, got {value!r}", param, ctx)


class Borrowed(click.ParamType[tuple[str, str]]):
    """A domain and the domain whose encoder embeds it: cartoon=photo."""

    name = "domain=encoder"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Both names."""
        if isinstance(value, tuple):
            return value
        domain, _, encoder = value.partition("=")
        if not domain or not encoder:
            self.fail(f"expected DOMAIN=ENCODER like cartoon=photo, got {value!r}", param, ctx)
        return domain, encoder


_which = together(
    click.option(
        "--protocol",
        type=click.Choice(["any-to-any"]),
        default="any-to-any",
        show_default=True,
        help="What is searched from what.",
    ),
    click.option(
        "--split",
        "splits",
        multiple=True,
        help="Split to measure, all for every file. Default: each split but train.",
    ),
    click.option(
        "--as",
        "borrowed",
        multiple=True,
        type=Borrowed(),
        help="Embed a domain of the collection by the encoder of another, cartoon=photo;"
        " repeatable.",
    ),
)
"""Which items of the collection are measured, and by which encoders."""

_by_codes = together(
    click.option(
        "--bits", type=Numbers(), default=(), help="Code lengths to fit on train, 32,64,128."
    ),
    click.option(
        "--hasher",
        "hashers",
        multiple=True,
        default=("lsh", "itq"),
        show_default=True,
        help="Codes to fit, with --bits.",
    ),
    click.option(
        "--score",
        "scores",
        multiple=True,
        default=("hamming",),
        show_default=True,
        type=click.Choice(["hamming", "asymmetric"]),
        help="Rank codes by Hamming distance, or by the query's logits against codes; repeatable.",
    ),
)
"""How codes are fitted and compared."""


@click.command(cls=Verb)
@click.argument("model", type=FOLDER)
@click.option("--data", required=True, type=FOLDER, help="Labelled collection.")
@_which
@_by_codes
@click.option(
    "--categories",
    type=click.Choice(["shared", "all"]),
    default="shared",
    show_default=True,
    help="Measure items of categories that every domain of the split holds, or all items.",
)
@click.option(
    "--against",
    type=FOLDER,
    help="Another model to compare with, on the same queries; says which differences are ties.",
)
@click.option(
    "--as-published",
    is_flag=True,
    help="Also rank as the paper of the model's method does, where that differs.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of codes and intervals.")
@click.option("--full", is_flag=True, help="Print every direction, not the means alone.")
@json_option("Print every number as one JSON object.")
@quiet_option
def evaluate(
    model: Path,
    data: Path,
    protocol: str,
    splits: tuple[str, ...],
    borrowed: tuple[tuple[str, str], ...],
    bits: tuple[int, ...],
    hashers: tuple[str, ...],
    scores: tuple[Literal["hamming", "asymmetric"], ...],
    categories: Literal["shared", "all"],
    against: Path | None,
    as_published: bool,
    seed: int,
    full: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure MODEL on a collection with known categories.

    Prints the mAP of every domain searched from every domain, and by word. Files that cannot be
    read are named and left out, with exit code 3; where they are most, nothing is measured.

    \b
    Example:
        opensearch evaluate models/mine --data collection/ --bits 32,64,128
        opensearch evaluate models/mine --data collection/ --split unseen --json
        opensearch evaluate models/mine --data pacs/ --as cartoon=photo --as art_painting=photo
        opensearch evaluate models/mine --data collection/ --against models/other
    """
    from opensearch.experiments.evaluate import Evaluation
    from opensearch.experiments.evaluate import evaluate as run

    source = click.get_current_context().get_parameter_source("hashers")
    if source is ParameterSource.COMMANDLINE and not bits:
        raise click.UsageError("--hasher names codes to fit: say how long with --bits")
    wanted = Evaluation(
        model, data, splits, bits, hashers, scores, categories, seed, dict(borrowed), as_published
    )
    if against is not None:
        _against(wanted, against, full, as_json, quiet)
        return
    with Bars(quiet) as bars:
        result = run(wanted, bars.show)
    skipped = Skipped()
    skipped.add(result.failures)
    for note in [*result.notes, *_too_few(result.rows)]:
        say(in_flags(note))
    if as_json:
        head = {"protocol": protocol, "model": str(model), "categories": categories}
        rows = [row.to_dict() for row in result.rows]
        failures = [asdict(failure) for failure in result.failures]
        click.echo(json.dumps({**head, "as": dict(borrowed), "rows": rows, "failures": failures}))
    else:
        click.echo(_text(result, full))
        for domain, encoder in borrowed:
            click.echo(f"{domain} is embedded by the encoder of {encoder}")
    skipped.end()


def _against(wanted: Evaluation, against: Path, full: bool, as_json: bool, quiet: bool) -> None:
    """Compare with another model."""
    from opensearch.cli.comparing import comparison_text
    from opensearch.experiments.against import evaluate_against

    with Bars(quiet) as bars:
        compared = evaluate_against(wanted, against, bars.show)
    skipped = Skipped()
    skipped.add(compared.failures)
    for note in compared.notes:
        say(in_flags(note))
    if as_json:
        head = {"model": str(wanted.model), "against": str(against)}
        rows = [row.to_dict() for row in compared.rows]
        failures = [asdict(failure) for failure in compared.failures]
        told = {"categories": wanted.categories, "rows": rows, "failures": failures}
        click.echo(json.dumps({**head, **told}))
    else:
        click.echo(comparison_text(compared.rows, full))
    skipped.end()


def _text(result: Result, full: bool) -> str:
    from opensearch.evaluation import format_matrix

    if full:
        matrices = "\n\n".join(
            f"{row.split} (trained on {_share(row)} categories), {row.representation},"
            f" refinement {row.refinement}\n" + format_matrix(row.matrix, row.words)
            for row in result.rows
        )
        return "\n".join([matrices, "", *_categories(result)])
    wide = max(12, *(len(row.representation) for row in result.rows))
    head = f"{'split':<8} {'as':<{wide}} {'refined':<8} {'mAP@all':>8} {'95 %':>16} {'macro':>7}"
    lines = [f"{head} {'words':>7} {'trained on':>12}"]
    for row in result.rows:
        mean = row.matrix.cross
        low, high = mean.map_all_interval
        lines.append(
            f"{row.split:<8} {row.representation:<{wide}} {row.refinement:<8}"
            f" {_measured(mean.map_all, 8)} {'-' if isnan(low) else f'{low:.3f} to {high:.3f}':>16}"
            f" {_measured(mean.map_macro, 7)} {_measured(row.words.mean.map_all, 7)}"
            f" {_share(row):>12}"
        )
    lines.append("means of the cross-domain directions; words: mean mAP@all of word → each domain;")
    lines.append("trained on: categories, of those measured, that the model was trained on or that")
    lines.append("its backbone's classifier has a name for;")
    return "\n".join([*lines, "--full shows every direction"])


def _measured(value: float, wide: int) -> str:
    """A measure; a dash where there was nothing to measure."""
    return f"{'-':>{wide}}" if isnan(value) else f"{value:>{wide}.4f}"


def _too_few(rows: list[Row]) -> Iterator[str]:
    """Which splits hold too few items to measure anything."""
    empty = {row.split: row.matrix for row in rows if isnan(row.matrix.cross.map_all)}
    for split, least in ((split, matrix.min_gallery) for split, matrix in empty.items()):
        yield (
            f"nothing could be measured between domains in {split!r}: a category counts if it"
            f" has {least} or more items in the domain searched"
        )


def _share(row: Row) -> str:
    """How many of its categories the model was trained on."""
    return f"{len(row.trained)} of {len(row.trained) + len(row.untrained)}"


def _categories(result: Result) -> list[str]:
    """Which categories of each split the model was trained on, and which not."""
    splits = {row.split: row for row in result.rows}
    return [
        f"{name}: trained on {', '.join(row.trained) or 'none'};"
        f" not trained on {', '.join(row.untrained) or 'none'}"
        for name, row in splits.items()
    ]
