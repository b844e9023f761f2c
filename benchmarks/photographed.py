"""Drawings photographed on their page, page on its table: what is left of retrieval.

    python -m benchmarks.photographed COLLECTION [--count 100] [--part train]
        [--paper plain] [--pen any] [--taken table] [--empty] [--seed 0]

Drawings of a part of the collection are put on a page, in perspective, in slanting light and with
grain, on photos of the same part as tables; sides of the page may lie out of view. `sheets` says
what papers there are, `scenes` what pens and ways to take them. Each is saved as a JPEG and read
from it as any file is. Each drawing then asks for the photos of its category (starter), three
times: clean, photographed, and photographed with the search for pages switched off. Printed are
mean average precision of the three, the mean cosine of the embeddings with the clean ones', how
often a page was found and how often no ink, how often the file was taken for a sketch where nobody
says what it is, and the time of reading one.

With `--empty` nothing is drawn; printed is how often the reader says so.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.scenes import PENS, TAKEN, photograph
from benchmarks.sheets import PAPERS
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.paper.page import find_page
from opensearch.domains.reading import Reader
from opensearch.domains.sketch import load_drawing
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.errors import UnreadableFile
from opensearch.evaluation import average_precision, relevant_ranks
from opensearch.limits import Limits
from opensearch.model import Model
from opensearch.records import Source
from opensearch.semantic import unit


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=100, show_default=True, help="Drawings.")
@click.option("--gallery", default=600, show_default=True, help="Photos that are searched.")
@click.option("--part", default="train", show_default=True, help="Of the collection's split.")
@click.option("--paper", type=click.Choice(PAPERS), default="plain", show_default=True)
@click.option("--pen", type=click.Choice(PENS), default="any", show_default=True)
@click.option("--taken", type=click.Choice(TAKEN), default="table", show_default=True)
@click.option("--empty", is_flag=True, help="Nothing is drawn on the pages.")
@click.option("--seed", default=0, show_default=True)
def main(  # noqa: PLR0913 - its options
    collection: Path,
    count: int,
    gallery: int,
    part: str,
    paper: str,
    pen: str,
    taken: str,
    empty: bool,
    seed: int,
) -> None:
    """Print how retrieval by photographed drawings compares with clean ones."""
    rng = np.random.default_rng(seed)
    drawings, photos = chosen(collection, part, count, gallery, rng)
    bundle = Bundle.open(starter_model())
    read = open_reader(bundle.domain("sketch").reader)
    views: dict[str, list[NDArray[np.uint8]]] = {"clean": [], "photographed": [], "no page": []}
    found = taken_right = 0
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        for source in drawings:
            clean = np.asarray(load_drawing(source.path, source.part, Limits(), 400))
            table = Image.open(photos[int(rng.integers(len(photos)))].path).convert("RGB")
            seen = photograph(None if empty else clean, table, rng, paper, pen, taken)
            Image.fromarray(seen).save(file, quality=90)
            found += find_page(seen) is not None
            taken_right += guess_domain(file).domain == "sketch"
            start = time.process_time()
            views["photographed"].append(view(read, file))
            seconds += time.process_time() - start
            if not empty:
                views["clean"].append(view(read, source.path, source.part))
                with patch("opensearch.domains.drawings.ink.find_page", return_value=None):
                    views["no page"].append(view(read, file))
    result: dict[str, float] = {
        "drawings": len(drawings),
        "pages found": found,
        "taken for sketches": taken_right,
        "no ink": sum(bool((seen == 255).all()) for seen in views["photographed"]),
        "ms": round(1000 * seconds / len(drawings)),
    }
    if not empty:
        result |= compared(bundle, drawings, photos, views)
    click.echo(json.dumps(result))


def chosen(
    collection: Path, part: str, count: int, gallery: int, rng: np.random.Generator
) -> tuple[list[Source], list[Source]]:
    """Drawings of categories that have photos, and photos of their categories."""
    held = [s for s in read_collection(collection) if s.split == part and s.category]
    photos = [s for s in held if s.domain == "photo"]
    shared = {s.category for s in photos}
    drawings = [s for s in held if s.domain == "sketch" and s.category in shared]
    drawings = [drawings[i] for i in rng.permutation(len(drawings))[:count]]
    wanted = {s.category for s in drawings}
    photos = [s for s in photos if s.category in wanted]
    return drawings, [photos[i] for i in rng.permutation(len(photos))[:gallery]]


def compared(
    bundle: Bundle,
    drawings: Sequence[Source],
    photos: Sequence[Source],
    views: dict[str, list[NDArray[np.uint8]]],
) -> dict[str, float]:
    """Mean average precision of each kind of views, and mean cosine with the clean ones."""
    encoder = bundle.encoder("sketch")
    points = {name: encoder.embed(np.stack(part)[:, None]) for name, part in views.items()}
    against = unit(Model(bundle).embed([s.path for s in photos], "photo"))
    labels = np.array([s.category for s in photos])
    same = np.array([s.category for s in drawings])[:, None] == labels
    held = same.any(axis=1)  # the draw of photos may have left a category out
    result: dict[str, float] = {"photos": len(photos)}
    for name, part in points.items():
        ranks = relevant_ranks(-(part @ against.T)[held], same[held])
        result[f"mAP {name}"] = round(float(average_precision(ranks).mean()), 4)
        result[f"cosine {name}"] = round(float((part * points["clean"]).sum(axis=1).mean()), 4)
    return result


def view(read: Reader, file: Path, part: int | None = None) -> NDArray[np.uint8]:
    """The view (s, s, 3) of a drawing; a blank one where no ink was found."""
    try:
        seen: NDArray[np.uint8] = read(file, part).views[0]
    except UnreadableFile:
        seen = np.full((160, 160, 3), 255, np.uint8)
    return seen


if __name__ == "__main__":
    main()
