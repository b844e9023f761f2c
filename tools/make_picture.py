"""The picture of the README: searches of the demo, each query beside its first hits.

    opensearch demo --keep demo
    python -m tools.make_picture demo --out docs/demo.png

The searches are those that the demo printed with the shipped model: of each kind the query of
middling success, so none was picked by hand.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import click
from PIL import Image, ImageDraw, ImageFont

from benchmarks.contact_sheet import PLAIN, RIGHT, SIDE, WRONG, Tile, row, sheet
from opensearch.domains.collections.catalog import read_collection
from opensearch.engine import Engine
from opensearch.records import Hit

FILES: Final = (("sketch/bus/01.png", "photo"), ("photo/cup/01.jpg", "shape"))
WORD: Final = "guitar"
K: Final = 5


@click.command()
@click.argument("demo", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(demo: Path, out: Path) -> None:
    """Draw the picture from what `opensearch demo --keep` left."""
    sources = {source.key: source for source in read_collection(demo / "collection")}
    with Engine.open(demo / "index") as engine:
        rows = [row(engine, sources[key], target, K) for key, target in FILES]
        hits = engine.search(text=WORD, k=K)
        rows.append([_word(WORD), *(_tile(engine, hit, WORD) for hit in hits)])
    sheet(rows).quantize(96).save(out, optimize=True)


def _tile(engine: Engine, hit: Hit, category: str) -> Tile:
    colour = RIGHT if hit.category == category else WRONG
    return Tile(engine.thumbnail(hit.id), colour, hit.category or "")


def _word(word: str) -> Tile:
    """A word as a picture of itself."""
    card = Image.new("RGB", (SIDE, SIDE), "white")
    font = ImageFont.load_default(size=22)
    middle = (SIDE / 2, SIDE / 2)
    ImageDraw.Draw(card).text(middle, f"“{word}”", "black", font, anchor="mm")
    data = io.BytesIO()
    card.save(data, "PNG")
    return Tile(data.getvalue(), PLAIN, "a word")


if __name__ == "__main__":
    main()
