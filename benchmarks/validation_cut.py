"""Collections to tune on, made of the train files of the real ones alone.

    python -m benchmarks.validation_cut DATA_DIR OUT [--draw 0]

DATA_DIR holds triad, sketchy, tuberlin and pacs. OUT gets triad, sketchy and tuberlin, each
with a `split.csv` of its own; files are hard links, or copies where links cannot be made.
Five categories become `unseen` everywhere, drawn from those with train files in all three
domains of triad. Of triad's other categories of that kind a fifth of each domain's files becomes
`test`. All else is `train`. A category that is unseen in any original is in none of these.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from opensearch.domains.collections.catalog import read_collection
from opensearch.records import Source
from opensearch.semantic.names import normalise

ORIGINALS = ("triad", "sketchy", "tuberlin", "pacs")
MADE = ("triad", "sketchy", "tuberlin")
DRAWN = 5
TEST_SHARE = 5
"""One file in so many is for tests."""

Collections = Mapping[str, Sequence[Source]]


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--draw", default=0, show_default=True, help="Seed of the draw.")
def main(data: Path, out: Path, draw: int) -> None:
    """Write the collections and print how many files each split got."""
    made = cut({name: read_collection(data / name) for name in ORIGINALS}, draw)
    for name, sources in made.items():
        write(sources, out / name)
        counts = Counter((source.split, source.domain) for source in sources)
        print(name, *(f"{split}/{domain} {n}" for (split, domain), n in sorted(counts.items())))
    print("unseen:", *unseen(made["triad"]))


def cut(originals: Collections, draw: int) -> dict[str, list[Source]]:
    """The collections of `MADE` with their new splits, keys in order.

    Args:
        originals: the sources of `ORIGINALS`.
        draw: seed of the unseen categories and of the test files.
    """
    hidden = {normalise(name) for sources in originals.values() for name in unseen(sources)}
    kept = {name: [s for s in originals[name] if _free(s, hidden)] for name in MADE}
    complete = everywhere(kept["triad"])
    rng = random.Random(draw)
    drawn = set(rng.sample(complete, DRAWN))
    held = _held_out(kept["triad"], set(complete) - drawn, rng)

    def split(source: Source, collection: str) -> str:
        if name_of(source) in drawn:
            return "unseen"
        return "test" if collection == "triad" and source.key in held else "train"

    return {
        name: [replace(source, split=split(source, name)) for source in sources]
        for name, sources in kept.items()
    }


def unseen(sources: Sequence[Source]) -> list[str]:
    """Names of the categories with a file of split `unseen`, sorted."""
    return sorted({s.category for s in sources if s.split == "unseen" and s.category})


def everywhere(sources: Sequence[Source]) -> list[str]:
    """Normal names of the categories that every domain of the sources holds, sorted."""
    held: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        held[source.domain or ""].add(name_of(source))
    return sorted(set.intersection(*held.values()))


def write(sources: Sequence[Source], folder: Path) -> None:
    """A collection of the sources: links or copies of their files, and `split.csv`."""
    for source in sources:
        place = folder / source.key
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            continue
        try:
            os.link(source.path, place)
        except OSError:
            shutil.copy2(source.path, place)
    with (folder / "split.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "domain", "category", "split"])
        writer.writerows([s.key, s.domain, s.category, s.split] for s in sources)


def name_of(source: Source) -> str:
    """The normal name of a source's category."""
    return normalise(source.category or "")


def _free(source: Source, hidden: set[str]) -> bool:
    return source.split == "train" and bool(source.category) and name_of(source) not in hidden


def _held_out(sources: Sequence[Source], names: set[str], rng: random.Random) -> set[str]:
    """Keys of the test files: a fifth of each of these categories in each domain."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in sources:
        if name_of(source) in names:
            groups[source.domain or "", name_of(source)].append(source.key)
    return {
        key
        for group in sorted(groups)
        for key in rng.sample(groups[group], round(len(groups[group]) / TEST_SHARE))
    }


if __name__ == "__main__":
    main()
