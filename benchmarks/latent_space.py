"""Shapes found for sketches by hand: in the latent space of drawings and renders, and by meaning.

    python -m benchmarks.latent_space INDEX COLLECTION [--model MODEL] [--sketches 10]

COLLECTION holds shapes and sketches with a split, as triad does, INDEX holds them under their
paths, and MODEL is a reconstruction model with an adaptation. The gallery is the shapes of the
split `train`, the queries sketches of the split `test`. Of the five nearest shapes by each way the
share that is of the sketch's category is printed, and what blind choice would give; all are means
over categories. The second way is exact cosines of the index's embeddings. The first run draws all
shapes of the index, a minute of processor time for triad's 959; later ones take seconds.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from opensearch.cli.progress import Bars
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.opening.workers import Readers
from opensearch.engine import Engine
from opensearch.reconstruction.latent import SKETCH, LineEncoder, ink
from opensearch.reconstruction.latent_index import nearest_shapes, shape_codes
from opensearch.reconstruction.making import shipped_model
from opensearch.reconstruction.shapes import file_of
from opensearch.records import Source

HITS = 5


def parts(collection: Path, count: int) -> tuple[dict[str, str], list[Source]]:
    """Categories of shapes for training, by key, and `count` test sketches of each of these."""
    sources = list(read_collection(collection))
    shapes = {
        source.key: source.category or ""
        for source in sources
        if source.domain == "shape" and source.split == "train"
    }
    of: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        known = source.category in shapes.values()
        if source.domain == "sketch" and source.split == "test" and known:
            of[source.category or ""].append(source)
    return shapes, [source for own in of.values() for source in own[:count]]


def embeddings(engine: Engine, keys: list[str]) -> NDArray[np.float32]:
    """Unit rows (n, d) of stored items."""
    return np.stack([engine.part(key=key).vector for key in keys])


@click.command()
@click.argument("index", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="Default: shipped.")
@click.option("--sketches", default=10, show_default=True, help="By hand, of each category.")
def main(index: Path, collection: Path, model: Path | None, sketches: int) -> None:
    """Print the share of right shapes among the five nearest, by both ways and by chance."""
    encoder = LineEncoder.open(model or shipped_model() or Path())
    shapes, queries = parts(collection, sketches)
    with Engine.open(index) as engine, Bars() as bars:
        held = shape_codes(engine, ["shape"], encoder, file_of, bars.show)
        keys = [item.key for item in engine.items(held.ids.tolist())]
        taken = [place for place, key in enumerate(keys) if key in shapes]
        names = np.array([shapes[keys[place]] for place in taken])
        gallery = embeddings(engine, [keys[place] for place in taken])
        asked = embeddings(engine, [query.key for query in queries])
    codes, shares = held.codes[taken], defaultdict(list)
    with Readers({"sketch": SKETCH}) as readers:
        for query, vector in zip(queries, asked, strict=True):
            view = readers.open(query.path, query.part, "sketch").reading.views[..., 0]
            right = names == query.category
            latent = nearest_shapes(codes, encoder(ink(view))[0])[0][:HITS]
            semantic = np.argsort(-(gallery @ vector), kind="stable")[:HITS]
            ways = [right[latent].mean(), right[semantic].mean(), right.mean()]
            shares[query.category].append(ways)
    print(f"{len(queries)} sketches of {len(shares)} categories; {len(names)} shapes")
    means = np.mean([np.mean(each, axis=0) for each in shares.values()], axis=0)
    for way, mean in zip(("latent", "semantic", "chance"), means, strict=True):
        print(f"{way:10} {mean:.3f}")


if __name__ == "__main__":
    main()
