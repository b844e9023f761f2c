"""The verb `calibrate`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.options import collections_option, json_option
from opensearch.cli.places import FOLDER
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.verb import Verb

if TYPE_CHECKING:
    from opensearch.experiments.calibrate import Calibrated
    from opensearch.experiments.directions import Fitted, Key


@click.command(cls=Verb)
@click.argument("models", nargs=-1, required=True, type=FOLDER)
@collections_option("Collection; repeatable.")
@click.option("--split", default="train", show_default=True, help="Split to use; all: every file.")
@click.option(
    "--into", type=FOLDER, help="Model that the curves are written into. Default: MODELS itself."
)
@click.option(
    "--config", help="Training config whose exclude, omit and rename are followed here, too."
)
@click.option("--exclude", multiple=True, help="Category to leave out; repeatable.")
@click.option(
    "--kinds",
    default=100,
    show_default=True,
    type=click.IntRange(min=2),
    help="Kinds of things in the collections that it is meant for: the more, the lower scores are.",
)
@click.option(
    "--files",
    default=20,
    show_default=True,
    type=click.IntRange(min=2),
    help="Files to use of each category in each domain.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the choice of queries.")
@json_option("Print every number as one JSON object.")
@quiet_option
def calibrate(
    models: tuple[Path, ...],
    data: tuple[Path, ...],
    split: str,
    into: Path | None,
    config: str | None,
    exclude: tuple[str, ...],
    kinds: int,
    files: int,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Teach a model what its scores are worth.

    The score of a hit becomes the probability that it is what was asked for. It is learnt from
    files in categories that MODELS were not trained on: they are the queries and what is searched.
    If the model was trained on all categories, train one by its recipe without some, give that
    one, and name the model by --into; several such models are better than one. Directions that
    nothing is learnt of, as of domains without files, keep what the model has for them. No identity
    changes: an index of the model takes the calibration over by `opensearch index --model`.

    \b
    Example:
        opensearch calibrate models/mine --data collection/ --split all
        opensearch calibrate models/cut0 models/cut1 --data collection/ --into models/mine
    """
    from opensearch.experiments.calibrate import calibrate as run
    from opensearch.experiments.calibrate import to_dict
    from opensearch.experiments.held_out import Calibrating

    followed = _followed(config)
    exclude = (*exclude, *followed.pop("exclude", ()))
    wanted = Calibrating(
        models, data, split, into, exclude, files=files, kinds=kinds, seed=seed, **followed
    )
    skipped = Skipped()
    with Bars(quiet) as bars:
        made = run(wanted, bars.show)
    skipped.add(made.failures)
    click.echo(json.dumps(to_dict(made)) if as_json else _text(made))
    skipped.end()


def _followed(config: str | None) -> dict[str, Any]:
    """What a config of training says of categories, as arguments of `Calibrating`."""
    if config is None:
        return {}
    from opensearch.methods.configs import load_train_config

    said = load_train_config(config)
    return {
        "exclude": tuple(said.exclude),
        "omit": tuple(said.omit),
        "rename": dict(said.rename),
    }


def _text(made: Calibrated) -> str:
    head = (
        "direction            categories  hits right   error  Brier (base)   AUROC"
        "   right in 10, refined"
    )
    lines = [head, *(_line(each, (each.source, each.target) in made.kept) for each in made.fitted)]
    lines.append(
        f"{made.bundle.folder}: calibrated on {len(made.categories)} categories, for collections of"
        f" {made.kinds} kinds; measured on these collections as they are,"
        " each half of the categories by curves of the other half; *: refined by default"
    )
    if made.kept:
        lines.append(f"as before, moved to as many kinds: {_names(made.kept)}")
    if made.dropped:
        lines.append(
            f"no longer calibrated, as their curves were fitted otherwise: {_names(made.dropped)}"
        )
    return "\n".join(lines)


def _names(keys: Sequence[Key]) -> str:
    return ", ".join(f"{source or 'word'} > {target}" for source, target in keys)


def _line(each: Fitted, kept: bool) -> str:
    name = f"{each.source or 'word'} > {each.target}"
    start = f"{name:<21}{each.categories:>10}"
    refined = f"{each.right:>12.3f} {each.gain:+.3f} ± {each.sure:.3f}"
    if each.direction is None:
        then = "the curves of before hold" if kept else "scores are cosines"
        return f"{start}  too little to learn from: {then}"
    told = "  *" if each.direction.refine else ""
    measured = each.measured
    if measured is None:
        return f"{start}  too few to measure by halves{refined}{told}"
    auroc = "    -" if measured.auroc is None else f"{measured.auroc:.3f}"
    return (
        f"{start}{measured.count:>6} {measured.base:.3f}   {measured.error:.3f}"
        f"  {measured.brier:.3f} ({measured.brier_base:.3f})  {auroc}{refined}{told}"
    )
