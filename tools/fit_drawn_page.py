"""Fit `opensearch/domains/opening/drawn_page.json`, the rule for drawings on photographed pages.

Command: OPENSEARCH_DATA=... python -m tools.fit_drawn_page  (about fifteen minutes)
Reads `train` of triad and sketchy only; a fifth of their categories validates. Drawings are put on
pages by `benchmarks.scenes`, with photos of the same part as tables, and flat things beside them.
Result of the committed file: printed at the end, and stored in it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.paper import Rgb
from benchmarks.scenes import TAKEN, photograph
from benchmarks.sheets import PAPERS
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.image import load_picture
from opensearch.domains.opening.drawn_page import LEAST, NAMES, SEARCHED, page_traits
from opensearch.domains.paper.page import find_page, may_show_page, warped
from opensearch.domains.sketch import load_drawing
from opensearch.limits import Limits
from opensearch.records import Source
from tools.fit_sketch_or_picture import fitted, load, write

OUT = Path(__file__).parents[1] / "opensearch" / "domains" / "opening" / "drawn_page.json"
PHOTOS, FLAT, DRAWINGS = 1400, 200, 700
"""Pictures of each kind: photos of triad, flat things, drawings of Sketchy."""
STRENGTH = 0.3
"""Inverse strength of regularisation."""
THRESHOLD = 1.0
"""Log odds from which on it is a drawing: a photo misread costs more than a drawing."""
ON_A_TABLE = 0.6
"""Share of the pages that lie on a photo, rather than as one of `TAKEN`, drawn evenly."""


def files(data: Path, collection: str, domain: str, rng: np.random.Generator) -> list[Source]:
    """Training files of one domain, in any order."""
    held = [
        source
        for source in read_collection(data / collection)
        if source.split == "train" and source.domain == domain
    ]
    return [held[at] for at in rng.permutation(len(held))]


def photos(data: Path, rng: np.random.Generator) -> Iterator[tuple[Source, Rgb]]:
    """Photos large enough to be looked at."""
    left = PHOTOS
    for source in files(data, "triad", "photo", rng):
        rgb = np.asarray(load_picture(source.path, Limits(), SEARCHED))
        if max(rgb.shape[:2]) >= LEAST:
            yield source, rgb
            left -= 1
        if not left:
            return


def flat_things(data: Path, rng: np.random.Generator) -> Iterator[tuple[Source, Rgb]]:
    """Posters, screens and boxes: on a photo a picture, or one colour, of four sides."""
    held = files(data, "triad", "photo", rng)
    size = (SEARCHED, SEARCHED * 3 // 4)
    whole = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float64)
    for number in range(FLAT):
        table, face = (
            held[2 * number],
            np.array(Image.fromarray(load(held[2 * number + 1].path)).resize(size)),
        )
        if number % 3 == 0:
            face[:] = rng.integers(20, 255, 3)
        corners = whole * rng.uniform(0.5, 0.85) + rng.uniform(4, 40, (4, 2))
        ground = np.array(Image.fromarray(load(table.path)).resize(size))
        seen, there = (
            warped(each, whole, corners, size) for each in (face, np.full_like(face, 255))
        )
        lit = np.where(there > 127, seen, ground * rng.uniform(0.4, 1.0))
        yield table, (lit + rng.normal(0, 2, lit.shape)).clip(0, 255).astype(np.uint8)


def drawings(data: Path, rng: np.random.Generator) -> Iterator[tuple[Source, Rgb]]:
    """Drawings on pages of all papers, taken in all ways."""
    tables = files(data, "triad", "photo", rng)
    sketches = files(data, "sketchy", "sketch", rng)[:DRAWINGS]
    for source, paper in zip(sketches, cycle(PAPERS), strict=False):
        drawing = np.asarray(load_drawing(source.path, source.part, Limits(), 400))
        table = Image.fromarray(load(tables[int(rng.integers(len(tables)))].path))
        taken = "table" if rng.random() < ON_A_TABLE else str(rng.choice(TAKEN))
        seen = Image.fromarray(photograph(drawing, table, rng, paper, "any", taken))
        seen.thumbnail((SEARCHED, SEARCHED))
        yield source, np.asarray(seen)


def main() -> None:
    """Measure, fit, print and write."""
    rng = np.random.default_rng(0)
    data = Path(os.environ["OPENSEARCH_DATA"])
    rows, kinds, held, quick = [], [], [], []
    for kind, made in (("photos", photos), ("flat things", flat_things), ("drawings", drawings)):
        for source, rgb in made(data, rng):
            page = find_page(rgb)
            rows.append(np.full(len(NAMES), np.nan) if page is None else page_traits(rgb, page))
            kinds.append(kind)
            held.append(zlib.crc32((source.category or "").encode()) % 5 == 0)
            quick.append(may_show_page(rgb))
    found, kind_of, kept = np.array(rows), np.array(kinds), np.array(held)
    has_page, drawn = np.isfinite(found[:, 0]), kind_of == "drawings"
    rule, logits = fitted(found[has_page], drawn[has_page], kept[has_page], STRENGTH)
    taken = np.zeros(len(drawn), np.bool_)
    taken[kept & has_page] = logits >= THRESHOLD
    taken &= np.array(quick)
    report: dict[str, object] = {
        f"validation {kind}, of them taken for drawings": [
            int((kept & (kind_of == kind)).sum()),
            int((taken & (kind_of == kind)).sum()),
        ]
        for kind in ("photos", "flat things", "drawings")
    }
    write(OUT, NAMES, rule, THRESHOLD, report)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
