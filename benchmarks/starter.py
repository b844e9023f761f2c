"""What a model of sketch, photo and shape can do, on collections old and new to it.

    python -m benchmarks.starter MODEL --data DIR --out FILE.json [--files 200]

DIR holds the collections triad, sketchy, tuberlin and pacs, each with a split.csv; one that is
missing is passed over. Nothing is trained. FILE.json gets every number, the tables on stdout
are Markdown. A domain that MODEL has no encoder for (art_painting) is encoded as a cartoon, or as
a photo if it has none for those either, and the tables say so. Speed is that of reading and
encoding files, all cores, in the second of two runs over the same files.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

import opensearch
from benchmarks.starter_tables import page
from opensearch.cli.progress import Bars
from opensearch.config import config_folder
from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.pipeline import encode_stream, read_ahead
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.model import Model
from opensearch.progress import Progress
from opensearch.records import Source

PLAN: Final = {
    "triad": ("test", "unseen"),
    "sketchy": ("test", "unseen"),
    "tuberlin": ("test",),
    "pacs": ("test", "unseen", "all"),
}
"""Collections, and the splits of each that are measured."""
LENDERS: Final = ("cartoon", "photo")
"""Encoders that domains the model has none for may borrow: the first that it has."""


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON of all numbers.")
@click.option("--files", default=200, show_default=True, help="Files a domain, for the speed.")
def main(model: Path, data: Path, out: Path, files: int) -> None:
    """Measure MODEL on the collections of DIR; print tables, write FILE.json."""
    bundle = Bundle.open(model)
    with Bars() as bars:
        evaluations = {
            name: measured
            for name, splits in PLAN.items()
            if (measured := measure(bundle, data / name, splits, bars.show)) is not None
        }
    found = {
        "model": model.name,
        "identities": bundle.card.identities,
        "versions": bundle.card.versions,
        "categories": bundle.card.categories,
        "bits": bundle.card.bits,
        "cores": os.cpu_count(),
        "evaluations": evaluations,
        "speed": [vars(speed) for speed in speeds(bundle, data, files)],
        "bytes": {"model": model_sizes(bundle), "package": package_sizes()},
    }
    out.write_text(json.dumps(found, indent=1))
    print(page(found))


def measure(
    bundle: Bundle, folder: Path, splits: Sequence[str], progress: Progress
) -> dict[str, Any] | None:
    """Rows of `evaluate` on a collection, None where it is missing or shares no domain."""
    if not folder.is_dir():
        return None
    present = sorted({s.domain for s in read_collection(folder) if s.domain and s.category})
    lender = next((name for name in LENDERS if name in bundle.domains), None)
    lent = {domain: lender for domain in present if lender and domain not in bundle.domains}
    if not lent and not set(present) & set(bundle.domains):
        return None
    result = evaluate(Evaluation(bundle.folder, folder, list(splits), borrowed=lent), progress)
    rows = [row.to_dict() for row in result.rows]
    return {"as": lent, "notes": result.notes, "rows": rows}


@dataclass(frozen=True)
class Speed:
    """How fast files of a domain are read and encoded; `runtime` is that of the backbone."""

    domain: str
    files: int
    views: int
    per_second: float
    runtime: str


def speeds(bundle: Bundle, data: Path, files: int) -> Iterator[Speed]:
    """The speed of every domain, on files of the first collection that has some."""
    pools: dict[str, list[Source]] = defaultdict(list)
    for name in PLAN:
        if (data / name).is_dir():
            new: dict[str, list[Source]] = defaultdict(list)
            for source in read_collection(data / name):
                new[source.domain or ""].append(source)
            pools = defaultdict(list, {**new, **pools})
    model = Model(bundle)
    for domain in bundle.domains:
        if pools[domain]:
            step = max(1, len(pools[domain]) // files)
            yield _speed(model, domain, pools[domain][::step][:files])


def _speed(model: Model, domain: str, sources: Sequence[Source]) -> Speed:
    encoded = views = 0
    seconds = 1.0
    for _ in range(2):
        start = time.perf_counter()
        encoded, views = _encode(model, domain, sources)
        seconds = time.perf_counter() - start
    runtime = model.bundle.backbone(domain).runtime
    return Speed(domain, encoded, views, round(encoded / seconds, 1), runtime)


def _encode(model: Model, domain: str, sources: Sequence[Source]) -> tuple[int, int]:
    """Encode files as the engine does: how many could be, and the views of one."""
    backbone = model.bundle.backbone(domain)
    reads = read_ahead(sources, lambda s: model.read(domain, s.path, s.part).views)
    stream = encode_stream(reads, lambda _: backbone)
    features = [item.features for item in stream if item.features is not None]
    if features:
        embeddings = model.bundle.encoder(domain).embed_features(np.stack(features))
        model.hasher.encode(embeddings, domain)
    return len(features), len(features[0]) if features else 0


def model_sizes(bundle: Bundle) -> dict[str, int]:
    """Bytes of a bundle by kind of file: backbone, projector, space, hash, model."""
    names = [*bundle.card.files(), "model.json"]
    return _summed({name: (bundle.folder / name).stat().st_size for name in names}, "-")


def package_sizes() -> dict[str, int]:
    """Bytes of what is installed beside the code, by room."""
    package = Path(opensearch.__file__).parent
    files = [(path.relative_to(package), path) for path in package.rglob("*") if path.is_file()]
    sizes = {
        name.as_posix(): path.stat().st_size
        for name, path in files
        if name.suffix not in (".py", ".pyc") and name.parts[0] != "configs"
    }
    configs = sum(file.stat().st_size for file in config_folder().rglob("*.yaml"))
    return {**_summed(sizes, "/"), "configs": configs}


def _summed(sizes: Mapping[str, int], cut: str) -> dict[str, int]:
    summed: dict[str, int] = defaultdict(int)
    for name, size in sorted(sizes.items()):
        summed[name.split(cut)[0].removesuffix(".json")] += size
    return dict(summed)


if __name__ == "__main__":
    main()
