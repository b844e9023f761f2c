"""The verb `train`."""

from __future__ import annotations

from pathlib import Path

import click

from opensearch.cli.progress import Bars


@click.command()
@click.argument("config")
@click.option(
    "--data",
    "data",
    multiple=True,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Collection with DIR/<domain>/<category>/<file> or a split.csv; repeatable.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.option(
    "--extend",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Model to add a domain to; the rest of it stays as it is.",
)
@click.option("--domain", help="The domain to add, with --extend.")
@click.option("--seed", type=int, help="Seed of everything; the config's by default.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
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

    CONFIG is a shipped name or a YAML file. A run that was interrupted goes on where it was.

    \b
    Example:
        opensearch train prototype --data collection/ --out models/mine \\
            --set backbone.pretrained=DEFAULT --set loop.epochs=40
    """
    from opensearch.methods import Training
    from opensearch.methods import train as run
    from opensearch.methods.configs import load_train_config

    given = [*overrides, *([f"seed={seed}"] if seed is not None else [])]
    recipe = load_train_config(config, given)
    with Bars(quiet) as bars:
        bundle = run(Training(recipe, data, out, extend, domain), bars.show, bars.note)
    click.echo(f"{out}: {', '.join(bundle.domains)}; {len(bundle.card.categories)} categories")
