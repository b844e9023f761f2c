"""What it costs to add a domain late: cartoons of PACS, met by a model that never saw one.

    python -m benchmarks.late_domain MODEL PACS --out FILE.json
        [--joint OTHER] [--domain cartoon] [--set KEY=VALUE ...] [--keep FOLDER]

Three ways to encode the domain, measured on the splits test and unseen of PACS: as a photo, with
no training at all; by a head of its own, added with `train --extend` from the train files of the
domain (the backbone and everything else of MODEL stay as they are, which is checked); and by
OTHER, a model that was trained with the domain among the rest. The head's recipe is the config
`prototype` with `RECIPE`, and `--set` over both.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.starter_tables import number, table
from opensearch.cli.progress import Bars
from opensearch.encoders.bundle import Bundle
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.progress import Progress

SPLITS: Final = ("test", "unseen")
LENDER: Final = "photo"
RECIPE: Final = ("loop.epochs=60", "loop.batch=32")
"""A few hundred files make few batches of the shipped size."""
Row = dict[str, Any]


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("pacs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON of all numbers.")
@click.option("--joint", type=click.Path(exists=True, path_type=Path), help="Model to compare.")
@click.option("--domain", default="cartoon", show_default=True)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Of the head.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the longer model.")
def main(
    model: Path,
    pacs: Path,
    out: Path,
    joint: Path | None,
    domain: str,
    overrides: Sequence[str],
    keep: Path | None,
) -> None:
    """Print a table, and write FILE.json."""
    if joint is not None:
        Bundle.open(joint).domain(domain)  # before the work, not after it
    with tempfile.TemporaryDirectory() as folder, Bars() as bars:
        late = extend(model, pacs, domain, overrides, keep or Path(folder, "late"), bars)
        ways = {
            f"as {LENDER}": measure(model, pacs, {domain: LENDER}, bars.show),
            "late head": measure(late, pacs, {}, bars.show),
        }
    if joint is not None:
        ways["joint training"] = measure(joint, pacs, {}, bars.show)
    found = {"model": model.name, "domain": domain, "set": [*RECIPE, *overrides], "ways": ways}
    out.write_text(json.dumps(found, indent=1))
    print(summary(ways, domain))


def extend(
    model: Path, data: Path, domain: str, overrides: Sequence[str], out: Path, bars: Bars
) -> Path:
    """Add the domain's head to a model, and make sure that nothing else of it changed."""
    base = Bundle.open(model)
    like = base.domain(LENDER)
    fitting = [f"size={like.reader.size}", f"backbone.name={like.backbone.name}"]
    config = load_train_config("prototype", [*fitting, *RECIPE, *overrides])
    longer = train(Training(config, [data], out, model, domain), bars.show, bars.note)
    for name, identity in base.card.identities.items():
        if longer.card.identities[name] != identity:
            raise click.ClickException(f"{name} changed while {domain} was added")
    return out


def measure(model: Path, data: Path, borrowed: Mapping[str, str], progress: Progress) -> list[Row]:
    """Rows of `evaluate`."""
    result = evaluate(Evaluation(model, data, SPLITS, borrowed=borrowed), progress)
    return [row.to_dict() for row in result.rows]


def summary(ways: Mapping[str, Sequence[Row]], domain: str) -> str:
    """mAP@all toward the domain and from it, by items and by word, as a Markdown table."""
    directions = [("sketch", domain), ("word", domain), ("photo", domain), (domain, "sketch")]
    head = [f"{domain} encoded", "split", "as", "refinement"]
    lines = [
        [way, row["split"], row["representation"], row["refinement"], *_values(row, directions)]
        for way, row in _by_split(ways)
    ]
    return table([*head, *(f"{source} → {target}" for source, target in directions)], lines)


def _by_split(ways: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, Row]]:
    """Rows of one split and representation together, so that ways stand below each other."""
    rows = [(way, row) for way, found in ways.items() for row in found]
    fields = ("split", "representation", "refinement")
    order = [tuple(row[field] for field in fields) for _, row in rows]
    for kind in dict.fromkeys(order):
        yield from (pair for pair, own in zip(rows, order, strict=True) if own == kind)


def _values(row: Row, directions: Sequence[tuple[str, str]]) -> list[str]:
    cells = [*row["cells"], *row["words"]["cells"]]
    values = {(cell["source"], cell["target"]): cell["map_all"] for cell in cells}
    return [number(values.get(direction)) for direction in directions]


if __name__ == "__main__":
    main()
