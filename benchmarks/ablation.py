"""What each part of the hash branch is worth: codes with and without it, on one model.

    python -m benchmarks.ablation MODEL --data TRIAD [--data MORE ...] --out FILE.jsonl

Every row of `ROWS` is fitted on the embeddings of the train files of all collections given, as
the model's own codes are, and measured on the first one's test and unseen files: the mean of the
cross-domain directions, refinement off, Hamming distance only, ties by the closed form. A share
is that over the real-valued mAP of the same embeddings. FILE.jsonl keeps each result as it
comes: what it holds is not computed again. The table on stdout has means over seeds, and the
largest difference between two of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.starter_tables import table
from opensearch.cli.progress import Bars
from opensearch.config import GdmhSettings, HashSettings
from opensearch.encoders.bundle import Bundle
from opensearch.evaluation import Labelled, any_to_any
from opensearch.experiments.embedded import EmbeddedSplit, embed_collection
from opensearch.experiments.fitted_codes import training_items
from opensearch.hashing import HashData, Hasher, fit_hasher, hamming
from opensearch.model import Model
from opensearch.progress import Progress
from opensearch.training.cache import cache_folder

Array = NDArray[np.float32]
SPLITS: Final = ("test", "unseen")
ROWS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "LSH": ("lsh", {}),
    "ITQ": ("itq", {}),
    "ITQ, whitened within categories": ("itq-whitened", {}),
    "head without generators": ("gdmh", {"hidden": 0}),
    "without anchors": ("gdmh", {"anchors": 0}),
    "without faded copies": ("gdmh", {"fade": 0.0}),
    "without adversary": ("gdmh", {"adversary": 0.0}),
    "without cycle": ("gdmh", {"cycle": 0.0}),
    "without semantic term": ("gdmh", {"semantic": 0.0}),
    "without contrast": ("gdmh", {"contrast": 0.0}),
    "without other words": ("gdmh", {"words": 0}),
    "marginal critic": ("gdmh", {"conditional": False}),
    "with balance, independence, quantisation": (
        "gdmh",
        {"balance": 1.0, "independence": 0.02, "quantisation": 0.1},
    ),
    "full": ("gdmh", {}),
}
"""Name of a row, the hasher and what differs from its default settings."""


@dataclass(frozen=True)
class Job:
    """One fit: a row, bits of its codes and a seed."""

    row: str
    bits: int
    seed: int

    def fit(self, data: HashData, progress: Progress) -> Hasher:
        """The hasher."""
        name, differs = ROWS[self.row]
        settings = HashSettings(name=name, bits=self.bits, gdmh=GdmhSettings(**differs))
        return fit_hasher(settings, data, self.seed, progress)


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", required=True, multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON lines.")
@click.option("--bits", default="32,64,128", show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--row", "rows", multiple=True, type=click.Choice(list(ROWS)), help="All if none.")
def main(
    model: Path, data: Sequence[Path], out: Path, bits: str, seeds: int, rows: Sequence[str]
) -> None:
    """Fit and measure every row on MODEL's embeddings."""
    widths = [int(width) for width in bits.split(",")]
    jobs = [Job(r, b, s) for r in rows or ROWS for b in widths for s in range(seeds)]
    with Bars() as bars:
        found = measured(Model(Bundle.open(model)), data, jobs, out, bars.show)
    print(page(found))


def measured(
    model: Model, data: Sequence[Path], jobs: Sequence[Job], out: Path, progress: Progress
) -> list[dict[str, Any]]:
    """All results: those in `out`, and what is missing there, which is added."""
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    made = {"identities": model.bundle.card.identities, "data": [path.name for path in data]}
    if known and {key: known[0][key] for key in made} != made:
        raise click.ClickException(f"{out} holds results of another model or other data")
    done = {(line["row"], line["bits"], line["seed"]) for line in known if "row" in line}
    if len(done) == len(jobs):
        return known
    collections = [embed_collection(model.bundle, path, cache_folder(), progress) for path in data]
    splits = {name: collections[0].split(name).shared() for name in SPLITS}
    if not known:
        known = [{**made, **{name: real(split) for name, split in splits.items()}}]
        out.write_text(json.dumps(known[0]) + "\n")
    items = training_items(model, [collection.splits["train"] for collection in collections], {})
    for job in jobs:
        if (job.row, job.bits, job.seed) in done:
            continue
        hasher = job.fit(items, progress)
        line = {**vars(job), **{name: coded(split, hasher) for name, split in splits.items()}}
        known.append(line)
        with out.open("a") as file:
            file.write(json.dumps(line) + "\n")
    return known


def real(split: EmbeddedSplit) -> float:
    """Mean mAP of the cross-domain directions by the embeddings themselves."""
    return any_to_any(_sets(split), rank=_cosine, resamples=1).cross.map_all


def coded(split: EmbeddedSplit, hasher: Hasher) -> float:
    """The same by codes."""
    way: dict[str, Any] = {"rank": hamming, "encode": hasher.encode, "ties": "expected"}
    return any_to_any(_sets(split), **way, resamples=1).cross.map_all


def _cosine(queries: Array, gallery: Array) -> Array:
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


def _sets(split: EmbeddedSplit) -> dict[str, Labelled]:
    return {
        domain: Labelled(embeddings, np.array(labels))
        for domain, (embeddings, labels) in split.domains.items()
    }


def page(found: Sequence[Mapping[str, Any]]) -> str:
    """The table: a row a line, mAP and share for each width and split."""
    whole, *lines = found
    widths = sorted({line["bits"] for line in lines})
    head = ["codes", *(f"{split}, {width} bits" for split in SPLITS for width in widths)]
    names = dict.fromkeys(line["row"] for line in lines)
    cells = {name: list(_cells(whole, lines, name, widths)) for name in names}
    truth = ["real-valued", *(f"{whole[split]:.3f}" for split in SPLITS for _ in widths)]
    return table(head, [truth, *([name, *row] for name, row in cells.items())])


def _cells(
    whole: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], name: str, widths: Sequence[int]
) -> Iterator[str]:
    for split in SPLITS:
        for width in widths:
            values = [x[split] for x in lines if (x["row"], x["bits"]) == (name, width)]
            mean, spread = float(np.mean(values)), float(np.ptp(values))
            yield f"{mean:.3f} ({mean / whole[split]:.3f}) ±{spread / 2:.3f}"


if __name__ == "__main__":
    main()
