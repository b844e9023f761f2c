"""The verb `train`."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from opensearch.cli.messages import in_flags, say
from opensearch.cli.options import collections_option
from opensearch.cli.places import FOLDER
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.verb import Verb


@click.command(cls=Verb)
@click.argument("config")
@collections_option("Collection with DIR/<domain>/<category>/<file> or a split.csv; repeatable.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.option(
    "--extend",
    type=FOLDER,
    help="Model to add a domain to; the rest of it stays as it is.",
)
@click.option("--domain", help="The domain to add, with --extend.")
@click.option("--seed", type=int, help="Seed of everything; the config's by default.")
@quiet_option
def train(
    config: str,
    data: tuple[Path, ...],
    out: Path,
    overrides: tuple[str, ...],
    extend: Path | None,
    domain: str | None,
    seed: int | None,
    quiet: bool,
) -> None:
    """Train a model on labelled collections.

    CONFIG is a shipped name or a YAML file. All methods but gdmh-pixel and siamese start from the
    shipped model's backbone unless another is named. A run that was interrupted goes on where it
    was.
    Files that cannot be read are named and left out, with exit code 3; where they are most of a
    domain or a collection, nothing is trained.

    \b
    Example:
        opensearch train prototype --data collection/ --out models/mine --set loop.epochs=40
        opensearch train prototype --data collection/ --out models/more \\
            --extend models/mine --domain cartoon
    """
    from opensearch.methods import Training
    from opensearch.methods import train as run
    from opensearch.methods.configs import load_train_config

    given = [*overrides, *([f"seed={seed}"] if seed is not None else [])]
    recipe = load_train_config(config, given)
    with Bars(quiet) as bars:
        skipped = Skipped(bars.note)
        try:
            task = Training(recipe, data, out, extend, domain)
            bundle = run(task, bars.show, lambda note: bars.note(in_flags(note)), skipped)
        except KeyboardInterrupt:
            bars.note(kept(out))
            raise
    click.echo(f"{out}: {', '.join(bundle.domains)}; {len(bundle.card.categories)} categories")
    model, collection = quote(str(out)), quote(str(data[0]))
    say(
        f"next: opensearch evaluate {model} --data {collection}\n"
        f"      opensearch index FOLDER --to indexes/mine --model {model}"
    )
    skipped.end()


def kept(out: Path) -> str:
    """What an interrupted run leaves to go on from."""
    stages = sorted(file.stem for file in (out / "training").glob("*.safetensors"))
    if not stages:
        return "stopped before the first checkpoint; files that were read are cached"
    return f"{out / 'training'} has checkpoints of {', '.join(stages)} to go on from"
