"""The verb `train-3d`."""

from __future__ import annotations

from pathlib import Path

import click

from opensearch.cli.messages import in_flags, say
from opensearch.cli.options import collections_option, model_option
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.train import kept
from opensearch.cli.verb import Verb


@click.command("train-3d", cls=Verb)
@collections_option("Collection with shapes; repeatable.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@model_option("Model that tells which way up shapes are; the shipped one by default.")
@click.option("--seed", type=int, help="Seed of everything; 0 by default.")
@quiet_option
def train_3d(
    data: tuple[Path, ...],
    out: Path,
    overrides: tuple[str, ...],
    model: Path | None,
    seed: int | None,
    quiet: bool,
) -> None:
    """Train a model for `reconstruct` on the shapes of collections.

    Where the collections also hold sketches, the latent space of `reconstruct --by latent` is
    learnt as well. Of a collection with a split only its part `train` is used. Pictures in
    OUT/training/slices show how far the run has got. A run that was interrupted goes on where it
    was.

    \b
    Example:
        opensearch train-3d --data triad/ --data solids/ --out models/solid
        opensearch train-3d --data triad/ --out models/quick --set voxels.steps=500
    """
    from opensearch.reconstruction.settings import load_config
    from opensearch.reconstruction.training import Task, train

    given = [*overrides, *([f"seed={seed}"] if seed is not None else [])]
    config = load_config(given)
    with Bars(quiet) as bars:
        task, skipped = Task(data, out, config, model), Skipped(bars.note)
        try:
            card = train(task, bars.show, lambda note: bars.note(in_flags(note)), skipped)
        except KeyboardInterrupt:
            bars.note(kept(out))
            raise
    click.echo(f"{out}: codes of {config.voxels.code}, made by {card.default}")
    say(f"next: opensearch reconstruct SKETCH --index INDEX --model {out} --out MODEL.obj")
    skipped.end()
