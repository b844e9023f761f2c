"""Phrases: how much of them is understood, and what they find.

    python -m benchmarks.phrases [--half build] [--misses]
    python -m benchmarks.phrases --collection DIR [--tree TREE] [--split train] [--each 8]

The first way reads the phrases of `benchmarks/phrases.tsv` with the starter's words and compares
what is searched for, left out and not counted with what should be. The second makes an index of the
first files of every category of a part, by a working tree's own code, and searches it by phrases
made of its categories: "a big red X", "an X and two small Ys", "X without any Y", Y being the
category whose word lies nearest to X. Of the first eight hits, in each domain apart, those of an
asked category are right; of the last kind, those of the category left out are counted, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

from benchmarks.unmoved import HERE, run
from opensearch.domains.collections.catalog import read_collection

LISTED = Path(__file__).with_name("phrases.tsv")
PARTS = ("words", "excluded", "not_counted")
MANY = 8
"""Hits that are looked at, and items that a category has in a domain at least."""

_SEARCH = """
import json, sys
from opensearch import Engine
index, asked, k = sys.argv[1], json.load(sys.stdin), int(sys.argv[2])
with Engine.open(index) as engine:
    for text, domain in asked:
        hits = engine.search(text=text, targets=[domain], k=k)
        print(json.dumps([hit.category for hit in hits]))
"""


def listed(half: str) -> list[dict[str, Any]]:
    """The phrases of a half, or of both, with what should be understood."""
    rows = [line.rstrip("\n").split("\t") for line in LISTED.open(encoding="utf-8")]
    phrases = [
        {"half": row[0], "text": row[1]}
        | {
            part: field.split(", ") if field else []
            for part, field in zip(PARTS, row[2:], strict=True)
        }
        for row in rows
        if not row[0].startswith("#")
    ]
    return [each for each in phrases if half in (each["half"], "all")]


def understood(half: str, misses: bool) -> dict[str, Any]:
    """How many phrases are understood, whole and part by part."""
    from opensearch import Words

    words = Words.open()
    right: Counter[str] = Counter()
    phrases = listed(half)
    for phrase in phrases:
        read = words.read(phrase["text"])
        agreed = {part: _same(words, part, getattr(read, part), phrase[part]) for part in PARTS}
        right.update(part for part, same in agreed.items() if same)
        right["all"] += all(agreed.values())
        if misses and not all(agreed.values()):
            click.echo(f"{phrase['text']}: {read.to_dict()}", err=True)
    return {
        "half": half,
        "phrases": len(phrases),
        **{part: right[part] for part in (*PARTS, "all")},
    }


def _same(words: Any, part: str, got: list[str], wanted: list[str]) -> bool:
    """Whether two lists of words are of the same things, however they are called."""
    if part == "not_counted":
        return set(got) == set(wanted)
    known = words.space.vocabulary.listed
    return {known(word) or word for word in got} == {known(word) or word for word in wanted}


def cut(
    collection: Path, split: str, wanted: tuple[str, ...], each: int, out: Path
) -> dict[str, list[str]]:
    """Copy the first files of every category; the categories that a domain has many of."""
    held: Counter[tuple[str, str]] = Counter()
    for source in read_collection(collection):
        if source.split != split or not source.category or source.domain not in wanted:
            continue
        held[source.domain, source.category] += 1
        if held[source.domain, source.category] <= each:
            folder = out / source.domain / source.category
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, folder / source.path.name)
    return {
        domain: sorted(name for (own, name), n in held.items() if own == domain and n >= MANY)
        for domain in wanted
    }


def made(names: list[str]) -> list[tuple[str, str, set[str], set[str]]]:
    """Kind, text, wanted and unwanted categories of the phrases that some categories make."""
    from opensearch import Words

    space = Words.open().space
    names = [name for name in names if not space.missing([name])]
    points = space.prototypes(names)
    cosines = points @ points.T - 2 * (points @ points.T > 0.999)
    phrases = []
    for at, name in enumerate(names):
        other = names[(at * 7 + 3) % len(names)]
        near = names[int(cosines[at].argmax())]
        x, y, z = (each.replace("_", " ") for each in (name, other, near))
        phrases += [
            ("look", f"a big red {x}", {name}, set[str]()),
            ("two", f"a {x} and two small {y}s", {name, other}, set[str]()),
            ("without", f"{x} without any {z}", {name}, {near}),
        ]
    return phrases


def brought(
    collection: Path, tree: Path, split: str, wanted: tuple[str, ...], each: int
) -> list[dict[str, Any]]:
    """Right hits of the phrases, by domain and kind."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        domains = cut(collection, split, wanted, each, work / "files")
        run(tree, work, "index", "files", "--to", "index", "-q")
        for domain, names in domains.items():
            phrases = made(names)
            asked = json.dumps([(text, domain) for _, text, _, _ in phrases])
            done = subprocess.run(
                [sys.executable, "-c", _SEARCH, "index", str(MANY)],
                cwd=work, env=os.environ | {"PYTHONPATH": str(tree)}, input=asked,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            for kind in ("look", "two", "without"):
                some = [(p, a) for p, a in zip(phrases, answers, strict=True) if p[0] == kind]
                hits = sum(len(answer) for _, answer in some)
                right = sum(hit in p[2] for p, answer in some for hit in answer)
                unwanted = sum(hit in p[3] for p, answer in some for hit in answer)
                row = {"domain": domain, "kind": kind, "phrases": len(some), "hits": hits}
                rows.append(row | {"right": right, "left out, yet there": unwanted})
    return rows


@click.command()
@click.option("--half", type=click.Choice(["build", "held", "all"]), default="build")
@click.option("--misses", is_flag=True, help="Print what is read otherwise than it should be.")
@click.option("--collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tree", type=click.Path(exists=True, path_type=Path), default=HERE)
@click.option("--split", default="train", show_default=True)
@click.option("--domain", "domains", multiple=True, default=("photo", "shape"), show_default=True)
@click.option("--each", default=8, show_default=True, help="Files of a category in a domain.")
def main(
    half: str,
    misses: bool,
    collection: Path | None,
    tree: Path,
    split: str,
    domains: tuple[str, ...],
    each: int,
) -> None:
    """Print what is understood of phrases, or what they bring, as JSON."""
    if collection is None:
        click.echo(json.dumps(understood(half, misses)))
        return
    for row in brought(collection, tree, split, domains, each):
        click.echo(json.dumps(row))


if __name__ == "__main__":
    main()
