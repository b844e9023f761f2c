"""How many Hamming candidates must be rescored until the answer is that of embeddings.

    python -m benchmarks.rescoring MODEL --data COLLECTION [--split test ...] [--depth 50 ...]
        [--bits 32,64,128] [--hasher itq ...] [--seed 0] [--out FILE.json]

Every file of COLLECTION, of all splits and domains, is searched at once; the files of the splits
measured are the queries, and none is a hit of itself. Candidates are those of the engine: whole
shells of Hamming distance until there are R, at most `CAP` times R, with an even sample of the
last shell. They are put in order of the cosine of embeddings, those of the gallery in float16
as the store keeps them, without refinement. Measured are precision at 10 (a hit is of the
query's category), the mean over queries and the mean over categories, and how many of the 10
nearest by cosine among all files are found. Real-valued precision is that of the latter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.coded import Arrays, Codes, Embeddings, code_options, load
from benchmarks.starter_tables import number, table
from opensearch.cli.progress import Bars
from opensearch.engine.query.ranking import CAP
from opensearch.experiments.embedded import EmbeddedCollection
from opensearch.hashing import Hasher
from opensearch.progress import Progress, quiet
from opensearch.search import Searcher
from opensearch.semantic import unit

K: Final = 10
BATCH: Final = 256
"""Queries whose cosines with all files are held at once."""


@dataclass(frozen=True)
class Files:
    """All files of a collection, domain by domain; a file's id is its row.

    Attributes:
        embeddings: shape (n, d), as queries.
        stored: shape (n, d), the same as the store would give them back.
        labels: shape (n,), categories.
        splits: shape (n,).
        sizes: files of each domain, in order.
    """

    embeddings: Embeddings
    stored: Embeddings
    labels: NDArray[np.str_]
    splits: NDArray[np.str_]
    sizes: Mapping[str, int]

    def domains(self) -> NDArray[np.str_]:
        """The domain of each file, shape (n,)."""
        return np.repeat(list(self.sizes), list(self.sizes.values()))

    def codes(self, hasher: Hasher) -> dict[str, Codes]:
        """Codes by domain."""
        of = self.domains()
        return {name: hasher.encode(self.embeddings[of == name], name) for name in self.sizes}


@dataclass(frozen=True)
class Rescored:
    """The queries of a split at one depth; 0 stands for all files, the real-valued search.

    Attributes:
        candidates: mean of those rescored.
        sampled: share of the queries whose last shell was sampled.
        recall: share of the real-valued `K` nearest among the first `K` hits.
        precision: mean over queries.
        precision_macro: mean over categories.
        share: of the precision of the real-valued search.
    """

    split: str
    codes: str
    depth: int
    queries: int
    candidates: float
    sampled: float
    recall: float
    precision: float
    precision_macro: float
    share: float


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@code_options
@click.option("--split", "splits", multiple=True, default=("test", "unseen"), show_default=True)
@click.option("--depth", "depths", multiple=True, default=(50, 200, 1000), show_default=True)
def main(
    model: Path,
    data: Path,
    bits: Sequence[int],
    hashers: Sequence[str],
    seed: int,
    out: Path | None,
    splits: Sequence[str],
    depths: Sequence[int],
) -> None:
    """Print the table."""
    coded = load(model, data, bits, hashers, seed)
    files = gather(coded.embedded)
    rows = []
    with Bars() as bars:
        for name, hasher in coded.hashers.items():
            found = rescore(files, files.codes(hasher), splits, depths, bars.show)
            rows += summary(files, name, splits, depths, found)
    if out is not None:
        about = {"model": model.name, "collection": data.name, "files": len(files.labels)}
        out.write_text(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=1))
    print(f"{len(files.labels)} files searched, K = {K}\n\n{_page(rows)}")


def gather(embedded: EmbeddedCollection) -> Files:
    """All splits of a collection as one gallery."""
    domains = sorted({name for split in embedded.splits.values() for name in split.domains})
    parts = [
        (domain, split, *held.domains[domain])
        for domain in domains
        for split, held in embedded.splits.items()
        if domain in held.domains
    ]
    embeddings = np.concatenate([rows for _, _, rows, _ in parts])
    return Files(
        embeddings,
        unit(embeddings.astype(np.float16)),
        np.concatenate([np.array(labels, np.str_) for *_, labels in parts]),
        np.repeat([split for _, split, _, _ in parts], [len(rows) for _, _, rows, _ in parts]),
        {name: sum(len(part[2]) for part in parts if part[0] == name) for name in domains},
    )


@dataclass(frozen=True)
class Found:
    """What one query found at one depth: the ids of its first `K` hits, best first."""

    query: int
    depth: int
    hits: NDArray[np.int64]
    candidates: int
    sampled: bool


def rescore(
    files: Files,
    codes: Mapping[str, Codes],
    splits: Sequence[str],
    depths: Sequence[int],
    progress: Progress = quiet,
) -> list[Found]:
    """Search by every file of the splits, at every depth and (depth 0) among all files."""
    searcher = Arrays(codes).searcher()
    every = np.concatenate(list(codes.values()))
    queries = np.flatnonzero(np.isin(files.splits, splits))
    found = []
    for start in range(0, len(queries), BATCH):
        batch = queries[start : start + BATCH]
        cosines = files.embeddings[batch] @ files.stored.T
        for query, row in zip(batch.tolist(), cosines, strict=True):
            others = np.delete(np.arange(len(row)), query)
            found.append(Found(query, 0, _best(others, row), len(others), False))
            for depth in depths:
                found.append(_at_depth(searcher, query, every[query], row, depth, list(codes)))
        progress("rescoring", start + len(batch), len(queries))
    return found


def _at_depth(
    searcher: Searcher,
    query: int,
    code: Codes,
    cosines: Embeddings,
    depth: int,
    domains: Sequence[str],
) -> Found:
    wanted = max(K, depth)
    shells = searcher.shells(code, domains, wanted, CAP * wanted, exclude=[query])
    hits = _best(shells.ids, cosines)
    return Found(query, depth, hits, len(shells.ids), shells.sampled)


def _best(ids: NDArray[np.int64], cosines: Embeddings) -> NDArray[np.int64]:
    """The first `K` of some ids by (-cosine, id)."""
    best: NDArray[np.int64] = ids[np.lexsort((ids, -cosines[ids]))[:K]]
    return best


def summary(
    files: Files,
    codes: str,
    splits: Sequence[str],
    depths: Sequence[int],
    found: Sequence[Found],
) -> list[Rescored]:
    """A row for each split and depth, the real-valued search first."""
    real = {one.query: one.hits for one in found if one.depth == 0}
    rows = []
    for split in splits:
        own = [one for one in found if files.splits[one.query] == split]
        base = float(np.mean([_right(files, one) for one in own if one.depth == 0]))
        for depth in (0, *depths):
            rows.append(_row(files, (split, codes, depth), own, real, base))
    return rows


def _row(
    files: Files,
    name: tuple[str, str, int],
    found: Sequence[Found],
    real: Mapping[int, NDArray[np.int64]],
    base: float,
) -> Rescored:
    own = [one for one in found if one.depth == name[2]]
    right = np.array([_right(files, one) for one in own])
    recall = [np.isin(real[one.query], one.hits).mean() for one in own]
    return Rescored(
        *name,
        queries=len(own),
        candidates=float(np.mean([one.candidates for one in own])),
        sampled=float(np.mean([one.sampled for one in own])),
        recall=float(np.mean(recall)),
        precision=float(right.mean()),
        precision_macro=_macro(right, files.labels[[one.query for one in own]]),
        share=float(right.mean()) / base if base else 0.0,
    )


def _right(files: Files, found: Found) -> float:
    """Precision at `K` of one query."""
    return float((files.labels[found.hits] == files.labels[found.query]).sum() / K)


def _macro(values: NDArray[np.float64], labels: NDArray[np.str_]) -> float:
    return float(np.mean([values[labels == label].mean() for label in np.unique(labels)]))


def _page(rows: Sequence[Rescored]) -> str:
    head = ["split", "codes", "R", "queries", "candidates", "sampled", "recall@10"]
    lines = [
        [
            *(row.split, row.codes, str(row.depth or "real"), str(row.queries)),
            *(f"{row.candidates:.0f}", number(row.sampled), number(row.recall)),
            *(number(row.precision), number(row.precision_macro), f"{row.share:.3f}"),
        ]
        for row in rows
    ]
    return table([*head, "P@10", "P@10 macro", "P@10 / real"], lines)


if __name__ == "__main__":
    main()
