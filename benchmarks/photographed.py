"""Drawings photographed on their page, page on its table: what is left of retrieval.

    python -m benchmarks.photographed COLLECTION [--count 100] [--paper plain] [--seed 0]

Drawings of the collection's `train` part are put on a tinted page, in perspective, in slanting
light and with grain, on photos of the same part as tables; sides of the page may lie out of view.
The page may be lined or squared, or a whiteboard, drawn on in a colour, that a lamp shines on.
Each drawing then asks for the photos of its category (starter, train part), three times: clean,
photographed, and photographed with the search for pages switched off. Printed are mean average
precision of the three, the mean cosine of the embeddings with the clean ones', and how often a
page was found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from opensearch.config import Limits
from opensearch.domains import ink
from opensearch.domains.catalog import read_collection
from opensearch.domains.page import cut_out, warped
from opensearch.domains.sketch import load_drawing
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.errors import UnreadableFile
from opensearch.evaluation import average_precision, relevant_ranks
from opensearch.model import Model
from opensearch.records import Source
from opensearch.semantic import unit

WIDTH, HEIGHT = 1000, 750
"""Of a photograph, pixels."""
PAPERS = ("plain", "lined", "squared", "whiteboard")


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=100, show_default=True, help="Drawings.")
@click.option("--gallery", default=600, show_default=True, help="Photos that are searched.")
@click.option("--paper", type=click.Choice(PAPERS), default="plain", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(collection: Path, count: int, gallery: int, paper: str, seed: int) -> None:
    """Print how retrieval by photographed drawings compares with clean ones."""
    rng = np.random.default_rng(seed)
    train = [s for s in read_collection(collection) if s.split == "train" and s.category]
    photos = [s for s in train if s.domain == "photo"]
    shared = {s.category for s in photos}
    drawings = [s for s in train if s.domain == "sketch" and s.category in shared]
    drawings = [drawings[i] for i in rng.permutation(len(drawings))[:count]]
    wanted = {s.category for s in drawings}
    photos = [s for s in photos if s.category in wanted]
    photos = [photos[i] for i in rng.permutation(len(photos))[:gallery]]
    bundle = Bundle.open(starter_model())
    reader = bundle.domain("sketch").reader
    views: dict[str, list[NDArray[np.uint8]]] = {"clean": [], "photographed": [], "no page": []}
    found = 0
    for source in drawings:
        clean = np.asarray(load_drawing(source.path, source.part, Limits(), 400))
        table = Image.open(photos[int(rng.integers(len(photos)))].path).convert("RGB")
        taken = photograph(clean, table, rng, paper)
        found += cut_out(taken) is not None
        views["clean"].append(view(clean, reader.size, reader.stroke))
        views["photographed"].append(view(taken, reader.size, reader.stroke))
        with patch("opensearch.domains.ink.cut_out", return_value=None):
            views["no page"].append(view(taken, reader.size, reader.stroke))
    encoder = bundle.encoder("sketch")
    points = {name: encoder.embed(np.stack(part)[:, None]) for name, part in views.items()}
    against = embedded(bundle, photos)
    labels = np.array([s.category for s in photos])
    same = np.array([s.category for s in drawings])[:, None] == labels
    held = same.any(axis=1)  # the draw of photos may have left a category out
    result: dict[str, float] = {
        "drawings": len(drawings),
        "photos": len(photos),
        "pages found": found,
    }
    for name, part in points.items():
        ranks = relevant_ranks(-(part @ against.T)[held], same[held])
        result[f"mAP {name}"] = round(float(average_precision(ranks).mean()), 4)
        result[f"cosine {name}"] = round(float((part * points["clean"]).sum(axis=1).mean()), 4)
    click.echo(json.dumps(result))


def photograph(
    drawing: NDArray[np.uint8], table: Image.Image, rng: np.random.Generator, paper: str = "plain"
) -> NDArray[np.uint8]:
    """A drawing (h, w, 3) on a page that lies on a table, shape (HEIGHT, WIDTH, 3)."""
    width = 900
    height = round(width * rng.choice([0.71, 1.0, 1.41, 0.75]))
    tint = np.array([1, rng.uniform(0.95, 1), rng.uniform(0.85, 1)])
    page = np.ones((height, width, 3)) * rng.uniform(200, 250) * tint
    pen = np.ones(3)
    if paper == "whiteboard":
        page, pen = _board(height, width, rng)
    elif paper != "plain":
        page *= _ruling(height, width, paper == "squared", rng)
    side = int(min(width, height) * rng.uniform(0.45, 0.8))
    grey = Image.fromarray(drawing).convert("L").resize((side, side))
    share = 1 - np.asarray(grey)[..., None] / 255
    x, y = rng.integers(20, width - side - 19), rng.integers(20, height - side - 19)
    here = page[y : y + side, x : x + side]
    page[y : y + side, x : x + side] = here * (1 - share) + rng.uniform(20, 90) * pen * share
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corner = square + (1 - 2 * square) * rng.uniform(-0.06, 0.16, size=(4, 2))
    ratio = width / height / (WIDTH / HEIGHT)
    corner = (corner - 0.5) * [min(ratio, 1), min(1 / ratio, 1)] + 0.5
    corner = corner * [WIDTH, HEIGHT]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    sheet = warped(page.clip(0, 255).astype(np.uint8), whole, corner, (WIDTH, HEIGHT))
    mask = warped(np.full_like(page, 255, np.uint8), whole, corner, (WIDTH, HEIGHT)) / 255
    ground = table.resize((WIDTH, HEIGHT)).filter(ImageFilter.GaussianBlur(1))
    taken = np.asarray(ground) * rng.uniform(0.4, 0.9) * (1 - mask) + sheet * mask
    down, across = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    slant = (across * rng.uniform(-1, 1) + down * rng.uniform(-1, 1) + 1) / 2
    taken = taken * (1 - rng.uniform(0, 0.4) * slant)[..., None]
    taken = taken + rng.normal(0, 3, (HEIGHT, WIDTH, 3))
    return np.asarray(taken.clip(0, 255), np.uint8)


def _ruling(
    height: int, width: int, squared: bool, rng: np.random.Generator
) -> NDArray[np.float64]:
    """What printed lines leave of the light, shape (height, width, 3): blue or grey, 5 to 9 mm."""
    gap = int(rng.integers(22, 40))  # of pages 210 mm wide
    thick = int(rng.integers(1, 4))
    lines = np.zeros((height, width), np.bool_)
    for start in range(int(rng.integers(gap)), height, gap):
        lines[start : start + thick] = True
    if squared:
        for start in range(int(rng.integers(gap)), width, gap):
            lines[:, start : start + thick] = True
    left = 1 - rng.uniform(0.15, 0.5) * (
        np.array([1, 0.6, 0.25]) if rng.random() < 0.7 else np.ones(3)
    )
    return np.where(lines[..., None], left, 1.0)


def _board(
    height: int, width: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A whiteboard with old marks wiped to grey and a lamp's reflection, and a marker's colour."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    lamp = np.exp(-(((down - rng.random()) ** 2 + (across - rng.random()) ** 2) / 0.02))
    wiped = rng.normal(size=(height // 60 + 1, width // 60 + 1))
    small = Image.fromarray(wiped.astype(np.float32))
    cloud = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    board = rng.uniform(190, 225) + 3 * cloud + 40 * lamp
    colours = ([1, 1, 1], [0.4, 0.6, 2.2], [2.4, 0.5, 0.5], [0.4, 1.8, 0.8])
    return np.repeat(board[..., None], 3, axis=2), np.array(colours[int(rng.integers(4))])


def view(rgb: NDArray[np.uint8], size: int, stroke: float) -> NDArray[np.uint8]:
    """The view (s, s, 3) of a drawing; a blank one where no ink was found."""
    try:
        grey = ink.normalise(rgb, size, stroke)
    except UnreadableFile:
        grey = np.full((size, size), 255, np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def embedded(bundle: Bundle, photos: Sequence[Source]) -> NDArray[np.float32]:
    """Embeddings (n, d) of photos."""
    return unit(Model(bundle).embed([s.path for s in photos], "photo"))


if __name__ == "__main__":
    main()
