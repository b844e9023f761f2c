"""Methods on the same features: sketch and shape, the same budget of trials, three seeds.

    python -m benchmarks.methods TRIAD --weights efficientnet-lite2-9656183e.pth --out runs/methods

TRIAD holds sketches and shapes with a split.csv; of its categories those count that both have train
files of, and the unseen ones. The backbone is an EfficientNet-Lite2 with ImageNet weights, frozen:
the shipped one has seen categories of this collection. Features of every file are made once.

A method gets `--trials` draws of its settings. Each is trained on a part of train and measured on
hidden files and on hidden categories of train; the best mean of both is trained on all of train,
once for every seed, and measured on test and unseen files. OUT/results.jsonl keeps what is done, so
a run goes on where it was cut off, and with nothing left to do it only prints the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from benchmarks.methods_data import Parts, base_settings, final, load, validation
from benchmarks.methods_fit import Outcome, outcome
from benchmarks.methods_ranges import config_of, drawn, tried
from benchmarks.methods_report import named, report
from benchmarks.methods_tuned import LEARN, TunedFits
from opensearch.cli.progress import Bars
from opensearch.errors import InvalidInput
from opensearch.evaluation import METRICS, Matrix
from opensearch.training.domain import DomainData

BACKBONE, SIZE = "efficientnet_lite2", 160
WAY = ("sketch", "shape")
POOLINGS = ("mean-features", "max-features", "barycentre", "mean", "max", "softmax")


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", default=Path("runs/methods"), type=click.Path(path_type=Path))
@click.option("--trials", default=20, show_default=True)
@click.option("--seeds", default=3, show_default=True, help="0 to measure nothing but trials.")
@click.option("--method", "methods", multiple=True, help="All that there are, if none is named.")
@click.option("--pooled", multiple=True, help="Methods to pool views in every way, on validation.")
@click.option("--tuned", multiple=True, help="Methods of block (b), with a backbone that learns.")
@click.option("--tuned-trials", default=2, show_default=True, help="Settings to try in block (b).")
@click.option("--tuned-seeds", default=3, show_default=True)
def main(  # noqa: PLR0913 - one argument an option
    data: Path,
    weights: Path,
    out: Path,
    trials: int,
    seeds: int,
    methods: Sequence[str],
    pooled: Sequence[str],
    tuned: Sequence[str],
    tuned_trials: int,
    tuned_seeds: int,
) -> None:
    """Try, choose and measure every method on the collection DATA."""
    torch.set_num_threads(1)
    base = base_settings(BACKBONE, weights, SIZE)
    with Bars() as bars:
        loaded = load(data, out / "features", base, bars.show)
        work = Work(out, base, loaded)
        for trial in range(trials):  # of all methods in turn: cut off, all had about as many
            for name in methods or tried():
                work.trial(name, trial)
        for name in pooled:
            for how in POOLINGS:
                work.pooling(name, how, seeds)
        for seed in range(seeds):
            for name in methods or tried():
                work.final(name, seed)
        if tuned:
            whole = load(data, out / "features", base, bars.show, whole=True)
            fits = TunedFits(out, base, bars.show)
            block_b(TunedWork(work, whole, fits), tuned, tuned_trials, tuned_seeds)
    print(report(work.lines(), out))


def block_b(work: TunedWork, names: Sequence[str], trials: int, seeds: int) -> None:
    """Try, choose and measure methods whose backbone learns, or is the one that joint trained.

    With one trial there is nothing to choose: the first settings are taken, and not tried.
    """
    for name in LEARN:
        if name in names and trials > 1:
            for trial in range(min(trials, len(LEARN[name].tried))):
                work.trial(name, trial)
    for seed in range(seeds):
        for name in names:
            work.final(name, seed)


class Work:
    """What is done and what is left.

    Args:
        out: results, and the features' folder.
        base: of `base_settings`.
        loaded: of `load`.
    """

    def __init__(self, out: Path, base: Mapping[str, Any], loaded: Sequence[DomainData]) -> None:
        self._out, self._base = out, base
        self._validation, self._final = validation(loaded), final(loaded)

    def trial(self, name: str, trial: int) -> None:
        """Draw settings, train and measure on validation parts."""
        key = {"kind": "trial", "method": name, "trial": trial}
        self._heads(key, drawn(name, trial), 0, self._validation)

    def pooling(self, name: str, how: str, seeds: int) -> None:
        """The settings chosen with another pooling of views, on validation parts."""
        settings = {**chosen(self.lines(), name), "domains.shape.pooling": how}
        for seed in range(seeds):
            key = {"kind": "pooling", "method": name, "pooling": how, "seed": seed}
            self._heads(key, settings, seed, self._validation)

    def final(self, name: str, seed: int) -> None:
        """Train the settings chosen on all of train; measure on test and unseen files."""
        key = {"kind": "final", "method": name, "seed": seed}
        self._heads(key, chosen(self.lines(), name), seed, self._final)

    def lines(self) -> list[dict[str, Any]]:
        """What is done, a result a line."""
        results = self._results
        return [json.loads(x) for x in results.read_text().splitlines()] if results.exists() else []

    @property
    def _results(self) -> Path:
        return self._out / "results.jsonl"

    def _heads(
        self, key: Mapping[str, Any], settings: Mapping[str, Any], seed: int, parts: Parts
    ) -> None:
        def fit() -> Outcome:
            name = str(key["method"])
            config = config_of(name, self._base, settings, seed)
            return outcome(name, config, self._out / "features", parts)

        self.once(key, settings, fit)

    def once(
        self, key: Mapping[str, Any], settings: Mapping[str, Any], fit: Callable[[], Outcome]
    ) -> None:
        """Train and measure unless that was done; a refusal is a result as well."""
        if any(key.items() <= line.items() for line in self.lines()):
            return
        try:
            found = fit()
            told = _told(found)
            to = self._out / f"{named(key.values())}.npz"
            np.savez(to, **_queries("seen", found.seen), **_queries("unseen", found.unseen))
        except InvalidInput as error:
            told = {"failed": str(error)}
        line = {**key, "settings": dict(settings), **told}
        with self._results.open("a") as file:
            file.write(json.dumps(line) + "\n")
        shown = told.get("failed") or {p: round(told[p]["map_all"], 3) for p in ("seen", "unseen")}
        print(*key.values(), shown, f"{told.get('seconds', 0):.0f} s", flush=True)


class TunedWork:
    """The same for backbones that learn, on all categories of train.

    Args:
        work: that keeps the results.
        whole: of `load`, views of all.
        fits: trains and measures.
    """

    def __init__(self, work: Work, whole: Sequence[DomainData], fits: TunedFits) -> None:
        self._work, self._fits = work, fits
        self._validation, self._final = validation(whole), final(whole)

    def trial(self, name: str, trial: int) -> None:
        """Train with one of the settings to try, and measure on validation parts."""
        key = {"kind": "tuned trial", "method": name, "trial": trial}
        settings, folder = dict(LEARN[name].tried[trial]), f"{name}-trial-{trial}"
        self._work.once(
            key, settings, lambda: self._fits.own(name, settings, 0, self._validation, folder)
        )

    def final(self, name: str, seed: int) -> None:
        """Train the settings chosen on all of train; measure on test and unseen files."""
        key = {"kind": "tuned", "method": name, "seed": seed}
        lines, parts = self._work.lines(), self._final
        if name in LEARN:
            settings = tuned_choice(lines, name)
            own = self._fits.own
            self._work.once(
                key, settings, lambda: own(name, settings, seed, parts, f"{name}-{seed}")
            )
            return
        settings, joint = chosen(lines, name), tuned_choice(lines, "joint")
        borrowed = self._fits.on_joint
        self._work.once(
            key, settings, lambda: borrowed(name, settings, joint, seed, parts, f"joint-{seed}")
        )


def chosen(lines: Sequence[Mapping[str, Any]], name: str, kind: str = "trial") -> dict[str, Any]:
    """The settings of the best trial: by the mean of mAP of seen and unseen, sketch to shape."""
    own = [x for x in lines if x["kind"] == kind and x["method"] == name and "seen" in x]
    if not own:
        raise click.ClickException(f"no trial of {name} came to an end; run some first")
    best = max(own, key=lambda line: line["seen"]["map_all"] + line["unseen"]["map_all"])
    return dict(best["settings"])


def tuned_choice(lines: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The settings of the best trial of block (b), or the first where none was run."""
    if any(x["kind"] == "tuned trial" and x["method"] == name for x in lines):
        return chosen(lines, name, "tuned trial")
    return dict(LEARN[name].tried[0])


def _told(found: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"seconds": found.seconds}
    for part, matrix in (("seen", found.seen), ("unseen", found.unseen)):
        told[part] = _cell(matrix, *WAY)
        told[f"{part} back"] = _cell(matrix, *reversed(WAY))
    if found.published:
        told["seen published"], told["unseen published"] = (
            _cell(matrix, *WAY) for matrix in found.published
        )
    return told


def _cell(matrix: Matrix, source: str, target: str) -> dict[str, float]:
    return dict(matrix.cell(source, target).measures)


def _queries(part: str, matrix: Matrix) -> dict[str, Any]:
    """What each query got in both directions, for paired intervals."""
    found: dict[str, Any] = {}
    for name, way in ((part, WAY), (f"{part} back", tuple(reversed(WAY)))):
        scores = matrix.scores(*way)
        found[f"{name} values"] = np.stack([scores.measures[m] for m in METRICS], axis=1)
        found[f"{name} labels"] = scores.labels
    return found


if __name__ == "__main__":
    main()
