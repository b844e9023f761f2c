"""Seconds and memory of finding copies among very many items, as the command line does it.

    python -m benchmarks.copies_scale MODEL COLLECTION --index DIR [--items 100000] [--json OUT]

An index is filled through its store, with no encoder: most of its imprints are of different pieces
of the pictures of COLLECTION (train split), a third to two thirds of their sides, turned and
mirrored at random, `--shapes` of them are made up. Of `--copies` pieces a copy of half the size
is planted. Then each verb runs in a process of its own; its seconds are those from start to end,
its memory the peak of what was resident, pages of the index's file that were read counted in.
An index that is there already is measured again. Read memory from such a run: the peak of a verb
counts what this process held when it began.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import numpy as np
from PIL import Image

from benchmarks.measured import measured
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.reading import imprint_of
from opensearch.engine import Engine
from opensearch.imprints.kinds import SHAPE
from opensearch.records import Item

_BATCH: Final = 1024
_SUFFIXES: Final = {".png", ".jpg", ".jpeg"}


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option("--index", type=click.Path(path_type=Path), required=True, help="Where it is made.")
@click.option("--items", default=100_000, show_default=True, help="Pictures.")
@click.option("--shapes", default=0, show_default=True, help="Shapes beside them.")
@click.option("--copies", default=100, show_default=True, help="Copies that are planted.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Also write the numbers.")
def main(
    model: Path,
    collection: Path,
    index: Path,
    items: int,
    shapes: int,
    copies: int,
    out: Path | None,
) -> None:
    """Print seconds and peak memory of `duplicates` and of `query --like exact`."""
    rng = np.random.default_rng(0)
    if not index.exists():
        _filled(index, model, _pieces(collection, items, copies, rng), _made_up(shapes, rng))
    size = sum(file.stat().st_size for file in index.rglob("*.mdb")) / 2**20
    print(f"{items} pictures, {shapes} shapes; {size:.0f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "asked.png")
        Image.open(_pictures(collection)[0]).resize((300, 300)).save(asked)
        verbs = {
            "info": ["info", str(index)],
            "query --like exact": ["query", str(index), str(asked), "--like", "exact"],
            "duplicates": ["duplicates", str(index), "--json"],
        }
        results = {name: _measured(words, Path(folder)) for name, words in verbs.items()}
    if out is not None:
        out.write_text(json.dumps({"items": items, "shapes": shapes, **results}, indent=1))


def _measured(words: list[str], folder: Path) -> dict[str, float]:
    """Run a verb; print and return its cost, and its groups and planted copies found."""
    done, printed = measured(words, folder)
    if words[0] == "duplicates":
        groups = [json.loads(line) for line in printed.splitlines()]
        keys = [{item["key"] for item in group["items"]} for group in groups]
        done["groups"] = len(keys)
        done["planted"] = sum(f"{k}.copy" in each for each in keys for k in each)
    print("  ".join([f"{words[0]:<12}", *(f"{v:.1f} {k}" for k, v in done.items())]), flush=True)
    return done


def _pictures(collection: Path) -> list[Path]:
    """The raster files of the train split."""
    sources = [s for s in read_collection(collection) if s.split in ("train", None)]
    return [s.path for s in sources if s.path.suffix.lower() in _SUFFIXES]


def _pieces(
    collection: Path, count: int, copies: int, rng: np.random.Generator
) -> Iterator[tuple[str, bytes]]:
    """Keys and imprints of pieces of pictures and of copies of some."""
    pictures = _pictures(collection)
    each = -(-(count - copies) // len(pictures))
    made = planted = 0
    for number, path in enumerate(pictures):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        for piece in range(min(each, count - copies - made)):
            part = _piece(picture, rng)
            key = f"photo/{number}-{piece}"
            yield key, imprint_of(part, part.width / part.height)
            made += 1
            if piece == 0 and planted < copies:
                half = part.reduce(2)
                yield f"{key}.copy", imprint_of(half, half.width / half.height)
                planted += 1


def _piece(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    share = rng.uniform(1 / 3, 2 / 3)
    width, height = (max(8, round(share * side)) for side in picture.size)
    left = int(rng.integers(0, max(1, picture.width - width)))
    top = int(rng.integers(0, max(1, picture.height - height)))
    part = picture.crop((left, top, left + width, top + height))
    way = int(rng.integers(0, 8))
    return part.transpose(Image.Transpose(way - 1)) if way else part


def _made_up(count: int, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Imprints that lie about the mean of shapes as far apart as shapes do."""
    length = 12 * 11  # spheres and degrees
    middle = np.exp(-4 * np.linspace(0, 1, length))
    for number in range(count):
        row = middle * np.exp(rng.normal(size=length) / 2)
        yield f"shape/{number}", SHAPE + row.astype("<f2").tobytes()


def _filled(index: Path, model: Path, *kinds: Iterator[tuple[str, bytes]]) -> None:
    """Make the index; each kind of item comes as keys and imprints."""
    rng = np.random.default_rng(1)
    with Engine.create(index, model) as engine:
        store = engine._store
        wide = store.meta().bits // 8
        for kind in kinds:
            rows = list(kind)
            for start in range(0, len(rows), _BATCH):
                part = rows[start : start + _BATCH]
                items = [Item(-1, key, key.partition("/")[0], size=1) for key, _ in part]
                codes = rng.integers(0, 256, (len(part), wide), np.uint8)
                store.put(items, codes, imprints=[imprint for _, imprint in part])


if __name__ == "__main__":
    main()
