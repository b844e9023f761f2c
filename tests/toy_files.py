"""Toy collections of three domains, drawn on the spot.

Simple figures: filled and coloured before a striped ground (photo), as black outlines (sketch),
as triangle meshes (shape). `bar` is unseen: no training may look at it.
"""

import csv
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64
TRAIN, TEST, LEFT_OUT = 8, 3, 4
FIGURES = {  # corners on the unit circle's scale, and the attributes of the word
    "disc": ([(math.cos(t), math.sin(t)) for t in np.linspace(0, 6.1, 24)], (1, 0, 0, 1)),
    "cube": ([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)], (0, 1, 0, 1)),
    "pyramid": ([(0, -1), (0.9, 0.8), (-0.9, 0.8)], (0, 0, 1, 1)),
    "bar": ([(-1, -0.25), (1, -0.25), (1, 0.25), (-1, 0.25)], (0, 1, 0, 0)),
}
UNSEEN = "bar"


def toy_overrides(collection: Path) -> list[str]:
    """Settings that train the tiny backbone, frozen, on a toy collection within seconds."""
    return [*toy_settings(collection), "loop.epochs=40", "loop.batch=8"]


def toy_settings(collection: Path) -> list[str]:
    """Those of them that every method has."""
    return [
        f"space.provider=attributes:{collection / 'attributes.csv'}",
        "backbone.name=tiny",
        "size=32",
        "domains.shape.views=2",
        "space.transform=centre",
        "hash={bits: 16, gdmh: {steps: 40, batch: 16, hidden: 16}}",
        "refinement.rule=fixed",
    ]


def make_collection(
    folder: Path, domains: tuple[str, ...] = ("photo", "shape", "sketch"), train: int = TRAIN
) -> Path:
    """Write a toy collection; the same arguments give the same files."""
    folder.mkdir(parents=True)
    rows = []
    for place, category in enumerate(FIGURES):
        for domain in domains:
            (folder / domain / category).mkdir(parents=True)
            for number in range(LEFT_OUT if category == UNSEEN else train + TEST):
                rng = np.random.default_rng([place, *domain.encode(), number])
                name = f"{domain}/{category}/{number:02d}{SUFFIXES[domain]}"
                WRITERS[domain](category, rng, folder / name)
                split = "unseen" if category == UNSEEN else "train" if number < train else "test"
                rows.append((name, domain, category, split, 2000 + number))
    write_csv(folder / "split.csv", [("path", "domain", "category", "split", "year"), *rows])
    header = ("category", "round", "square", "pointed", "compact")
    marks = [(name, *attributes) for name, (_, attributes) in FIGURES.items()]
    write_csv(folder / "attributes.csv", [header, *marks])
    return folder


def write_csv(path: Path, rows: list[tuple[object, ...]]) -> None:
    """Write rows as a comma-separated table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _corners(category: str, rng: np.random.Generator) -> list[tuple[float, float]]:
    """The figure's outline in pixels, somewhere on the page, a little stretched."""
    points = np.array(FIGURES[category][0]) * rng.uniform(0.85, 1.15, 2)
    centre = SIDE / 2 + rng.uniform(-5, 5, 2)
    return [tuple(p) for p in points * SIDE * rng.uniform(0.26, 0.34) + centre]


def _photo(category: str, rng: np.random.Generator, path: Path) -> None:
    ground = np.repeat(rng.integers(150, 250, (SIDE, 1, 3), np.uint8), SIDE, axis=1)
    image = Image.fromarray(ground)
    colour = tuple(int(c) for c in rng.integers(0, 120, 3))
    ImageDraw.Draw(image).polygon(_corners(category, rng), fill=colour)
    image.save(path, quality=90)


def _sketch(category: str, rng: np.random.Generator, path: Path) -> None:
    image = Image.new("L", (SIDE, SIDE), 255)
    corners = _corners(category, rng)
    ImageDraw.Draw(image).line([*corners, corners[0]], fill=0, width=int(rng.integers(1, 4)))
    image.save(path)


def _shape(category: str, rng: np.random.Generator, path: Path) -> None:
    """The outline as a prism of random depth, in the OFF format."""
    flat = np.array(FIGURES[category][0]) * rng.uniform(0.85, 1.15, 2)
    n, depth = len(flat), rng.uniform(0.3, 0.6)
    points = [(x, -y, z) for z in (-depth, depth) for x, y in flat]
    caps = [(0, i + 1, i) for i in range(1, n - 1)] + [
        (n, n + i, n + i + 1) for i in range(1, n - 1)
    ]
    walls = [
        face for i in range(n) for j in [(i + 1) % n] for face in [(i, j, n + j), (i, n + j, n + i)]
    ]
    lines = ["OFF", f"{2 * n} {len(caps) + len(walls)} 0"]
    lines += ["{:.3f} {:.3f} {:.3f}".format(*point) for point in points]
    lines += ["3 {} {} {}".format(*face) for face in [*caps, *walls]]
    path.write_text("\n".join(lines) + "\n")


SUFFIXES = {"photo": ".jpg", "shape": ".off", "sketch": ".png"}
WRITERS = {"photo": _photo, "shape": _shape, "sketch": _sketch}
