"""Whether a model's probabilities are what they say, by direction, and what refinement does.

    python -m benchmarks.calibration MODEL --data DIR... [--split all] [--into SHOWN] [--all]

Files of a split ask and are searched as `opensearch calibrate` asks: few of each category and
domain, each twice, the second time without its own category; of each query the first ten hits
count. Categories that MODEL was trained on take part only with `--all`. Probabilities are for
as many kinds of things as there are categories in what is searched. Printed are expected
calibration error (ten bins), Brier score beside that of the base rate, and AUROC beside that of
the cosine, with half of the queries in vain, and with none; the first again in galleries of fewer
categories; the hits of all targets together, whose cosines do not compare; and right hits among
the first 8 and 10, as asked and refined. `--into` measures the calibration of one model on the
embeddings of another, of the same recipe, that was not trained on these categories.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from opensearch.calibration import Calibration, reliability
from opensearch.calibration.measures import auroc
from opensearch.cli.progress import Bars
from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput
from opensearch.experiments.asking import Asked, Hits, first_hits, gains
from opensearch.experiments.held_out import Calibrating, sides_of
from opensearch.methods.configs import load_train_config
from opensearch.model import Model

FIRST = 10
_DIR = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("model", type=_DIR)
@click.option("--data", "data", multiple=True, required=True, type=_DIR)
@click.option("--split", default="all", show_default=True)
@click.option("--config", help="Config of training whose exclude, omit and rename are followed.")
@click.option("--into", "shown", type=_DIR, help="Model whose calibration is measured.")
@click.option(
    "--all", "every", is_flag=True, help="Categories that MODEL was trained on take part."
)
@click.option("--files", default=20, show_default=True, help="Of a category and a domain.")
@click.option("--fewer", multiple=True, type=int, help="Categories of smaller galleries.")
@click.option("--seed", default=0, show_default=True)
def main(  # noqa: PLR0913 - its options
    model: Path,
    data: tuple[Path, ...],
    split: str,
    config: str | None,
    shown: Path | None,
    every: bool,
    files: int,
    fewer: tuple[int, ...],
    seed: int,
) -> None:
    """Print a JSON object for each direction, and one for each source over all targets."""
    calibration = Bundle.open(shown or model).card.calibration
    if calibration is None:
        raise InvalidInput(f"{shown or model} has no calibration; opensearch calibrate makes one")
    loaded = Model(Bundle.open(model))
    wanted = Calibrating([model], data, split, files=files, seed=seed)
    if config is not None:
        told = load_train_config(config)
        wanted = replace(wanted, omit=list(told.omit), rename=told.rename)
    with Bars() as bars:
        domains, words = sides_of(loaded, wanted, bars.show, [], unknown=not every)
    for source in [*domains.values(), words]:
        together = []
        for target in domains.values():
            row, found = measured(loaded, calibration, source, target, fewer, seed)
            click.echo(json.dumps(row))
            together.append(found)
        click.echo(json.dumps(merged(source.domain, [part for part in together if part])))


def measured(
    model: Model,
    calibration: Calibration,
    source: Asked,
    target: Asked,
    fewer: Sequence[int],
    seed: int,
) -> tuple[dict[str, Any], tuple[Hits, Any] | None]:
    """The row of a direction, and its hits with their probabilities."""
    row: dict[str, Any] = {"source": source.domain or "word", "target": target.domain}
    hits = first_hits(model, source, target, "cosine", FIRST)
    if calibration.direction(source.domain, str(target.domain)) is None or not len(hits.scores):
        return {**row, "calibrated": False}, None
    row["categories"] = len(np.unique(hits.categories))
    row["half in vain"] = numbers(calibration, source, target, hits)
    present = first_hits(model, source, target, "cosine", FIRST, absent=False)
    row["none in vain"] = numbers(calibration, source, target, present)
    for name in ("distance", "asymmetric"):
        by_code = first_hits(model, source, target, name, FIRST)
        row[f"by {name}"] = numbers(calibration, source, target, by_code, name)
    for count in fewer:
        parts = list(_smaller(model, source, target, count, seed))
        if parts:
            joined = Hits(*(np.concatenate(each) for each in zip(*parts, strict=True)))
            row[f"{count} categories"] = numbers(calibration, source, target, joined, kinds=count)
    for first in (8, 10):
        found = gains(model, source, target, first)
        row[f"right in {first}"] = round(float(found.right.mean()), 3)
        row[f"gain in {first}"] = round(float(found.gains.mean()), 3)
    said = calibration.probabilities(hits.scores, "cosine", [source.domain], str(target.domain))
    return row, (hits, said)


def numbers(
    calibration: Calibration,
    source: Asked,
    target: Asked,
    hits: Hits,
    name: Any = "cosine",
    kinds: int | None = None,
) -> dict[str, Any]:
    """What `reliability` says, without its bins, beside the AUROC of the score itself."""
    kinds = len(np.unique(target.labels)) if kinds is None else kinds
    where = ([source.domain], str(target.domain), kinds)
    said = calibration.probabilities(hits.scores, name, *where)
    found = reliability(said, hits.right).to_dict()
    del found["bins"]
    found["auroc of score"] = auroc(hits.scores, hits.right)
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}


def _smaller(
    model: Model, source: Asked, target: Asked, count: int, seed: int
) -> Iterator[tuple[Any, Any, Any]]:
    """Hits in galleries of `count` categories drawn by chance, until each has been drawn once."""
    names = np.random.default_rng(seed).permutation(np.unique(target.labels))
    for start in range(0, len(names) - count + 1, count):
        part = names[start : start + count]
        rows = np.flatnonzero(np.isin(target.labels, part))
        same = source.domain == target.domain
        small = _part(target, rows)
        asking = small if same else _part(source, np.flatnonzero(np.isin(source.labels, part)))
        hits = first_hits(model, asking, small, "cosine", FIRST)
        yield hits.scores, hits.right, hits.categories


def _part(side: Asked, rows: Any) -> Asked:
    queries = np.flatnonzero(np.isin(rows, side.queries))
    return Asked(side.domain, side.embeddings[rows], side.labels[rows], queries)


def merged(source: str | None, parts: Sequence[tuple[Hits, Any]]) -> dict[str, Any]:
    """Right told from wrong over the hits of all targets, by probability and by cosine."""
    row: dict[str, Any] = {"source": source or "word", "target": "all"}
    if parts:
        right = np.concatenate([hits.right for hits, _ in parts])
        row["auroc"] = auroc(np.concatenate([said for _, said in parts]), right)
        row["auroc of cosine"] = auroc(np.concatenate([hits.scores for hits, _ in parts]), right)
    return row


if __name__ == "__main__":
    main()
