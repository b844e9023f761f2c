"""The closed-set protocol of sketch hashing: sketches search photos of categories trained on.

    python -m benchmarks.closed_set MODEL... --data COLLECTION
        [--bits 32,64,128] [--hasher itq ...] [--seed 0] [--out FILE.json]

The form of the tables of Zhang et al., "Generative domain-migration hashing for sketch-to-image
retrieval", ECCV 2018: the searched categories are those trained on, the gallery is every photo
of them, train files too, and queries are the sketches of the split test. Here the categories are
those of COLLECTION's train split that every MODEL was trained on. mAP@all is plain, by Hamming
distance, in expectation over the orders of ties, the mean over queries. Each model's own codes
are measured, hashers fitted on the train split of COLLECTION at each length, and real-valued
embeddings beside them. Time is that of ranking the whole gallery for one query by the engine's
search (embeddings: by `faiss.IndexFlatIP`), on one thread, the median; memory that of the
gallery's codes or float32 embeddings, in MB of 2^20 bytes as there. The files and the split are
COLLECTION's own, so numbers stand beside the published ones, not in their place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from benchmarks.coded import Arrays, Coded, Embeddings, code_options, load, median_ms, one_thread
from benchmarks.starter_tables import number, table
from opensearch.encoders.bundle import Bundle
from opensearch.evaluation import Labelled
from opensearch.evaluation.direction import Runner
from opensearch.evaluation.sets import numbered
from opensearch.experiments.embedded import EmbeddedCollection
from opensearch.experiments.fitted_codes import TRAIN
from opensearch.hashing import Hasher, hamming

SOURCE: Final = "sketch"
TARGET: Final = "photo"
QUERIES: Final = "test"
TIMED: Final = 200
MB: Final = 2**20


@dataclass(frozen=True)
class Pools:
    """Queries and gallery, of the searched categories."""

    queries: Labelled
    gallery: Labelled


@dataclass(frozen=True)
class Ranked:
    """How well and how fast one representation ranks the gallery.

    `bits` is None for embeddings; `map_all` is over `queries`, those with anything to find.
    """

    model: str
    codes: str
    bits: int | None
    queries: int
    gallery: int
    categories: int
    map_all: float
    ms: float
    mb: float


@click.command()
@click.argument(
    "models",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@code_options
def main(
    models: Sequence[Path],
    data: Path,
    bits: Sequence[int],
    hashers: Sequence[str],
    seed: int,
    out: Path | None,
) -> None:
    """Print the table."""
    trained = set.intersection(*(set(Bundle.open(model).card.categories) for model in models))
    rows = []
    for model in models:
        coded = load(model, data, bits or (32, 64, 128), hashers, seed, (TRAIN, QUERIES))
        rows += measure(model.name, coded, pools(coded.embedded, trained))
    if out is not None:
        found = {"collection": data.name, "rows": [asdict(row) for row in rows]}
        out.write_text(json.dumps(found, indent=1))
    print(f"Collection: {data.name}\n\n{_page(rows)}")


def pools(embedded: EmbeddedCollection, trained: set[str]) -> Pools:
    """Sketches of the test split, and photos of both splits, of the categories trained on."""
    known = {
        label for _, labels in embedded.split(TRAIN).domains.values() for label in labels
    } & trained
    return Pools(
        _of(embedded, SOURCE, (QUERIES,), known), _of(embedded, TARGET, (TRAIN, QUERIES), known)
    )


def _of(
    embedded: EmbeddedCollection, domain: str, splits: Sequence[str], categories: set[str]
) -> Labelled:
    parts = [embedded.split(name).domains.get(domain) for name in splits]
    held = [part for part in parts if part is not None]
    if not held:
        raise click.UsageError(f"the collection has no {domain} files in {' or '.join(splits)}")
    rows = np.concatenate([rows for rows, _ in held])
    labels = np.array([label for _, labels in held for label in labels])
    kept = np.isin(labels, sorted(categories))
    return Labelled(rows[kept], labels[kept])


def measure(name: str, coded: Coded, found: Pools) -> list[Ranked]:
    """A row for embeddings, one for each hasher."""
    rows = [_ranked(name, "real", None, found)]
    for codes, hasher in coded.hashers.items():
        rows.append(_ranked(name, codes, hasher, found))
    return rows


def _ranked(name: str, codes: str, hasher: Hasher | None, found: Pools) -> Ranked:
    if hasher is None:
        runner = Runner(_cosine_distance, None, None, "order", 1)
        width, ms = 4 * found.gallery.rows.shape[1], _by_embeddings(found)
    else:
        runner = Runner(hamming, None, hasher.encode, "expected", 1)
        width, ms = hasher.bits // 8, _by_codes(found, hasher)
    scores = runner.scores(*numbered([(SOURCE, found.queries), (TARGET, found.gallery)]))
    return Ranked(
        name,
        codes,
        None if hasher is None else hasher.bits,
        queries=len(scores.labels),
        gallery=scores.gallery,
        categories=len(np.unique(scores.labels)),
        map_all=float(scores.measures["map_all"].mean()),
        ms=ms,
        mb=width * scores.gallery / MB,
    )


def _cosine_distance(queries: Embeddings, gallery: Embeddings) -> Embeddings:
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


def _by_codes(found: Pools, hasher: Hasher) -> float:
    searcher = Arrays({TARGET: hasher.encode(found.gallery.rows, TARGET)}).searcher()
    asked = list(hasher.encode(found.queries.rows[:TIMED], SOURCE))
    with one_thread():
        return median_ms(lambda code: searcher.range(code, [TARGET], hasher.bits), asked)


def _by_embeddings(found: Pools) -> float:
    import faiss

    index = faiss.IndexFlatIP(found.gallery.rows.shape[1])
    index.add(found.gallery.rows)
    asked = list(found.queries.rows[:TIMED, None])
    with one_thread():
        return median_ms(lambda row: index.search(row, index.ntotal), asked)


def _page(rows: Sequence[Ranked]) -> str:
    head = ["model", "codes", "bits", "queries", "gallery", "categories", "mAP@all"]
    lines: list[list[Any]] = [
        [
            *(row.model, row.codes, str(row.bits or "–"), str(row.queries), str(row.gallery)),
            *(str(row.categories), number(row.map_all), f"{row.ms / 1e3:.2e}", f"{row.mb:.3f}"),
        ]
        for row in rows
    ]
    return table([*head, "s a query", "MB"], lines)


if __name__ == "__main__":
    main()
