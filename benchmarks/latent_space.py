"""Shapes found for sketches by hand: in the latent space of drawings and renders, and by meaning.

    python -m benchmarks.latent_space COLLECTION --model MODEL [--sketches 10]

COLLECTION holds shapes and sketches with a split, as triad does; MODEL is a reconstruction model
with an adaptation. The gallery are the shapes for training, the queries sketches of the split
`test`. Of the five nearest shapes by each way the share that is of the sketch's category is
printed, and what blind choice would give; both are means over categories. The second way are the
shipped model's embeddings, exact cosines. Five minutes on two cores for triad.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.reconstruction import hand_queries, read_part
from opensearch.cli.progress import Bars
from opensearch.domains.catalog import read_collection
from opensearch.domains.upright import axis_of
from opensearch.domains.workers import Readers
from opensearch.reconstruction.latent import RENDER, SKETCH, LineEncoder, ink
from opensearch.reconstruction.latent_index import nearest_shapes
from opensearch.training.cache import cache_folder
from opensearch.training.features import collection_views

HITS = 5


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--sketches", default=10, show_default=True, help="By hand, of each category.")
def main(collection: Path, model: Path, sketches: int) -> None:
    """Print the share of right shapes among the five nearest, by both ways and by chance."""
    encoder = LineEncoder.open(model)
    with Bars() as bars:
        gallery = read_part(collection, ["train"], bars)
        rows = collection_views(gallery.sources, RENDER, cache_folder(), bars.show, axis=axis_of)
        codes = np.stack([encoder(ink(rows.row(at)[..., 0])) for at in range(len(rows))])
        queries = hand_queries(collection, "test", gallery, sketches, bars)
        drawings = _drawings(collection, [query.category for query in queries], sketches)
    names = np.array([source.category for source in gallery.sources])
    shares: dict[str, dict[str, list[float]]] = {"latent": {}, "semantic": {}, "chance": {}}
    for query, drawing in zip(queries, drawings, strict=True):
        order, _ = nearest_shapes(codes, encoder(ink(drawing[None]))[0])
        by_meaning = np.argsort(-(gallery.embeddings @ query.embedding), kind="stable")
        right = names == query.category
        found = {"latent": order[:HITS], "semantic": by_meaning[:HITS], "chance": slice(None)}
        for way, places in found.items():
            shares[way].setdefault(query.category, []).append(float(right[places].mean()))
    print(f"{len(queries)} sketches of {len(shares['latent'])} categories; {len(names)} shapes")
    for way, by_category in shares.items():
        means = [np.mean(each) for each in by_category.values()]
        print(f"{way:10} {np.mean(means):.3f}")


def _drawings(collection: Path, categories: list[str], count: int) -> list[NDArray[np.uint8]]:
    """The sketches of `hand_queries`, in its order, as the encoder takes them."""
    found: dict[str, list[Path]] = {category: [] for category in dict.fromkeys(categories)}
    for source in read_collection(collection):
        own = found.get(source.category or "") if source.domain == "sketch" else None
        if own is not None and source.split == "test" and len(own) < count:
            own.append(source.path)
    next_of = {category: iter(paths) for category, paths in found.items()}
    with Readers({"sketch": SKETCH}) as readers:
        return [
            readers.open(next(next_of[category]), None, "sketch").reading.views[0, ..., 0]
            for category in categories
        ]


if __name__ == "__main__":
    main()
