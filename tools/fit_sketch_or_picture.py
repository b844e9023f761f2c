"""Fit `opensearch/domains/opening/sketch_or_picture.json`, the rule behind guessed domains.

Command: OPENSEARCH_DATA=... python -m tools.fit_sketch_or_picture  (about two minutes)
Reads `train` of triad, sketchy and tuberlin only; a fifth of its categories validates.
Result of the committed file: printed at the end, and stored in it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from benchmarks.paper import Rgb, cut_out, on_board, on_paper
from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.opening.traits import NAMES, SIDE, traits
from opensearch.records import Source

OUT = Path(__file__).parents[1] / "opensearch" / "domains" / "opening" / "sketch_or_picture.json"
COLLECTIONS = ("triad", "sketchy", "tuberlin")
COUNTS = {"sketch": 1500, "photo": 2400, "shape": 150}
SURE = 0.99


def load(path: Path) -> Rgb:
    """A raster file as RGB, as large as it is."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def small(rgb: Rgb) -> Rgb:
    """The copy that is measured."""
    image = Image.fromarray(rgb)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def variants(source: Source, rng: np.random.Generator) -> Iterator[tuple[Rgb, bool]]:
    """Pictures made of one training file, and whether each is a sketch."""
    if source.domain == "shape":
        reader = open_reader(ReaderSettings(reader="mesh", size=192, views=4))
        yield from ((view, False) for view in reader(source.path, None).views)
        return
    rgb = load(source.path)
    yield rgb, source.domain == "sketch"
    if source.domain == "sketch":
        grey = rgb.min(axis=2)
        yield on_paper(grey, rng), True
        yield on_paper(grey, rng), True
        if rng.random() < 0.3:
            yield (on_board(grey, rng) if rng.random() < 0.7 else 255 - rgb), True
    else:
        yield cut_out(rgb), False
        grey = np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, axis=2)
        yield (grey if rng.random() < 0.5 else cut_out(grey)), False


def chosen(data: Path, rng: np.random.Generator) -> list[Source]:
    """A sample of the training files, even over collections."""
    found: dict[str, list[Source]] = {domain: [] for domain in COUNTS}
    for name in COLLECTIONS:
        for source in find_sources(data / name):
            if isinstance(source, Source) and source.split == "train":
                found[source.domain or ""].append(source)
    picked = []
    for domain, sources in found.items():
        order = rng.permutation(len(sources))[: COUNTS[domain]]
        picked += [sources[at] for at in order]
    return picked


def measured(
    sources: list[Source], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Traits (n, k), whether a sketch (n,), and whether for validation (n,)."""
    rows, labels, held = [], [], []
    for source in sources:
        for rgb, is_sketch in variants(source, rng):
            rows.append(traits(small(rgb)))
            labels.append(is_sketch)
            held.append(zlib.crc32((source.category or "").encode()) % 5 == 0)
    return np.array(rows), np.array(labels), np.array(held)


def main() -> None:
    """Fit, choose the threshold, print and write."""
    rng = np.random.default_rng(0)
    found, labels, held = measured(chosen(Path(os.environ["OPENSEARCH_DATA"]), rng), rng)
    rule, logits = fitted(found, labels, held)
    right = (logits > 0) == labels[held]
    threshold = smallest_sure(np.abs(logits), right)
    report = {
        "validation pictures": int(held.sum()),
        "accuracy": round(float(right.mean()), 4),
        "share sure": round(float((np.abs(logits) >= threshold).mean()), 4),
        "accuracy when sure": round(float(right[np.abs(logits) >= threshold].mean()), 4),
    }
    write(OUT, NAMES, rule, threshold, report)
    print(json.dumps(report))


def fitted(
    found: NDArray[np.float64], labels: NDArray[np.bool_], held: NDArray[np.bool_], c: float = 1.0
) -> tuple[dict[str, object], NDArray[np.float64]]:
    """The numbers of a rule, and its logits of the rows that are held back.

    Args:
        found: traits, shape (n, k).
        labels: which rows are drawings, shape (n,).
        held: which rows take no part in fitting, shape (n,).
        c: inverse strength of regularisation.
    """
    terms = np.concatenate([found, found**2], axis=1)
    mean, scale = terms[~held].mean(axis=0), terms[~held].std(axis=0) + 1e-6
    scaled = (terms - mean) / scale
    model = LogisticRegression(C=c, max_iter=5000, class_weight="balanced")
    model.fit(scaled[~held], labels[~held])
    rule: dict[str, object] = {
        "mean": mean.round(6).tolist(),
        "scale": scale.round(6).tolist(),
        "weights": model.coef_[0].round(6).tolist(),
        "bias": round(float(model.intercept_[0]), 6),
    }
    return rule, model.decision_function(scaled[held])


def write(
    path: Path,
    names: Sequence[str],
    rule: dict[str, object],
    threshold: float,
    report: Mapping[str, object],
) -> None:
    """A rule as `opensearch.domains.opening.rule` reads it."""
    fields = {
        "traits": [*names, *(f"{name} squared" for name in names)],
        **rule,
        "threshold": round(threshold, 4),
        "validation": report,
    }
    path.write_text(json.dumps(fields, indent=1) + "\n", "utf-8")


def smallest_sure(margins: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The smallest margin from which on guesses are right 99 in 100 times, at least 1."""
    for threshold in np.arange(1.0, 8.0, 0.25):
        if right[margins >= threshold].mean() >= SURE:
            return float(threshold)
    return 8.0


if __name__ == "__main__":
    main()
