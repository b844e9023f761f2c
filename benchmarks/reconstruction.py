"""Models made from drawings, compared with held-out shapes: which way of making them is best.

    python -m benchmarks.reconstruction COLLECTION [--model MODEL]... [--held train] [--no-align]
        [--json FILE]

COLLECTION holds shapes and sketches with a split, as triad does. The gallery is its shapes for
training. A query is a line drawing of a held-out shape, from one camera, which is held against
that shape; or a sketch by hand, held against every held-out shape of its category: the mean of
them, and the best. The five nearest shapes are found by the shipped model's embeddings (exact
cosines). Each MODEL is a reconstruction model, one of several seeds for instance.

    nearest     the grid of the nearest shape
    mean        the mean of the five by their weights
    MODEL       what the model's generator makes of the five, pooled
    MODEL+mean  half of that, and half of the mean by weights that sum to one: the mode `blend`

For all but the nearest the five are turned to lie and face alike, as the verb does it;
`--no-align` leaves each as it stands by itself. `--weights printed` gives generators weights that
sum to 1.5, too.

IoU is taken at a level: that of the verb for the mean, of the card for a generator; AP needs none.
Held-out shapes stand as in their files, which often do not say which axis is up. So form is
measured regardless of pose as well: "turned" is the best IoU over the 24 rotations of a cube.
With `--held train` each fourth shape for training is a query and leaves the gallery while it is
asked for; nothing of the split `test` is read. That is what levels are chosen by.
Ten minutes on two cores for triad, of which half are for views that are cached afterwards.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.reconstruction_report import LEVELS, report
from opensearch.cli.progress import Bars
from opensearch.config import ReaderSettings
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.opening.workers import Readers
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.model import Model
from opensearch.reconstruction.aligning import TURNS, alike, turned
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.settings import PoolingSettings
from opensearch.reconstruction.training.data import FLAGS, posed_rows, told_axes
from opensearch.reconstruction.voxels import SIDE, Grid, iou
from opensearch.records import Source, Up
from opensearch.training.cache import cache_folder
from opensearch.training.features import collection_features

LINE_SIZE: Final = 224
Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Shapes of the collection with all that is asked of them.

    Attributes:
        axes: upright ones, by file.
        grids: shape (n, 32, 32, 32).
        embeddings: shape (n, d), unit rows.
    """

    sources: Sequence[Source]
    axes: Mapping[Path, Up]
    grids: Grid
    embeddings: Array

    def take(self, places: Sequence[int]) -> Part:
        """Some of them."""
        some = [self.sources[place] for place in places]
        return Part(some, self.axes, self.grids[places], self.embeddings[places])


@dataclass(frozen=True)
class Asked:
    """A query: its kind, category and embedding, and what it is held against.

    Attributes:
        truths: places of held-out shapes.
        left_out: the shape that the gallery lacks, if any.
    """

    kind: str
    category: str
    embedding: Array
    truths: Sequence[int]
    left_out: Path | None = None


class Making:
    """The ways to make a grid of five shapes, as probabilities with a level."""

    def __init__(self, models: Sequence[Path], align: bool, printed: bool) -> None:
        self.generators = {model.name: Generator.open(model) for model in models}
        self._align, self._printed = align, printed
        self.weights = np.array(PoolingSettings(normalise=False).shares(), np.float32)

    def levels(self, mean: float) -> dict[str, float]:
        """The level of each way."""
        levels = {"nearest": 0.5, "mean": mean}
        for name, generator in self.generators.items():
            levels |= {name: generator.card.level, f"{name}+mean": mean}
        return levels

    def make(self, gallery: Part, found: NDArray[np.int64]) -> dict[str, Array]:
        """Probabilities by each way, of the nearest shapes at places `found` (k,)."""
        grids = gallery.grids[found]
        nearest = grids[0].astype(np.float32)
        if self._align:
            known = [gallery.axes[gallery.sources[place].path] != "unknown" for place in found]
            turns = alike(list(grids), self.weights, known)
            laid = zip(grids, turns, strict=True)
            grids = np.stack([turned(grid, turn) for grid, turn in laid])
        summed = np.einsum("k,kxyz->xyz", self.weights, grids.astype(np.float32))
        mean = summed / self.weights.sum()
        made = {"nearest": nearest, "mean": np.minimum(summed, 1)}
        for name, generator in self.generators.items():
            shares = np.array(generator.card.pooling.shares(), np.float32)
            codes = generator.encode(grids)
            pooled = generator.pool(codes, self.weights if self._printed else shares)
            made[name] = generator.decode(pooled[None])[0]
            made[f"{name}+mean"] = (made[name] + mean) / 2
        return made


def read_part(collection: Path, splits: Sequence[str], bars: Bars) -> Part:
    """The labelled shapes of some splits, those that can be read."""
    bundle, cache = Bundle.open(starter_model()), cache_folder()
    shapes = [
        source
        for source in read_collection(collection)
        if source.domain == "shape" and source.category and source.split in splits
    ]
    up = told_axes(shapes, bundle, cache, bars.show)
    rows = posed_rows(shapes, up, cache, bars.show)
    card = bundle.domain("shape")
    features = collection_features(
        rows.sources, card.reader, bundle.backbone("shape"), card.backbone.tensors, cache, bars.show
    )
    packed = rows.take(range(len(rows)))[:, : -len(FLAGS)]
    grids = np.unpackbits(packed, axis=1).reshape(-1, SIDE, SIDE, SIDE).astype(bool)
    embeddings = bundle.encoder("shape").embed_features(features.take(range(len(features))))
    axes = {source.path: axis for source, axis in zip(shapes, up, strict=True)}
    return Part(rows.sources, axes, grids, embeddings)


def line_queries(held: Part, leave_out: bool, bars: Bars) -> list[Asked]:
    """A line drawing of each held-out shape."""
    model = Model(Bundle.open(starter_model()))
    lines = ReaderSettings(reader="mesh", size=LINE_SIZE, views=0, line_views=1)
    asked = []
    with Readers({"lines": lines}) as readers:
        for place, source in enumerate(held.sources):
            axis = held.axes[source.path]
            up: Up = "y" if axis == "unknown" else axis
            view = readers.open(source.path, None, "lines", up=up).reading.views[0]
            embedding = model.embed([view], "sketch")[0]
            out = source.path if leave_out else None
            asked.append(Asked("lines", source.category or "", embedding, [place], out))
            bars.show("line drawings", place + 1, len(held.sources))
    return asked


def hand_queries(collection: Path, split: str, held: Part, count: int, bars: Bars) -> list[Asked]:
    """Sketches of the categories of held-out shapes, the first `count` of each."""
    model = Model(Bundle.open(starter_model()))
    places: dict[str, list[int]] = defaultdict(list)
    for place, source in enumerate(held.sources):
        places[source.category or ""].append(place)
    taken: dict[str, list[Source]] = defaultdict(list)
    for source in read_collection(collection):
        wanted = source.domain == "sketch" and source.split == split and source.category in places
        if wanted and len(taken[source.category or ""]) < count:
            taken[source.category or ""].append(source)
    sketches = [source for some in taken.values() for source in some]
    asked = []
    for at, source in enumerate(sketches):
        embedding = model.embed([source.path], "sketch")[0]
        category = source.category or ""
        asked.append(Asked("sketches", category, embedding, places[category]))
        bars.show("sketches", at + 1, len(sketches))
    return asked


def judge(
    gallery: Part,
    held: Part,
    queries: Sequence[Asked],
    making: Making,
    mean_level: float,
    bars: Bars,
) -> list[dict[str, Any]]:
    """A row for each query and way of making: measures, and IoU at each of `LEVELS`."""
    levels = making.levels(mean_level)
    flat = gallery.grids.reshape(len(gallery.grids), -1).astype(np.float32)
    files = np.array([str(source.path) for source in gallery.sources])
    rows = []
    for at, query in enumerate(queries):
        scores = gallery.embeddings @ query.embedding
        if query.left_out is not None:
            scores[files == str(query.left_out)] = -np.inf
        found = np.argsort(-scores, kind="stable")[: len(making.weights)]
        right = np.mean([gallery.sources[place].category == query.category for place in found])
        for way, made in making.make(gallery, found).items():
            truths = held.grids[list(query.truths)]
            overlaps = [iou(made >= levels[way], truth) for truth in truths]
            free = [best_turned(made >= levels[way], truth) for truth in truths]
            swept = [np.mean([iou(made >= level, t) for t in truths]) for level in LEVELS]
            rows.append({
                "kind": query.kind,
                "category": query.category,
                "way": way,
                "right": float(right),
                "near": nearest_overlap(made >= levels[way], flat),
                "iou": float(np.mean(overlaps)),
                "best": float(max(overlaps)),
                "turned": float(np.mean(free)),
                "ap": float(np.mean([precision(made, truth) for truth in truths])),
                "levels": [float(value) for value in swept],
            })  # fmt: skip
        bars.show("making", at + 1, len(queries))
    return rows


def precision(probabilities: Array, truth: Grid) -> float:
    """Average precision of the voxels of a grid, ranked by their probabilities."""
    return float(average_precision_score(truth.reshape(-1), probabilities.reshape(-1)))


def nearest_overlap(made: Grid, flat: Array) -> float:
    """IoU of a grid with the shape of the gallery, flat grids (n, voxels), that it is most like."""
    own = made.reshape(-1).astype(np.float32)
    both = flat @ own
    return float((both / np.maximum(flat.sum(axis=1) + own.sum() - both, 1)).max())


def best_turned(made: Grid, truth: Grid) -> float:
    """IoU of two grids in that turn of the first that is best."""
    ways = np.stack([turned(made, turn).reshape(-1) for turn in TURNS])
    both = ways[:, truth.reshape(-1)].sum(axis=1)
    return float((both / np.maximum(made.sum() + truth.sum() - both, 1)).max())


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", "models", multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--held", type=click.Choice(["test", "train"]), default="test", show_default=True)
@click.option("--sketches", default=5, show_default=True, help="By hand, of each category.")
@click.option("--level", default=0.45, show_default=True, help="Of the mean.")
@click.option("--align/--no-align", default=True, show_default=True, help="Lay shapes alike.")
@click.option("--weights", type=click.Choice(["learnt", "printed"]), default="learnt")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all measures there.")
def main(
    collection: Path,
    models: tuple[Path, ...],
    held: str,
    sketches: int,
    level: float,
    align: bool,
    weights: str,
    file: Path | None,
) -> None:
    """Print tables of IoU and AP by category, for line drawings and for sketches by hand."""
    with Bars() as bars:
        gallery = read_part(collection, ["train"], bars)
        if held == "train":
            kept = gallery.take(range(0, len(gallery.sources), 4))
            queries = line_queries(kept, True, bars)
        else:
            kept = read_part(collection, ["test"], bars)
            queries = line_queries(kept, False, bars)
            queries += hand_queries(collection, "test", kept, sketches, bars)
        making = Making(models, align, weights == "printed")
        rows = judge(gallery, kept, queries, making, level, bars)
    print(f"gallery: {len(gallery.sources)} shapes; held out: {len(kept.sources)}")
    told = report(rows)
    if file:
        file.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
