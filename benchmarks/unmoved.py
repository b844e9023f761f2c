"""Whether a change of the code moved any result: identities, codes, answers, training runs.

    python -m benchmarks.unmoved [TREE] [--only starter|index|prototype|joint|gdmh-pixel]...

Runs the command line of a working tree (this one by default) on the collection of the demo, with
everything that depends on chance or clock left out, and prints one line for each thing that a
change of structure must leave alone: print it for both trees and compare with `diff`.

- starter: its identities;
- index: digests of keys, codes and embeddings of the demo's items, and of the answers to a file, a
  word and a filter;
- a method: identities of a bundle that it trained for some steps on toy settings, digests of its
  lines of metrics and of all that `evaluate` prints.

Takes about three minutes on two idle cores. Bits may differ between machines, so both sides
belong on one.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

HERE = Path(__file__).parents[1]
TOY = [
    "backbone.name=tiny",
    "backbone.weights=null",
    "size=32",
    "domains.shape.views=2",
    "hash.bits=16",
    "seed=3",
]
"""Settings that every method's toy run shares."""
MIGRATING = ["hash.gdmh.steps=30", "hash.gdmh.batch=16", "hash.gdmh.hidden=16"]
METHODS = {
    "prototype": ("prototype", [*MIGRATING, "loop.epochs=4", "loop.batch=16"]),
    "prototype-finetune": (
        "prototype-finetune",
        [*MIGRATING, "loop.epochs=2", "loop.batch=16"],
    ),
    "joint": (
        "joint",
        [
            *MIGRATING,
            "projector.hidden=16",
            "domains.shape.pooling=upright",
            "domains.shape.line_views=1",
            "joint.side=32",
            "joint.head_steps=20",
            "joint.head_batch=8",
            "joint.steps=8",
            "joint.batch=4",
            "joint.distil=0.5",
            "joint.bend=true",
            "joint.turned=0.2",
        ],
    ),
    "gdmh-pixel": (
        "gdmh-pixel",
        ["pixel.blocks=1", "pixel.width=2", "pixel.batch=4", "pixel.epochs=2", "pixel.pool=3"],
    ),
}
"""A shipped config and the settings that make a toy of it."""


@click.command()
@click.argument("tree", type=click.Path(exists=True, file_okay=False, path_type=Path), default=HERE)
@click.option(
    "--only", multiple=True, type=click.Choice(["starter", "index", *METHODS]), help="Repeatable."
)
def main(tree: Path, only: tuple[str, ...]) -> None:
    """Print what a change of structure in TREE must leave alone."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        demo = unpacked(tree, work / "demo")
        for name in only or ("starter", "index", *METHODS):
            for what, value in CHECKS[name](tree, demo, work).items():
                click.echo(f"{name}\t{what}\t{value}")


def unpacked(tree: Path, folder: Path) -> Path:
    """The demo's collection, with a split: every third file is for tests, two categories unseen."""
    with zipfile.ZipFile(tree / "opensearch/experiments/demo_collection.zip") as archive:
        archive.extractall(folder)
    files = sorted(file.relative_to(folder) for file in folder.glob("*/*/*"))
    unseen = sorted({file.parts[1] for file in files})[-2:]
    with (folder / "split.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["path", "domain", "category", "split", "up"])
        for place, file in enumerate(files):
            domain, category = file.parts[:2]
            split = "unseen" if category in unseen else "train" if place % 3 else "test"
            up = "y" if domain == "shape" else ""
            rows.writerow([file.as_posix(), domain, category, split, up])
    return folder


def run(tree: Path, work: Path, *command: str) -> str:
    """What a command of the tree's command line prints."""
    env = os.environ | {"PYTHONPATH": str(tree), "OPENSEARCH_CACHE": str(work / "cache")}
    env["OMP_NUM_THREADS"] = "1"  # sums are added in one order
    ran = subprocess.run(
        [sys.executable, "-m", "opensearch", *command],
        cwd=work,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise click.ClickException(f"{' '.join(command[:2])} of {tree}: {ran.stderr.strip()}")
    return ran.stdout


def starter(tree: Path, demo: Path, work: Path) -> dict[str, str]:
    """Identities of the shipped model."""
    return identities(tree / "opensearch/starter")


def index(tree: Path, demo: Path, work: Path) -> dict[str, str]:
    """An index of the demo's collection, and answers from it."""
    run(tree, work, "index", str(demo), "--to", "index", "-q")
    run(tree, work, "export", "index", "exported", "-q")
    lines = (work / "exported/items.jsonl").read_text("utf-8").splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    found = {"keys": digest("\n".join(keys).encode())}
    for name in ("codes", "embeddings"):
        found[name] = digest(np.load(work / f"exported/{name}.npy").tobytes())
    for what, asked in {
        "sketch": [str(sorted(demo.glob("sketch/*/*"))[0]), "--from", "sketch"],
        "shape": [str(sorted(demo.glob("shape/*/*"))[-1]), "--to", "photo", "--no-refine"],
        "word": ["--text", "chair", "--score", "hamming"],
        "filter": ["--text", "table", "--where", "domain = 'shape'", "-k", "5"],
    }.items():
        hits = [
            json.loads(hit)
            for hit in run(tree, work, "query", "index", *asked, "--json").splitlines()
        ]
        kept = [{k: v for k, v in hit.items() if k != "path"} for hit in hits]
        found[f"query by {what}"] = digest(json.dumps(kept, sort_keys=True).encode())
    return found


def method(name: str) -> Callable[[Path, Path, Path], dict[str, str]]:
    """The check of a training method."""

    def check(tree: Path, demo: Path, work: Path) -> dict[str, str]:
        config, settings = METHODS[name]
        given = [part for setting in [*TOY, *settings] for part in ("--set", setting)]
        run(tree, work, "train", config, "--data", str(demo), "--out", name, "-q", *given)
        lines = [json.loads(line) for line in (work / name / "metrics.jsonl").open()]
        printed = json.loads(
            run(tree, work, "evaluate", name, "--data", str(demo), "--json", "--bits", "16")
        )
        return {
            **identities(work / name),
            "metrics": digest(json.dumps(lines, sort_keys=True).encode()),
            "evaluate": digest(json.dumps(without_paths(printed), sort_keys=True).encode()),
        }

    return check


def identities(model: Path) -> dict[str, str]:
    """Identities of a bundle's parts, their first sixteen digits."""
    card = json.loads((model / "model.json").read_text("utf-8"))
    return {part: value[:16] for part, value in sorted(card["identities"].items())}


def without_paths(printed: object) -> object:
    """What `evaluate` printed, without the temporary folder's name."""
    if isinstance(printed, dict):
        return {k: without_paths(v) for k, v in printed.items() if k not in ("model", "data")}
    if isinstance(printed, list):
        return [without_paths(part) for part in printed]
    return printed


def digest(content: bytes) -> str:
    """The first sixteen digits of the sha256."""
    return hashlib.sha256(content).hexdigest()[:16]


CHECKS: dict[str, Callable[[Path, Path, Path], dict[str, str]]] = {
    "starter": starter,
    "index": index,
    **{name: method(name) for name in METHODS},
}


if __name__ == "__main__":
    main()
