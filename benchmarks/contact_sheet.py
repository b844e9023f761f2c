"""A picture of random queries and what they find: one row a query, right hits framed green.

    python -m benchmarks.contact_sheet MODEL COLLECTION --out sheet.png
        [--split unseen] [--queries 20] [-k 10] [--seed 0]

The files of the split are indexed, and searched as `opensearch query` does, with its defaults:
codes, rescoring, refinement. Directions take turns in random order; each row's query is drawn
from the files of its source domain whose category has `FEWEST` files or more in the target.
Nothing is chosen by hand, and a file that could not be read is reported.
"""

from __future__ import annotations

import io
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, permutations
from pathlib import Path
from typing import Final

import click
from PIL import Image, ImageDraw, ImageFont

from benchmarks.validation_cut import write
from opensearch.domains import thumbnail
from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.records import Source

FEWEST: Final = 4
SIDE, FRAME, LABEL, GAP = 96, 4, 16, 6
RIGHT, WRONG, PLAIN = (30, 150, 60), (205, 45, 45), (120, 120, 120)
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Tile:
    """A picture as JPEG bytes (None where there is none), its frame and its label."""

    picture: bytes | None
    colour: Colour
    label: str


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--split", default="unseen", show_default=True)
@click.option("--queries", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("-k", "k", default=10, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(
    model: Path, collection: Path, split: str, queries: int, k: int, seed: int, out: Path
) -> None:
    """Draw the sheet, and print how many of its hits are right."""
    domains = Bundle.open(model).domains
    sources = [s for s in read_collection(collection) if s.split == split and s.domain in domains]
    drawn = draw(sources, queries, seed)
    if not drawn:
        raise click.UsageError(f"{collection} has no two domains that share a category in {split}")
    with tempfile.TemporaryDirectory() as folder:
        write(sources, Path(folder, "files"))
        with Engine.create(Path(folder, "index"), model) as engine:
            report = engine.add(Path(folder, "files"))
            rows = [row(engine, source, target, k) for source, target in drawn]
    sheet(rows).save(out)
    right = sum(tile.colour == RIGHT for tiles in rows for tile in tiles)
    hits = sum(len(tiles) - 1 for tiles in rows)
    print(f"{report.added} files indexed, {report.failed} failed; {right} of {hits} hits are right")


def draw(sources: Sequence[Source], queries: int, seed: int) -> list[tuple[Source, str]]:
    """Random queries, each with the domain it is to search."""
    rng = random.Random(seed)
    held = Counter((source.domain, source.category) for source in sources)
    pools = {
        (one, other): [
            source
            for source in sources
            if source.domain == one and held[other, source.category] >= FEWEST
        ]
        for one, other in permutations(sorted({source.domain or "" for source in sources}), 2)
    }
    directions = [direction for direction, pool in pools.items() if pool]
    rng.shuffle(directions)
    turns = islice(cycle(directions), queries if directions else 0)
    return [(rng.choice(pools[direction]), direction[1]) for direction in turns]


def row(engine: Engine, source: Source, target: str, k: int) -> list[Tile]:
    """The query's tile, then those of its hits, best first."""
    domain = source.domain or ""
    picture = thumbnail(engine.model.read(domain, source.path, source.part), SIDE)
    tiles = [Tile(picture, PLAIN, f"{source.category} ({domain})")]
    for hit in engine.search(source.path, source=domain, targets=[target], k=k):
        colour = RIGHT if hit.category == source.category else WRONG
        tiles.append(Tile(engine.thumbnail(hit.id), colour, hit.category or ""))
    return tiles


def sheet(rows: Sequence[Sequence[Tile]]) -> Image.Image:
    """Rows of tiles as one picture; the first column stands apart."""
    width, height = SIDE + 2 * FRAME + GAP, SIDE + 2 * FRAME + LABEL + GAP
    columns = max(len(tiles) for tiles in rows)
    page = Image.new("RGB", (columns * width + 3 * GAP, len(rows) * height + GAP), "white")
    for down, tiles in enumerate(rows):
        for across, tile in enumerate(tiles):
            left = GAP + across * width + (2 * GAP if across else 0)
            _paste(page, tile, left, GAP + down * height)
    return page


def _paste(page: Image.Image, tile: Tile, left: int, top: int) -> None:
    pen = ImageDraw.Draw(page)
    outer = SIDE + 2 * FRAME
    pen.rectangle((left, top, left + outer - 1, top + outer - 1), fill=tile.colour)
    inner = (left + FRAME, top + FRAME)
    pen.rectangle((*inner, inner[0] + SIDE - 1, inner[1] + SIDE - 1), fill="white")
    if tile.picture is not None:
        picture = Image.open(io.BytesIO(tile.picture)).convert("RGB")
        picture.thumbnail((SIDE, SIDE))
        off = (SIDE - picture.width) // 2, (SIDE - picture.height) // 2
        page.paste(picture, (inner[0] + off[0], inner[1] + off[1]))
    font = ImageFont.load_default(size=LABEL - 5)
    text = tile.label.replace("_", " ")
    while pen.textlength(text, font) > outer and len(text) > 1:
        text = text[:-1]
    pen.text((left, top + outer + 1), text, tile.colour, font)


if __name__ == "__main__":
    main()
