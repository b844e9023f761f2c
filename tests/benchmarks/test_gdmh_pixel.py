"""The report of training on pixels: its curves, its table, and what is missing said by name."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from opensearch.errors import InvalidInput, MissingExtra

ROOT = Path(__file__).parents[2]
LINES = [
    {"stage": "pixel", "epoch": 1, "triplet": 0.5, "a.critic": 1.0, "a.to_pivot": 2.0, "lr": 1},
    {"stage": "pixel", "epoch": 2, "triplet": 0.25, "a.critic": 0.5, "a.to_pivot": 1.0, "lr": 1},
]


@pytest.fixture(scope="module")
def benchmark():
    path = ROOT / "benchmarks" / "gdmh_pixel.py"
    spec = importlib.util.spec_from_file_location("gdmh_pixel", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_epochs_of_the_method_are_read(benchmark, tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in [{"stage": "photo"}, *LINES]))
    assert benchmark.read_metrics(file) == LINES
    file.write_text('{"stage": "photo"}\n')
    with pytest.raises(InvalidInput, match="no epoch of the method gdmh-pixel"):
        benchmark.read_metrics(file)
    with pytest.raises(InvalidInput, match="is not there: MODEL is to be the folder"):
        benchmark.read_metrics(tmp_path / "none.jsonl")


def test_curves_are_the_named_losses_of_every_domain(benchmark):
    assert benchmark.curves(LINES, ("critic",)) == {"a.critic": [1.0, 0.5]}
    assert benchmark.curves(LINES, benchmark.HASH) == {"triplet": [0.5, 0.25]}
    shown = [name for part in benchmark.PANELS.values() for name in benchmark.curves(LINES, part)]
    assert sorted(shown) == ["a.critic", "a.to_pivot", "triplet"]


def test_without_matplotlib_the_extra_is_named(benchmark, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'opensearch-visual\[bench\]'"):
        benchmark.draw(LINES, tmp_path)


def test_a_table_by_hand(benchmark):
    values = {("a", "a"): 1, ("a", "b"): 0.5, ("b", "a"): 0.25, ("b", "b"): None}
    cells = [{"source": s, "target": t, "map_all": value} for (s, t), value in values.items()]
    row = {"split": "test", "representation": "model-16", "refinement": "none", "cells": cells}
    row |= {"cross": {"map_all": 0.375}, "words": {"mean": {"map_all": 0.9}}}
    assert benchmark.table(row) == [
        "test, model-16, refinement none: cross-domain 0.375, words 0.900",
        "",
        "| query | a | b |",
        "|---|---|---|",
        "| a | 1.000 | 0.500 |",
        "| b | 0.250 | none |",
    ]
