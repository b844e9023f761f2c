"""How well files are told apart as sketch or picture, on files no rule was fitted on.

Command: OPENSEARCH_DATA=... python -m benchmarks.sketch_or_picture  (about two minutes)
Rows are what the files are; columns count what a model with cartoons takes them for, then give
the shares that are right (a sketch for a drawing, anything else for the rest) and sure. `test` and
`unseen` files only. PACS and drawings count whole: they took no part in the fit, but the bounds of
clip art and of ink were set on train files, theirs among them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import minimum_filter

from benchmarks.paper import Rgb, cut_out, on_board, on_paper
from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.opening.guess import guess_domain, guess_picture
from opensearch.records import Source
from tools.fit_sketch_or_picture import load, small

PER_ROW = 300
WHOLE = ("pacs", "drawings")
"""Collections whose files count whatever their split."""


def files(data: Path, collection: str, domain: str) -> list[Source]:
    """A fixed sample of the files that took no part in fitting."""
    held = [
        source
        for source in find_sources(data / collection)
        if isinstance(source, Source)
        and source.domain == domain
        and (collection in WHOLE or source.split != "train")
    ]
    order = np.random.default_rng(1).permutation(len(held))[:PER_ROW]
    return [held[at] for at in order]


def made(sources: list[Source], change: Callable[[Rgb], Rgb]) -> Iterator[Rgb]:
    """Each file, changed."""
    return (change(load(source.path)) for source in sources)


def bold(rgb: Rgb) -> Rgb:
    """A drawing gone over with a pen that is 1/28 of its sheet wide."""
    lines = minimum_filter(np.where(drawn(rgb), 0, 255).astype(np.uint8), 9)
    return np.repeat(lines[..., None], 3, axis=2)


def coloured(rgb: Rgb) -> Rgb:
    """A drawing in red, blue and green, a third of the sheet each."""
    lines = np.full((256, 256, 3), 255, np.uint8)
    inks = np.array([[220, 30, 30], [30, 60, 200], [20, 140, 40]], np.uint8)
    lines[drawn(rgb)] = np.broadcast_to(inks[np.arange(256) * 3 // 256], lines.shape)[drawn(rgb)]
    return lines


def grey(rgb: Rgb) -> Rgb:
    """A photo in black and white."""
    return np.asarray(Image.fromarray(rgb).convert("L").convert("RGB"))


def drawn(rgb: Rgb) -> NDArray[np.bool_]:
    """Where a drawing has lines, shape (256, 256)."""
    grey = Image.fromarray(rgb).convert("L").resize((256, 256))
    return np.asarray(grey) < 225


def rows(data: Path) -> Iterator[tuple[str, bool, Iterator[Rgb]]]:
    """Name of a row, whether its pictures are sketches, and the pictures."""
    rng = np.random.default_rng(2)
    for domain in ("sketch", "photo", "cartoon", "art_painting"):
        yield f"pacs {domain}", domain == "sketch", made(files(data, "pacs", domain), np.asarray)
    yield "colour drawings", False, made(files(data, "drawings", "cartoon"), np.asarray)
    yield "icons", True, made(files(data, "drawings", "sketch"), np.asarray)
    for name in ("triad", "sketchy", "tuberlin"):
        held = files(data, name, "sketch")
        yield f"{name} sketch", True, made(held, np.asarray)
        yield f"{name} in bold lines", True, made(held, bold)
        yield f"{name} in three inks", True, made(held, coloured)
        yield f"{name} on paper", True, made(held, lambda rgb: on_paper(rgb.min(axis=2), rng))
    held = files(data, "triad", "sketch")
    yield "triad on a board", True, made(held, lambda rgb: on_board(rgb.min(axis=2), rng))
    for name in ("triad", "sketchy"):
        held = files(data, name, "photo")
        yield f"{name} photo", False, made(held, np.asarray)
        yield f"{name} cut out on white", False, made(held, cut_out)
        yield f"{name} cut out, in grey", False, made(held, lambda rgb: grey(cut_out(rgb)))
    read = open_reader(ReaderSettings(reader="mesh", views=1))
    shapes = files(data, "triad", "shape")[:100]
    yield "renders", False, (read(source.path, None).views[0] for source in shapes)


def main() -> None:
    """Print the table and the time of a guess."""
    data = Path(os.environ["OPENSEARCH_DATA"])
    columns = ("sketch", "cartoon", "photo", "right", "sure")
    print(f"{'what it is':26}{''.join(f'{c:>8}' for c in columns)}{'right, sure':>13}")
    for name, is_sketch, pictures in rows(data):
        guesses = [guess_picture(small(picture), cartoons=True) for picture in pictures]
        taken = np.array([guess.domain for guess in guesses])
        sure = np.array([guess.sure for guess in guesses])
        right = (taken == "sketch") == is_sketch
        when_sure = right[sure].mean() if sure.any() else float("nan")
        counts = "".join(f"{(taken == domain).sum():8}" for domain in columns[:3])
        print(f"{name:26}{counts}{right.mean():8.3f}{sure.mean():8.3f}{when_sure:13.3f}")
    sources = files(data, "pacs", "photo")[:100]
    start = time.process_time()
    for source in sources:
        guess_domain(source.path)
    print(f"{(time.process_time() - start) / len(sources) * 1e3:.1f} ms a guess, PACS photos")


if __name__ == "__main__":
    main()
