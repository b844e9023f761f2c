"""A method on the categories that two domains share, measured on files kept from training.

    python -m benchmarks.two_domains siamese DATA --out runs/siamese [--set siamese.steps=500]

DATA is a collection with a split.csv. Of the first and the second domain those categories count
that both have train files of; their files are copied to OUT/collection, the model is OUT/model.
Measured on the split `test`, or one named, are mAP@all and NN of each direction, by cosine as an
index ranks and as the method's paper does. `chance` is that of random embeddings of the same files.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from opensearch.cli.progress import Bars
from opensearch.domains.collections.catalog import read_collection
from opensearch.evaluation import Labelled, Matrix, any_to_any
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.records import Source


@click.command()
@click.argument("config")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path))
@click.option("--domains", default=("sketch", "shape"), nargs=2, show_default=True)
@click.option("--split", default="test", show_default=True, help="Split that is measured.")
@click.option("--set", "overrides", multiple=True, help="Settings, as of `opensearch train`.")
def main(
    config: str,
    data: Path,
    out: Path,
    domains: tuple[str, str],
    split: str,
    overrides: tuple[str, ...],
) -> None:
    """Train a method by CONFIG on two domains of DATA, and measure what was kept."""
    collection = out / "collection"
    if not collection.exists():
        copy_shared(read_collection(data), domains, ("train", split), collection)
    settings = load_train_config(config, overrides)
    with Bars(False) as bars:
        train(Training(settings, [collection], out / "model"), bars.show, click.echo)
        asked = Evaluation(out / "model", collection, [split], as_published=True)
        rows = evaluate(asked, bars.show).rows
    labels = {d: _labels(collection, d, split) for d in domains}
    show("chance", any_to_any({d: _random(own) for d, own in labels.items()}, _cosine))
    for row in rows:
        if row.refinement == "none":
            show(row.representation, row.matrix)


def copy_shared(
    sources: Sequence[Source], domains: Sequence[str], splits: Sequence[str], folder: Path
) -> None:
    """Copy the files of some splits, of categories that every domain has train files of."""
    held = [
        {s.category for s in sources if s.domain == domain and s.split == "train"}
        for domain in domains
    ]
    shared = set.intersection(*held)
    rows = [("path", "domain", "category", "split")]
    for source in sources:
        if source.domain in domains and source.category in shared and source.split in splits:
            name = f"{source.domain}/{source.category}/{source.path.name}"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source.path, folder / name)
            rows.append((name, source.domain or "", source.category or "", source.split or ""))
    with (folder / "split.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def show(name: str, matrix: Matrix) -> None:
    """A line for each direction."""
    for cell in matrix.cells:
        nearest = cell.measures.get("nearest_neighbour", float("nan"))
        way = f"{cell.source} to {cell.target}"
        click.echo(f"{name:<10} {way:<18} mAP {cell.map_all:.3f}  NN {nearest:.3f}")


def _labels(collection: Path, domain: str, split: str) -> list[str]:
    found = read_collection(collection)
    return [s.category or "" for s in found if s.domain == domain and s.split == split]


def _random(labels: list[str]) -> Labelled:
    rows = np.random.default_rng(len(labels)).normal(size=(len(labels), 64))
    return Labelled(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array(labels))


def _cosine(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    return np.asarray(1 - queries @ gallery.T)


if __name__ == "__main__":
    main()
