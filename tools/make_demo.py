"""Make the demo's collection: parametric things as shapes, pictures and sketches.

Run in a clone, under two minutes on two cores:

    python -m tools.make_demo opensearch/experiments/demo_collection.zip

The file holds <domain>/<category>/<file>, every one of another individual:

    shape/<category>/NN.ply     triangles, of any size, turned about its upright
    photo/<category>/NN.jpg     a coloured render, lit, before a room, a street or the sky
    sketch/<category>/NN.png    a line drawing from an unsteady hand
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator

from opensearch.domains import Reading, png, thumbnail
from tools.drawing import draw
from tools.figures import FIGURES, Figure
from tools.solids import Mesh
from tools.studio import photograph

COUNT: Final = 6
"""Files of a category in each domain."""
DOMAINS: Final = ("photo", "shape", "sketch")
SIDE: Final = 192
"""Side of pictures and sketches, pixels."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def make_demo(path: Path, count: int = COUNT) -> None:
    """Write the collection as one zip file, replacing one of that name.

    Args:
        path: of the file.
        count: files of a category in each domain; the first ones are the same for any count.

    Raises:
        OSError: the file cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for key, content in demo_files(count, tuple(FIGURES)):
            entry = zipfile.ZipInfo(key, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)


def demo_files(
    count: int, names: Sequence[str], domains: Sequence[str] = DOMAINS
) -> Iterator[tuple[str, bytes]]:
    """Keys and contents of the collection's files, one at a time; the same in every run."""
    for name in names:
        for domain in domains:
            suffix, encode = _WRITERS[domain]
            for number in range(count):
                rng = np.random.default_rng([*name.encode(), *domain.encode(), number])
                yield f"{domain}/{name}/{number:02d}{suffix}", encode(FIGURES[name], rng)


def _shape(figure: Figure, rng: Generator) -> bytes:
    """The mesh as binary PLY: float32 points, up to 65,536 of them."""
    mesh = figure.make(rng).spun(float(rng.uniform(0, 360)), 1)
    points = (mesh.vertices * rng.uniform(0.5, 2)).astype("<f4")
    faces = np.empty(len(mesh.faces), [("n", "u1"), ("corners", "<u2", 3)])
    faces["n"], faces["corners"] = 3, mesh.faces
    return _header(mesh).encode() + points.tobytes() + faces.tobytes()


def _header(mesh: Mesh) -> str:
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    return (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.vertices)}\n{axes}"
        f"element face {len(mesh.faces)}\nproperty list uchar ushort vertex_indices\nend_header\n"
    )


def _photo(figure: Figure, rng: Generator) -> bytes:
    mesh, scene = figure.make(rng), str(rng.choice(figure.scenes))
    picture = photograph(mesh, figure.view(rng), scene, rng, SIDE)
    return thumbnail(Reading(picture[None]), SIDE)


def _sketch(figure: Figure, rng: Generator) -> bytes:
    return png(draw(figure.make(rng), figure.view(rng), rng, SIDE))


_WRITERS: Final[dict[str, tuple[str, Callable[[Figure, Generator], bytes]]]] = {
    "photo": (".jpg", _photo),
    "shape": (".ply", _shape),
    "sketch": (".png", _sketch),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and make the collection."""
    parser = argparse.ArgumentParser(description="Make the demo's collection.")
    parser.add_argument("out", type=Path, help="zip file to write")
    parser.add_argument("--count", type=int, default=COUNT, help="files a category and domain")
    given = parser.parse_args(arguments)
    make_demo(given.out, given.count)


if __name__ == "__main__":
    main()
