"""How well files are told apart as sketch or picture, on files no rule was fitted on.

Command: OPENSEARCH_DATA=... python -m benchmarks.sketch_or_picture  (about two minutes)
Rows are what the files are; columns count what they were taken for, and how many of the
guesses were sure. `test` and `unseen` files only; PACS counts whole, it took no part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.paper import Rgb, cut_out, on_board, on_paper
from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.opening.guess import guess_domain, guess_picture
from opensearch.records import Source
from tools.fit_sketch_or_picture import load, small

PER_ROW = 300


def files(data: Path, collection: str, domain: str) -> list[Source]:
    """A fixed sample of the files that took no part in fitting."""
    held = [
        source
        for source in find_sources(data / collection)
        if isinstance(source, Source)
        and source.domain == domain
        and (collection == "pacs" or source.split != "train")
    ]
    order = np.random.default_rng(1).permutation(len(held))[:PER_ROW]
    return [held[at] for at in order]


def made(sources: list[Source], change: Callable[[Rgb], Rgb]) -> Iterator[Rgb]:
    """Each file, changed."""
    return (change(load(source.path)) for source in sources)


def rows(data: Path) -> Iterator[tuple[str, bool, Iterator[Rgb]]]:
    """Name of a row, whether its pictures are sketches, and the pictures."""
    rng = np.random.default_rng(2)
    for domain in ("sketch", "photo", "cartoon", "art_painting"):
        yield f"pacs {domain}", domain == "sketch", made(files(data, "pacs", domain), np.asarray)
    for name in ("triad", "sketchy", "tuberlin"):
        held = files(data, name, "sketch")
        yield f"{name} sketch", True, made(held, np.asarray)
        yield f"{name} on paper", True, made(held, lambda rgb: on_paper(rgb.min(axis=2), rng))
    held = files(data, "triad", "sketch")
    yield "triad on a board", True, made(held, lambda rgb: on_board(rgb.min(axis=2), rng))
    for name in ("triad", "sketchy"):
        held = files(data, name, "photo")
        yield f"{name} photo", False, made(held, np.asarray)
        yield f"{name} cut out on white", False, made(held, cut_out)
    read = open_reader(ReaderSettings(reader="mesh", views=1))
    shapes = files(data, "triad", "shape")[:100]
    yield "renders", False, (read(source.path, None).views[0] for source in shapes)


def main() -> None:
    """Print the table and the time of a guess."""
    data = Path(os.environ["OPENSEARCH_DATA"])
    print(f"{'what it is':26}{'sketch':>8}{'picture':>8}{'right':>8}{'sure':>8}{'right, sure':>13}")
    for name, is_sketch, pictures in rows(data):
        guesses = [guess_picture(small(picture)) for picture in pictures]
        as_sketch = np.array([guess.domain == "sketch" for guess in guesses])
        sure = np.array([guess.sure for guess in guesses])
        right = as_sketch == is_sketch
        when_sure = right[sure].mean() if sure.any() else float("nan")
        print(
            f"{name:26}{as_sketch.sum():8}{(~as_sketch).sum():8}"
            f"{right.mean():8.3f}{sure.mean():8.3f}{when_sure:13.3f}"
        )
    sources = files(data, "pacs", "photo")[:100]
    start = time.process_time()
    for source in sources:
        guess_domain(source.path)
    print(f"{(time.process_time() - start) / len(sources) * 1e3:.1f} ms a guess, PACS photos")


if __name__ == "__main__":
    main()
