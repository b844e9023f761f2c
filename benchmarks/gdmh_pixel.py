"""Training on pixels for the record: its losses drawn, and its table of all directions printed.

    python -m benchmarks.gdmh_pixel MODEL --out DIR [--data COLLECTION] [--split test]

Reads MODEL/metrics.jsonl and draws DIR/losses.png. With --data, the splits of the collection are
measured by the model's own codes: mean average precision over the whole ranking, a row a source
and a column a target, as Markdown. Drawing needs the extra `bench`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from opensearch.cli.progress import Bars
from opensearch.errors import InvalidInput, MissingExtra
from opensearch.experiments.evaluate import Evaluation, evaluate

Line = Mapping[str, Any]
HASH: Final = ("quantisation", "agreement", "triplet")
PANELS: Final = {
    "hash network": HASH,
    "generators against critics": ("to_pivot", "from_pivot"),
    "critics": ("critic", "pivot_critic"),
    "coming back the same": ("cycle", "pivot_cycle"),
}
"""Panels of the plot, and the losses in each; all but the first once for each domain."""


@click.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--split", "splits", multiple=True, default=("test", "unseen"), show_default=True)
def main(model: Path, out: Path, data: Path | None, splits: tuple[str, ...]) -> None:
    """Draw the losses of MODEL's training; with --data, print how well its codes find."""
    print(draw(read_metrics(model / "metrics.jsonl"), out))
    if data is not None:
        with Bars() as bars:
            result = evaluate(Evaluation(model, data, splits), bars.show)
        rows = [row.to_dict() for row in result.rows]
        for row in rows:
            if row["representation"].startswith("model-"):
                print("\n".join(["", *table(row)]))


def read_metrics(file: Path) -> list[Line]:
    """The lines of a run of this method, an epoch each.

    Raises:
        InvalidInput: no such file, or one of another method.
    """
    if not file.is_file():
        raise InvalidInput(f"{file} is not there: MODEL is to be the folder that was trained in")
    lines: list[Line] = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    kept = [line for line in lines if line.get("stage") == "pixel"]
    if not kept:
        raise InvalidInput(f"{file} holds no epoch of the method gdmh-pixel")
    return kept


def curves(lines: Sequence[Line], losses: Iterable[str]) -> dict[str, list[float]]:
    """Values of the named losses, epoch by epoch; those of a domain are named `domain.loss`."""
    names = [name for name in lines[0] if name.rpartition(".")[2] in losses]
    return {name: [float(line[name]) for line in lines] for name in names}


def draw(lines: Sequence[Line], out: Path) -> Path:
    """Draw a panel each of `PANELS` to `losses.png` in `out`, and return its path.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "plots need the extra `bench`: pip install 'opensearch-visual[bench]'"
        ) from error
    figure = Figure(figsize=(12, 8), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [line["epoch"] for line in lines]
    for panel, (title, losses) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        for name, values in curves(lines, losses).items():
            panel.plot(epochs, values, label=name, linewidth=1)
        panel.set(title=title, xlabel="epoch", ylabel="loss", ylim=(0, None))
        panel.legend(fontsize="x-small")
    out.mkdir(parents=True, exist_ok=True)
    figure.savefig(out / "losses.png", dpi=110)
    return out / "losses.png"


def table(row: Mapping[str, Any]) -> list[str]:
    """A row of `evaluate` as Markdown: sources down, targets across, mAP over the whole ranking."""
    cells = {(cell["source"], cell["target"]): _figure(cell["map_all"]) for cell in row["cells"]}
    domains = sorted({source for source, _ in cells})
    lines = [
        f"{row['split']}, {row['representation']}, refinement {row['refinement']}:"
        f" cross-domain {_figure(row['cross']['map_all'])},"
        f" words {_figure(row['words']['mean']['map_all'])}",
        "",
        f"| query | {' | '.join(domains)} |",
        "|---" * (len(domains) + 1) + "|",
    ]
    for source in domains:
        lines.append(f"| {source} | {' | '.join(cells[source, target] for target in domains)} |")
    return lines


def _figure(value: float | None) -> str:
    """A cell that nothing was measured for is None: no category has enough items there."""
    return "none" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
