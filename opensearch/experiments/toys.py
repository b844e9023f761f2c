"""A toy collection made on the spot: shapes, pictures and sketches of everyday things.

DIR/shape/<category>/NN.off     triangles, proportions drawn anew for every file
DIR/photo/<category>/NN.jpg     other things of the category, coloured, before a wall or a field
DIR/sketch/<category>/NN.png    others again, as lines from an unsteady hand
DIR/split.csv                   train, test, and unseen for the categories of `UNSEEN`
DIR/attributes.csv              for `space.provider=attributes:FILE`
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from opensearch.domains import Reading, png, thumbnail
from opensearch.domains.lines import draw_lines
from opensearch.domains.mesh import unit_triangles
from opensearch.domains.render import Maps, Shape, shade
from opensearch.experiments.attributes import attribute_table
from opensearch.experiments.figures import FIGURES
from opensearch.experiments.solids import Mesh

UNSEEN: Final = ("bench", "mushroom", "tower", "truck")
"""Categories that no training may look at."""

TRAIN: Final = 12
TEST: Final = 5
LEFT_OUT: Final = 8
"""Files of a seen category for training and for tests, and of an unseen one, a domain."""
SIDE: Final = 72
"""Side of pictures and sketches, pixels."""

_FINE: Final = 2  # pixels are averaged from this many along each side, for smooth edges
_LOOSEST: Final = 0.022  # of a sketch's side: how far a hand strays

Picture = NDArray[np.float32]
Progress = Callable[[int, int], None]


def make_toys(
    folder: Path,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
    train: int = TRAIN,
) -> None:
    """Write the collection; the same seed gives the same bytes.

    Args:
        folder: made when missing; files of the same name are replaced.
        seed: of all proportions, colours, views and strokes.
        progress: called with files written and files in all.
        train: files that a seen category has for training in each domain.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    counts = {name: LEFT_OUT if name in UNSEEN else train + TEST for name in FIGURES}
    total = sum(counts.values()) * len(_WRITERS)
    for place, (category, count) in enumerate(counts.items()):
        for domain, (suffix, encode) in _WRITERS.items():
            (folder / domain / category).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                rng = np.random.default_rng([seed, place, *domain.encode(), number])
                path = f"{domain}/{category}/{number:02d}{suffix}"
                (folder / path).write_bytes(encode(FIGURES[category](rng), rng))
                rows.append((path, domain, category, _split(category, number, train)))
                progress(len(rows), total)
    _write_csv(folder / "split.csv", [("path", "domain", "category", "split"), *rows])
    names, table = attribute_table()
    numbers = [(category, *row) for category, row in table.items()]
    _write_csv(folder / "attributes.csv", [("category", *names), *numbers])


def _split(category: str, number: int, train: int) -> str:
    if category in UNSEEN:
        return "unseen"
    return "train" if number < train else "test"


def _write_csv(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _shape(mesh: Mesh, rng: Generator) -> bytes:
    """The mesh in the OFF format, of any size and turned about its upright."""
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(turn), np.sin(turn)
    about = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) * rng.uniform(1.5, 4)
    lines = ["OFF", f"{len(mesh.vertices)} {len(mesh.faces)} 0"]
    lines += ["{:.2f} {:.2f} {:.2f}".format(*point) for point in mesh.vertices @ about]
    lines += ["3 {} {} {}".format(*face) for face in mesh.faces]
    return ("\n".join(lines) + "\n").encode()


def _photo(mesh: Mesh, rng: Generator) -> bytes:
    """A JPEG of the thing in one colour, somewhere before a simple ground."""
    side = SIDE * _FINE
    ground = _ground(side, rng)
    small = round(side * rng.uniform(0.8, 1.0))
    maps = _seen(mesh, rng, small)
    colour = _colour(rng)
    left, top = rng.integers(0, side - small + 1, 2)
    window = ground[top : top + small, left : left + small]
    window[maps.hit] = np.clip(shade(maps)[maps.hit, None] * 1.25, 0, 1) * colour
    grain = rng.normal(0, 0.01, (SIDE, SIDE, 1)).astype(np.float32)
    return thumbnail(Reading(_bytes(_shrunk(ground) + grain)[None]), SIDE)


def _ground(side: int, rng: Generator) -> Picture:
    """A field below a wall, each fading from one colour to another, (side, side, 3)."""
    rows = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    across = np.linspace(-0.1, 0.1, side, dtype=np.float32)[None, :, None] * rng.uniform(-1, 1)
    wall, field = (0.8 + 0.2 * rng.random(3) for _ in range(2))
    below = rows > rng.uniform(0.5, 0.9)
    ground = np.where(below, field * (1.2 - 0.4 * rows), wall * (0.8 + 0.2 * rows))
    return _picture(np.clip(ground + across, 0, 1))


def _colour(rng: Generator) -> NDArray[np.float32]:
    """A strong colour, shape (3,): a category has none of its own."""
    colour = rng.uniform(0, 1, 3)
    return _picture(colour / colour.max() * rng.uniform(0.4, 0.75))


def _sketch(mesh: Mesh, rng: Generator) -> bytes:
    """A PNG of the visible lines, some thicker than others, bent by an unsteady hand."""
    side = SIDE * _FINE
    lines = draw_lines(_seen(mesh, rng, side), int(rng.integers(2, 6)))
    page = _shrunk(_strayed(lines, rng)[..., None])
    return png(np.repeat(_bytes(page), 3, axis=2))


def _strayed(lines: Picture, rng: Generator) -> Picture:
    """The drawing with every point moved a little, neighbours alike."""
    side = len(lines)
    reach = _LOOSEST * side * rng.uniform(0.4, 1)
    here = np.indices(lines.shape)
    down, across = (here[axis] + reach * _waves(side, rng, 5) for axis in (0, 1))
    rows, columns = (np.clip(np.rint(at), 0, side - 1).astype(np.intp) for at in (down, across))
    moved: Picture = lines[rows, columns]
    return moved


def _waves(side: int, rng: Generator, fastest: float) -> Picture:
    """A smooth random field in -1..1, (side, side), of up to `fastest` waves a side."""
    y, x = np.indices((side, side), np.float32) * np.float32(2 * np.pi / side)
    down, across, phase = rng.uniform(-1, 1, (3, 4)) * [[fastest], [fastest], [np.pi]]
    parts = [np.sin(d * y + a * x + p) for d, a, p in zip(down, across, phase, strict=True)]
    return _picture(np.mean(parts, axis=0))


def _seen(mesh: Mesh, rng: Generator, side: int) -> Maps:
    """The thing upright, from the front and a little above, turned by chance."""
    shape = Shape(*unit_triangles(mesh.vertices, mesh.faces))
    turn = rng.choice([-1, 1]) * np.deg2rad(rng.uniform(20, 60))
    lift = np.deg2rad(rng.uniform(8, 28))
    backward = np.array([np.sin(turn) * np.cos(lift), np.sin(lift), np.cos(turn) * np.cos(lift)])
    right = np.array([np.cos(turn), 0.0, -np.sin(turn)])
    return shape.maps(np.stack([right, np.cross(backward, right), backward]), side)


def _shrunk(fine: Picture) -> Picture:
    """Blocks of pixels averaged: (h, w, c) at 1 / `_FINE` of the side."""
    h, w, c = fine.shape
    blocks = fine.reshape(h // _FINE, _FINE, w // _FINE, _FINE, c)
    mean: Picture = blocks.mean(axis=(1, 3))
    return mean


def _picture(values: NDArray[np.floating]) -> Picture:
    return np.asarray(values, np.float32)


def _bytes(picture: Picture) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


_WRITERS: Final[dict[str, tuple[str, Callable[[Mesh, Generator], bytes]]]] = {
    "photo": (".jpg", _photo),
    "shape": (".off", _shape),
    "sketch": (".png", _sketch),
}
