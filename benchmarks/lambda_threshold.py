"""The threshold of the λ rule, fitted on a validation cut: what `refinement.threshold` takes.

python -m benchmarks.lambda_threshold MODEL COLLECTION

MODEL was trained on the train part of COLLECTION, whose `test` split holds new files of trained
categories and whose `unseen` split categories left out; see `benchmarks.validation_cut`.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.bundle import Bundle
from opensearch.experiments.embedded import EmbeddedSplit, embed_collection
from opensearch.model import Model
from opensearch.progress import quiet
from opensearch.refinement.rule import fit_threshold, nearest_cosine
from opensearch.training.cache import cache_folder


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(model: Path, collection: Path) -> None:
    """Print the threshold, and how well it parts the two kinds of queries."""
    bundle = Bundle.open(model)
    wanted = ("test", "unseen")
    splits = embed_collection(
        bundle, collection, cache_folder(), quiet, keep=lambda split: split in wanted
    ).splits
    prototypes = Model(bundle).seen_prototypes
    seen, unseen = (_cosines(splits[name], prototypes) for name in wanted)
    threshold = fit_threshold(seen, unseen)
    kept = (np.mean(seen >= threshold) + np.mean(unseen < threshold)) / 2
    click.echo(
        f"threshold {threshold:.4f}: balanced accuracy {kept:.3f} over {len(seen)} queries of"
        f" trained categories (median cosine {np.median(seen):.3f}) and {len(unseen)} of others"
        f" ({np.median(unseen):.3f})"
    )


def _cosines(split: EmbeddedSplit, prototypes: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = [nearest_cosine(rows, prototypes) for rows, _ in split.domains.values()]
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
