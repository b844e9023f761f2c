"""The starter's recipe judged on categories left out of training: settings are chosen by this.

    python -m benchmarks.starter_cut DATA OUT --draw 0 \\
        --set backbone.weights=efficientnet-lite2-9656183e.pth [--set 'joint.soup=[]']

DATA holds triad, sketchy, tuberlin, drawings and solids. Of the categories with train files of
sketches, photos and shapes twelve are drawn, of others with shapes, icons and cartoons twenty:
all their files are left out of training, in every collection, and measured afterwards. Their
train files make two collections in OUT, `common` and `drawn`, in which all is unseen. Nothing
of the collections' own test and unseen splits is read. An OUT that holds a trained model is
measured again without training. The shipped backbone has seen the categories that a draw leaves
out, so nothing starts from it here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
import numpy as np

from benchmarks.validation_cut import write
from opensearch.cli.progress import Bars
from opensearch.config import TrainConfig
from opensearch.encoders.card import CARD
from opensearch.encoders.starter import STARTER
from opensearch.experiments.evaluate import Evaluation, Row, evaluate
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.training.collection import TrainingPart, training_part

MADE: Final = ("triad", "sketchy", "tuberlin", "drawings", "solids")
GROUPS: Final = {
    "common": (("photo", "shape", "sketch"), 12),
    "drawn": (("cartoon", "icon", "shape"), 20),
}
"""Collections of held-out categories: the domains that hold them, and how many are drawn."""


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--draw", default=0, show_default=True, help="Seed of the categories left out.")
@click.option("--set", "overrides", multiple=True, help="Setting of the recipe, key=value.")
def main(data: Path, out: Path, draw: int, overrides: tuple[str, ...]) -> None:
    """Train without the categories of a draw, measure on them, print the means."""
    config = load_train_config("starter", overrides)
    refuse_the_shipped(config)
    folders = [data / name for name in MADE]
    part = training_part(folders, None, config.exclude, config.omit, config.rename)
    held = drawn(part, draw)
    for group, names in held.items():
        lay_out(part, GROUPS[group][0], names, out / group)
        print(f"{group}: {', '.join(names)}")
    model = out / "model"
    left_out = [*config.exclude, *(name for names in held.values() for name in names)]
    with Bars() as bars:
        if not (model / CARD).exists():
            cut: TrainConfig = config.model_copy(update={"exclude": left_out})
            train(Training(cut, folders, model), bars.show, print)
        for group in GROUPS:
            found = evaluate(Evaluation(model, out / group, ["unseen"]), bars.show)
            report(group, found.rows)


def refuse_the_shipped(config: TrainConfig) -> None:
    """Refuse to start from the shipped backbone, which learnt the categories of every draw."""
    if config.backbone.weights == STARTER:
        raise click.UsageError(
            "the shipped backbone has seen what a draw leaves out; start from weights that have"
            " not: --set backbone.weights=efficientnet-lite2-9656183e.pth"
        )


def drawn(part: TrainingPart, draw: int) -> dict[str, list[str]]:
    """The categories of each group, sorted; no category is in two.

    Args:
        draw: seed.
    """
    held: dict[str, set[str]] = defaultdict(set)
    for domain, sources in part.domains.items():
        for source in sources:
            held[source.category or ""].add(domain)
    rng = np.random.default_rng(draw)
    chosen: dict[str, list[str]] = {}
    taken: set[str] = set()
    for group, (domains, count) in GROUPS.items():
        pool = sorted(name for name in held if set(domains) <= held[name] and name not in taken)
        taken |= set(pool)
        chosen[group] = sorted(str(name) for name in rng.choice(pool, count, replace=False))
    return chosen


def lay_out(part: TrainingPart, domains: Sequence[str], names: Sequence[str], folder: Path) -> None:
    """A collection of the train files of some categories, all `unseen`; links where they can be."""
    sources = [
        replace(
            source,
            key=f"{domain}/{source.category}/{number:05d}{source.path.suffix}",
            domain=domain,
            split="unseen",
        )
        for domain in domains
        for number, source in enumerate(s for s in part.domains[domain] if s.category in names)
    ]
    write(sources, folder)


def report(group: str, rows: Sequence[Row]) -> None:
    """A line for each representation: mean of the directions across domains, each, and words."""
    for row in rows:
        cells = [
            f"{cell.source} > {cell.target} {cell.map_all:.3f}"
            for cell in row.matrix.cells
            if cell.source != cell.target
        ]
        mean, words = row.matrix.cross.map_all, row.words.mean.map_all
        print(f"{group} {row.representation}, refinement {row.refinement}: {mean:.3f}")
        print(f"    words {words:.3f}; {', '.join(cells)}")


if __name__ == "__main__":
    main()
