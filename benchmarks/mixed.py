"""Queries over several domains at once: how many of the first hits are right, and what they score.

    python -m benchmarks.mixed COLLECTION [--tree TREE] [--split test] [--count 45] [--seed 0]

The split's files become an index of the starter, made by a working tree's command line (this one's
by default). Files of it, spread evenly over the domains, then ask for the eight nearest others,
in all domains together and in the one that holds most, refined and not. A hit is right when its
category is the query's. Printed are right hits of all, and, for the mixed answers, the mean score
of right hits and of wrong ones.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click
import numpy as np

from benchmarks.unmoved import HERE, run
from opensearch.domains.collections.catalog import read_collection
from opensearch.records import Source

HITS = 8


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tree", type=click.Path(exists=True, path_type=Path), default=HERE)
@click.option("--split", default="test", show_default=True)
@click.option("--count", default=45, show_default=True, help="Queries.")
@click.option("--seed", default=0, show_default=True)
def main(collection: Path, tree: Path, split: str, count: int, seed: int) -> None:
    """Print right hits of mixed and single targets as JSON."""
    rng = np.random.default_rng(seed)
    sources = [s for s in read_collection(collection) if s.split == split and s.category]
    domains = sorted({s.domain for s in sources if s.domain})
    largest = max(domains, key=lambda name: sum(s.domain == name for s in sources))
    asked = []
    for name in domains:
        own = [s for s in sources if s.domain == name]
        asked += [own[i] for i in rng.permutation(len(own))[: -(-count // len(domains))]]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for source in sources:
            file = work / "files" / str(source.domain) / str(source.category) / source.path.name
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, file)
        run(tree, work, "index", "files", "--to", "index", "-q")
        for way, options in {
            "mixed, refined": ["--refine"],
            "mixed, as asked": ["--no-refine"],
            f"{largest}, refined": ["--to", largest, "--refine"],
            f"{largest}, as asked": ["--to", largest, "--no-refine"],
        }.items():
            right, wrong = scores(tree, work, asked[:count], options)
            told = {
                "way": way,
                "right": len(right),
                "of": len(right) + len(wrong),
                "score of right": round(float(np.mean(right)), 3),
                "score of wrong": round(float(np.mean(wrong)), 3),
            }
            click.echo(json.dumps(told))


def scores(
    tree: Path, work: Path, asked: list[Source], options: list[str]
) -> tuple[list[float], list[float]]:
    """Scores of right and of wrong hits of files that ask for the nearest others."""
    right: list[float] = []
    wrong: list[float] = []
    for source in asked:
        own_key = f"{source.domain}/{source.category}/{source.path.name}"
        command = ["query", "index", f"files/{own_key}", "--from", str(source.domain)]
        printed = run(tree, work, *command, *options, "-k", str(HITS + 1), "--json")
        hits = [json.loads(line) for line in printed.splitlines()]
        others = [hit for hit in hits if not hit["key"].endswith(own_key)][:HITS]
        for hit in others:
            same = hit["category"] == source.category
            (right if same else wrong).append(hit["score"])
    return right, wrong


if __name__ == "__main__":
    main()
