"""Copies planted among the files of a collection: how many are found, and what else is grouped.

    python -m benchmarks.planted COLLECTION --domain photo [--items 1000] [--copies 200] [--others]

Each kind of copy is made of `--copies` files of the domain, in memory or in a temporary folder, and
read by the reader of the domain. A copy counts as found when it is paired with its own file, by
`opensearch.imprints` as `duplicates` asks it. Pairs of two files of the collection are printed by
their keys: many are copies that were there, so look at them before they are called false.

Shapes are simplified to half of their faces by `fast-simplification` (extra `bench`), through
trimesh. It tears some shapes apart, so those that lose a tenth of their surface are counted on
their own.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
import numpy as np
from PIL import Image

from benchmarks import planted_pictures, planted_shapes
from benchmarks.planted_strokes import STROKES, as_svg, redrawn
from opensearch.config import ReaderSettings
from opensearch.domains import default_reader, open_reader
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.mesh import load_triangles
from opensearch.domains.shapes.framing import Framed, framed_triangles
from opensearch.imprints import KINDS, all_apart, kind_of
from opensearch.imprints.shapes import shape_imprint
from opensearch.limits import Limits
from opensearch.progress import quiet
from opensearch.records import Source
from opensearch.search.neighbours import nearest

Rng: TypeAlias = np.random.Generator
SIZE: Final = 160
"""Side of the views of the shipped model, pixels."""


@click.command()
@click.argument("collection", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--domain", required=True, help="Domain of the collection; `strokes` of a folder of .ndjson."
)
@click.option("--split", default="train", show_default=True)
@click.option("--items", default=1000, show_default=True, help="Files, at most.")
@click.option("--copies", default=200, show_default=True, help="Copies of each kind.")
@click.option("--seed", default=0, show_default=True)
@click.option("--others", is_flag=True, help="Other kinds of copies, which the bar is not set for.")
def main(
    collection: Path, domain: str, split: str, items: int, copies: int, seed: int, others: bool
) -> None:
    """Print found / planted of each kind, and the pairs that were not planted."""
    if default_reader(domain) == "mesh" and find_spec("fast_simplification") is None:
        raise click.ClickException(
            "copies of shapes are simplified by fast-simplification, which is not installed:"
            " pip install 'opensearch-visual[bench]'"
        )
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        if domain == "strokes":
            keys, imprints, planted = _strokes(collection, items, copies, rng, Path(folder))
        else:
            sources = [s for s in read_collection(collection) if s.domain == domain]
            sources = [s for s in sources if s.split in (split, None)]
            chosen = [sources[at] for at in rng.permutation(len(sources))[:items]]
            made = _shapes if default_reader(domain) == "mesh" else _pictures
            keys, imprints, planted = made(chosen, domain, copies, rng, Path(folder), others)
    start = time.perf_counter()
    found = _pairs(imprints)
    took = time.perf_counter() - start
    kinds = list(dict.fromkeys(kind for kind, _ in planted))
    count = len(keys)
    for kind in kinds:
        mine = [(count + at, of) for at, (each, of) in enumerate(planted) if each == kind]
        hits = sum((copy, of) in found or (of, copy) in found for copy, of in mine)
        print(f"{kind:<36} {hits:>4} / {len(mine)}  {hits / len(mine):.3f}")
    rest = sorted({(min(p), max(p)) for p in found if max(p) < count})
    print(f"{len(rest)} pairs among {count} files; {len(imprints)} compared in {took:.1f} s")
    for first, second in rest:
        print(f"  {keys[first]} = {keys[second]}")


Planted: TypeAlias = tuple[list[str], list[bytes], list[tuple[str, int]]]
"""Keys of the files, imprints of the files and then of the copies, kind and file of each copy."""


def _pairs(imprints: list[bytes]) -> set[tuple[int, int]]:
    kind = kind_of(imprints[0])
    assert kind is not None
    pairs = KINDS[kind].pairs(
        len(imprints),
        lambda places: [imprints[place] for place in places],
        nearest,
        quiet,
        all_apart,
    )
    return {
        pair
        for each in pairs
        for pair in zip(each.first.tolist(), each.second.tolist(), strict=True)
    }


def _pictures(
    sources: list[Source], domain: str, copies: int, rng: Rng, folder: Path, others: bool
) -> Planted:
    read = _reader(domain)
    keys, imprints, pictures = [], [], []
    for source in sources:
        imprints.append(read(source.path, None))
        keys.append(source.key)
        pictures.append(source.path)
    planted = []
    for kind, make in (planted_pictures.OTHERS if others else planted_pictures.PICTURES).items():
        for of in rng.choice(len(keys), min(copies, len(keys)), replace=False).tolist():
            with Image.open(pictures[of]) as image:
                copy = make(_on_white(image), rng)
            file = folder / ("copy.jpg" if kind.startswith("JPEG") else "copy.png")
            copy.save(file, quality=50)
            imprints.append(read(file, None))
            planted.append((kind, of))
    return keys, imprints, planted


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        sheet = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(sheet, image).convert("RGB")
    return image.convert("RGB")


def _reader(domain: str) -> Callable[[Path, int | None], bytes]:
    settings = ReaderSettings(reader=default_reader(domain), size=SIZE)
    read = open_reader(settings)

    def imprint(path: Path, part: int | None) -> bytes:
        made = read(path, part).imprint
        assert made is not None
        return made()

    return imprint


def _shapes(
    sources: list[Source], _: str, copies: int, rng: Rng, __: Path, others: bool
) -> Planted:
    meshes = [load_triangles(source.path, Limits()) for source in sources]
    keys = [source.key for source in sources]
    imprints = [shape_imprint(*framed_triangles(*mesh)) for mesh in meshes]
    planted = []
    for kind, make in (planted_shapes.OTHERS if others else planted_shapes.SHAPES).items():
        for of in rng.choice(len(keys), min(copies, len(keys)), replace=False).tolist():
            made = framed_triangles(*make(meshes[of], rng))
            imprints.append(shape_imprint(*made))
            said = kind
            if kind.startswith("simplified"):
                share = _area(made) / _area(framed_triangles(*meshes[of]))
                said += "" if abs(share - 1) <= 0.1 else ", surface lost"
            planted.append((said, of))
    return keys, imprints, planted


def _area(shape: Framed) -> float:
    a, b, c = (shape.vertices[shape.faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


def _strokes(collection: Path, items: int, copies: int, rng: Rng, folder: Path) -> Planted:
    read = _reader("sketch")
    lines = [
        (f"{path.name}#{part}", line)
        for path in sorted(collection.glob("*.ndjson"))
        for part, line in enumerate(path.read_text().splitlines(), start=1)
    ]
    lines = [lines[at] for at in rng.permutation(len(lines))[:items]]
    drawings = [json.loads(line)["drawing"] for _, line in lines]

    def imprint(drawing: list[Any]) -> bytes:
        path = folder / "one.ndjson"
        path.write_text(json.dumps({"drawing": drawing}) + "\n")
        return read(path, 1)

    imprints = [imprint(drawing) for drawing in drawings]
    planted = []
    for kind in STROKES:
        for of in rng.choice(len(lines), min(copies, len(lines)), replace=False).tolist():
            if kind == "as SVG":
                (folder / "one.svg").write_text(as_svg(drawings[of]))
                imprints.append(read(folder / "one.svg", None))
            else:
                imprints.append(imprint(list(redrawn(drawings[of], kind, rng))))
            planted.append((kind, of))
    return [key for key, _ in lines], imprints, planted


if __name__ == "__main__":
    main()
