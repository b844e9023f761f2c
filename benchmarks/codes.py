"""Whether codes stay individual: how many are distinct, and whether they rank within a category.

    python -m benchmarks.codes MODEL --data COLLECTION [--split test ...]
        [--bits 32,64,128] [--hasher itq ...] [--seed 0] [--out FILE.json]

For the model's own codes, and each hasher fitted on the train split of COLLECTION at each length:
distinct codes and the largest tie (items that share one code), among all items of a split and
among those of each domain; and Spearman's correlation of Hamming distance with the cosine
distance of embeddings over pairs of two domains and one category, the mean over categories with
`ENOUGH` pairs or more. Codes that tell categories apart and nothing else have a few distinct
values and a correlation of 0. The rows of one domain take the pairs that it is a side of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.coded import Codes, Embeddings, code_options, load
from benchmarks.starter_tables import number, table
from opensearch.experiments.embedded import EmbeddedSplit
from opensearch.hashing import Hasher, hamming

ENOUGH: Final = 100
ALL: Final = "all"


@dataclass(frozen=True)
class Part:
    """The items of a domain: embeddings (n, d), codes (n, bytes), categories (n,)."""

    embeddings: Embeddings
    codes: Codes
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class Individual:
    """How individual the codes of a split are, in one domain or in `ALL`.

    `spearman` is the mean over `categories`, None where no category has pairs enough.
    """

    split: str
    codes: str
    domain: str
    items: int
    distinct: int
    largest_tie: int
    spearman: float | None
    categories: int


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@code_options
@click.option("--split", "splits", multiple=True, default=("test", "unseen"), show_default=True)
def main(
    model: Path,
    data: Path,
    bits: Sequence[int],
    hashers: Sequence[str],
    seed: int,
    out: Path | None,
    splits: Sequence[str],
) -> None:
    """Print the table."""
    coded = load(model, data, bits, hashers, seed, splits)
    rows = [
        row
        for split in splits
        for name, hasher in coded.hashers.items()
        for row in measure(split, name, parts_of(coded.embedded.split(split), hasher))
    ]
    if out is not None:
        found = {"model": model.name, "collection": data.name, "rows": [asdict(r) for r in rows]}
        out.write_text(json.dumps(found, indent=1))
    print(_page(rows))


def parts_of(split: EmbeddedSplit, hasher: Hasher) -> dict[str, Part]:
    """The items of a split, with codes."""
    return {
        domain: Part(embeddings, hasher.encode(embeddings, domain), np.array(labels))
        for domain, (embeddings, labels) in split.domains.items()
    }


def measure(split: str, name: str, parts: Mapping[str, Part]) -> list[Individual]:
    """A row for all domains together, then one for each."""
    rows = []
    for domain in (ALL, *parts):
        own = list(parts.values()) if domain == ALL else [parts[domain]]
        codes = np.concatenate([part.codes for part in own])
        distinct, largest = ties(codes)
        values = correlations(parts, None if domain == ALL else domain)
        mean = float(np.mean(values)) if values else None
        rows.append(
            Individual(split, name, domain, len(codes), distinct, largest, mean, len(values))
        )
    return rows


def ties(codes: Codes) -> tuple[int, int]:
    """Distinct codes among (n, bytes), and how many items share the commonest."""
    counts = np.unique(codes, axis=0, return_counts=True)[1]
    return len(counts), int(counts.max())


def correlations(parts: Mapping[str, Part], domain: str | None) -> list[float]:
    """Spearman's correlation for each category with pairs enough, of `domain` or of any two."""
    sides = [pair for pair in combinations(parts, 2) if domain is None or domain in pair]
    labels = sorted({label for part in parts.values() for label in part.labels.tolist()})
    found = []
    for label in labels:
        pairs = [_distances(parts[a], parts[b], label) for a, b in sides]
        apart = np.concatenate([np.zeros(0, np.int32), *(pair[0] for pair in pairs)])
        cosine = np.concatenate([np.zeros(0, np.float32), *(pair[1] for pair in pairs)])
        if len(apart) >= ENOUGH:
            found.append(correlation(apart, cosine))
    return found


def correlation(apart: NDArray[np.int32], cosine: NDArray[np.float32]) -> float:
    """Spearman's, and 0 where all distances are the same: they rank nothing."""
    if np.ptp(apart) == 0 or np.ptp(cosine) == 0:
        return 0.0
    return float(spearmanr(apart, cosine).statistic)


def _distances(a: Part, b: Part, label: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Hamming and cosine distances of all pairs of a category, one of each part."""
    one, other = a.labels == label, b.labels == label
    cosine = 1 - a.embeddings[one] @ b.embeddings[other].T
    return hamming(a.codes[one], b.codes[other]).ravel(), cosine.ravel()


def _page(rows: Sequence[Individual]) -> str:
    head = ["split", "codes", "domain", "items", "distinct", "share", "largest tie"]
    lines = [
        [
            *(row.split, row.codes, row.domain, str(row.items), str(row.distinct)),
            *(number(row.distinct / row.items), str(row.largest_tie)),
            *(number(row.spearman), str(row.categories)),
        ]
        for row in rows
    ]
    return table([*head, "Spearman", "categories"], lines)


if __name__ == "__main__":
    main()
