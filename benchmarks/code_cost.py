"""What codes cost and save: bytes and time against embeddings, and time on top of the backbone.

    python -m benchmarks.code_cost MODEL --data COLLECTION
        [--items 1000000] [--queries 200] [--files 64] [--seed 0] [--out FILE.json]

The embeddings of COLLECTION are repeated, each time with noise of length `NOISE` and brought back
to the sphere, until there are as many as asked for; queries are made alike. Searched one by one
for the 10 nearest, on one thread: codes by `faiss.IndexBinaryFlat`, by the engine's search, and
by its whole shells of `DEPTH` candidates with asymmetric scores; float32 embeddings by
`faiss.IndexFlatIP`. Times are medians, and their ratio is that to the last.

Making codes: the hasher's time and the backbone's (as the engine runs it) for the same files of
a domain, one file at a time and in a batch of `VIEWS` views, medians; their share in percent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from benchmarks.coded import Arrays, Coded, Codes, Embeddings, load, median_ms, one_thread
from benchmarks.starter_tables import table
from opensearch.domains.collections.catalog import read_collection
from opensearch.engine.query.ranking import CAP
from opensearch.errors import UnreadableFile
from opensearch.hashing import Hasher, asymmetric
from opensearch.model import Model
from opensearch.semantic import unit

NOISE: Final = 0.3
K: Final = 10
DEPTH: Final = 1000
VIEWS: Final = 32
ID_BYTES: Final = 8


@dataclass(frozen=True)
class Search:
    """The median time of a query one way, in milliseconds."""

    way: str
    ms: float


@dataclass(frozen=True)
class Making:
    """Medians in milliseconds of the backbone and of the hasher over the same files."""

    domain: str
    files: int
    views: int
    trunk_ms: float
    hash_ms: float

    @property
    def percent(self) -> float:
        """The hasher's share of the backbone's time."""
        return 100 * self.hash_ms / self.trunk_ms


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--items", default=1_000_000, show_default=True, type=click.IntRange(min=1))
@click.option("--queries", default=200, show_default=True, type=click.IntRange(min=1))
@click.option("--files", default=64, show_default=True, help="Files a domain, for making codes.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Also write JSON there.")
def main(
    model: Path, data: Path, items: int, queries: int, files: int, seed: int, out: Path | None
) -> None:
    """Print the tables."""
    coded = load(model, data)
    sizes = item_bytes(coded.model.hasher.bits, coded.model.hasher.dim)
    times = search_times(coded, items, queries, np.random.default_rng(seed))
    makings = list(making(coded.model, data, files))
    found: dict[str, Any] = {
        "model": model.name,
        "items": items,
        "bytes": sizes,
        "search": [asdict(time) for time in times],
        "making": [{**asdict(made), "percent": made.percent} for made in makings],
    }
    if out is not None:
        out.write_text(json.dumps(found, indent=1))
    print(_page(found))


def item_bytes(bits: int, dim: int) -> dict[str, int]:
    """Bytes an item, its id included."""
    return {
        f"codes of {bits} bits": bits // 8 + ID_BYTES,
        f"float16, {dim} numbers": 2 * dim + ID_BYTES,
        f"float32, {dim} numbers": 4 * dim + ID_BYTES,
    }


def copies(
    domains: dict[str, Embeddings], items: int, rng: np.random.Generator
) -> Iterator[tuple[str, Embeddings]]:
    """Embeddings of domains over and over with noise, until there are `items`."""
    while items > 0:
        for domain, rows in domains.items():
            noise = rng.standard_normal(rows.shape, np.float32) * NOISE / rows.shape[1] ** 0.5
            part = unit(rows + noise)[:items]
            items -= len(part)
            if len(part):
                yield domain, part


def search_times(coded: Coded, items: int, queries: int, rng: np.random.Generator) -> list[Search]:
    """The median time of a query each way, one thread."""
    import faiss

    hasher = coded.model.hasher
    domains = {d: rows for d, (rows, _) in coded.embedded.split("all").domains.items()}
    flat, binary = faiss.IndexFlatIP(hasher.dim), faiss.IndexBinaryFlat(hasher.bits)
    codes: dict[str, list[Codes]] = {domain: [] for domain in domains}
    for domain, rows in copies(domains, items, rng):
        codes[domain].append(hasher.encode(rows, domain))
        flat.add(rows)
        binary.add(codes[domain][-1])
    held = {domain: np.concatenate(parts) for domain, parts in codes.items() if parts}
    asked = _queries(domains, hasher, queries, rng)
    with one_thread():
        return [
            Search(way, median_ms(call, asked)) for way, call in _ways(held, flat, binary).items()
        ]


@dataclass(frozen=True)
class _Asked:
    """A query as embedding (1, d), logits (1, bits) and code (1, bytes)."""

    embedding: Embeddings
    logits: Embeddings
    code: Codes


def _queries(
    domains: dict[str, Embeddings], hasher: Hasher, count: int, rng: np.random.Generator
) -> list[_Asked]:
    found = []
    for _ in range(count):
        domain = str(rng.choice(list(domains)))
        row = domains[domain][rng.integers(len(domains[domain]))]
        _, embedding = next(copies({domain: row[None]}, 1, rng))
        logits = hasher.logits(embedding, domain)
        found.append(_Asked(embedding, logits, hasher.encode(embedding, domain)))
    return found


def _ways(held: dict[str, Codes], flat: Any, binary: Any) -> dict[str, Any]:
    searcher = Arrays(held).searcher()
    domains = list(held)

    def shells(asked: _Asked) -> None:
        found = searcher.shells(asked.code[0], domains, DEPTH, CAP * DEPTH)
        asymmetric(asked.logits, searcher.codes(found.ids, domains))

    return {
        "codes, faiss IndexBinaryFlat": lambda asked: binary.search(asked.code, K),
        "codes, the engine's search": lambda asked: searcher.search(asked.code, domains, K),
        f"codes, {DEPTH} candidates scored asymmetrically": shells,
        "float32, faiss IndexFlatIP": lambda asked: flat.search(asked.embedding, K),
    }


def making(model: Model, data: Path, files: int) -> Iterator[Making]:
    """What backbone and hasher take for files of each domain: one at a time, then a batch."""
    for domain in model.bundle.domains:
        sources = [s for s in read_collection(data) if s.domain == domain]
        sources = sources[:: max(1, len(sources) // files)][:files]
        views = []
        for source in sources:
            try:
                views.append(model.read(domain, source.path, source.part).views)
            except UnreadableFile:
                continue
        if views:
            yield made(model, domain, [item[None] for item in views])
            together = max(1, VIEWS // len(views[0]))
            starts = range(0, max(1, len(views) - together + 1), together)
            yield made(model, domain, [np.stack(views[at : at + together]) for at in starts])


def made(model: Model, domain: str, batches: Sequence[Codes]) -> Making:
    """Medians over batches of files, each of views (files, v, h, w, 3)."""
    backbone, encoder = model.bundle.backbone(domain), model.bundle.encoder(domain)
    flat = [batch.reshape(-1, *batch.shape[2:]) for batch in batches]
    trunk_ms = median_ms(backbone.features, flat)
    embeddings = [encoder.embed(batch) for batch in batches]
    hash_ms = median_ms(lambda rows: model.hasher.encode(rows, domain), embeddings)
    files, views = batches[0].shape[:2]
    return Making(domain, files, views, trunk_ms, hash_ms)


def _page(found: dict[str, Any]) -> str:
    sizes, times = found["bytes"], found["search"]
    least, last = min(sizes.values()), times[-1]["ms"]
    stored = [[way, str(size), f"{size / least:.1f}"] for way, size in sizes.items()]
    rows = [[t["way"], f"{t['ms']:.3f}", f"{last / t['ms']:.1f}"] for t in times]
    made = [
        [
            *(m["domain"], str(m["files"]), str(m["views"])),
            *(f"{m['trunk_ms']:.2f}", f"{m['hash_ms']:.3f}", f"{m['percent']:.2f}"),
        ]
        for m in found["making"]
    ]
    head = ["domain", "files", "views a file", "backbone, ms", "hasher, ms", "share, %"]
    return "\n\n".join(
        [
            f"## {found['model']}, {found['items']} items",
            table(["stored as", "bytes an item", "times the codes"], stored),
            table(["searched by", "p50, ms", "faster than float32, times"], rows),
            table(head, made),
        ]
    )


if __name__ == "__main__":
    main()
