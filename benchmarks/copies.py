"""Measured pictures that were also trained on: copies across collections, re-encoded.

    python -m benchmarks.copies COLLECTION --trained DIR [--trained DIR ...] [--clean OUT]

Every raster file of COLLECTION that is in no train split is compared with the train files of the
same domain in the others (of all of COLLECTION's splits with `--all-splits`, for a collection
that nothing was trained on). Two are copies when their grey thumbnails of 24 x 24 correlate by
more than `SAME`: a picture saved again at another size or quality does. Drawings of next to
nothing (a straight line) do so too without being copies: look at what is listed. `--clean` writes
COLLECTION without its copies, to be measured again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.validation_cut import write
from opensearch.domains.collections.catalog import read_collection
from opensearch.records import Source

SIDE: Final = 24
SAME: Final = 0.97
RASTER: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--trained",
    multiple=True,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Collection whose train files were trained on; repeatable.",
)
@click.option("--all-splits", is_flag=True, help="Compare COLLECTION's train files, too.")
@click.option("--clean", type=click.Path(path_type=Path), help="Folder for what is no copy.")
def main(collection: Path, trained: Sequence[Path], all_splits: bool, clean: Path | None) -> None:
    """Print the copies and how many each split has."""
    sources = read_collection(collection)
    measured = [s for s in sources if _raster(s) and (all_splits or s.split != "train")]
    known = [s for folder in trained for s in read_collection(folder) if s.split == "train"]
    pairs = copies(measured, [s for s in known if _raster(s)])
    for source, twin, value in pairs:
        print(f"{source.key} = {twin.path.parent.name}/{twin.path.name} ({value:.3f})")
    counts = Counter((s.domain, s.category, s.split) for s, _, _ in pairs)
    print(f"{len(pairs)} of {len(measured)} pictures:", *counts.items())
    if clean is not None:
        gone = {source.key for source, _, _ in pairs}
        write([s for s in sources if s.key not in gone], clean)


def copies(
    measured: Sequence[Source], known: Sequence[Source]
) -> list[tuple[Source, Source, float]]:
    """Each measured source that has a copy among the known ones of its domain, and the copy."""
    found = []
    for domain in sorted({s.domain or "" for s in measured}):
        ours = [s for s in measured if s.domain == domain]
        theirs = [s for s in known if s.domain == domain]
        if theirs:
            cosines = np.stack([_thumb(s.path) for s in ours])
            cosines = cosines @ np.stack([_thumb(s.path) for s in theirs]).T
            best = cosines.argmax(axis=1)
            for source, row, place in zip(ours, cosines, best, strict=True):
                if row[place] > SAME:
                    found.append((source, theirs[place], float(row[place])))
    return found


def _raster(source: Source) -> bool:
    return source.path.suffix.lower() in RASTER


def _thumb(path: Path) -> NDArray[np.float64]:
    """Grey thumbnail, shape (576,), mean 0 and length 1."""
    with Image.open(path) as image:
        small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    grey = np.asarray(small, np.float64).ravel()
    grey -= grey.mean()
    return np.asarray(grey / max(float(np.linalg.norm(grey)), 1e-9))


if __name__ == "__main__":
    main()
