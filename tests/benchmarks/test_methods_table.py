"""The table of methods: what is learnt from, what is measured on, what is tried."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_files import make_collection

from benchmarks.methods import TunedWork, Work, block_b, chosen
from benchmarks.methods_data import final, load, validation
from benchmarks.methods_ranges import METHODS_TRIED, config_of, drawn, tried
from benchmarks.methods_report import report
from benchmarks.methods_tuned import LEARN, TunedFits
from opensearch.methods import METHODS
from opensearch.progress import quiet

BASE = {
    "size": 32,
    "backbone": {"name": "tiny"},
    "domains": {"shape": {"views": 1, "line_views": 1}},
    "refinement": {"rule": "fixed"},
}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def loaded(out):
    """Features of a toy collection, and one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    toys = make_collection(out / "c", domains=("shape", "sketch"), train=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)  # graphs are slow to make
        yield load(toys, out / "features", BASE, quiet)
    torch.set_num_threads(before)


def keys(parts):
    return [{s.key for data in part for s in data.rows.sources} for part in parts]


def test_settings_are_chosen_on_train_files_alone(loaded):
    cut, whole = validation(loaded), final(loaded)
    train, seen, unseen = keys([cut.train, cut.seen, cut.unseen])
    assert train | seen | unseen == keys([whole.train])[0]
    assert not train & seen
    for data, hidden in zip(cut.train, cut.unseen, strict=True):
        assert not set(data.categories) & set(hidden.categories)
        assert hidden.categories
    assert {c for data in cut.seen for c in data.categories} <= set(cut.train[0].categories)


def test_the_final_parts_are_those_that_the_collection_declares(loaded):
    parts = final(loaded)
    for name, part in (("train", parts.train), ("test", parts.seen), ("unseen", parts.unseen)):
        assert {s.split for data in part for s in data.rows.sources} == {name}


@pytest.mark.parametrize("name", METHODS_TRIED)
def test_every_draw_is_a_config_and_depends_on_its_number_alone(name):
    assert name in METHODS
    draws = [drawn(name, trial) for trial in range(12)]
    assert draws == [drawn(name, trial) for trial in range(12)]
    assert len({str(draw) for draw in draws}) > 6
    for number, draw in enumerate(draws):
        assert config_of(name, BASE, draw, number).seed == number


@pytest.mark.parametrize("name", ["cgn", "joint", "siamese"])
def test_what_is_done_is_not_done_again_and_is_in_the_tables(name, loaded, out, monkeypatch):
    quick = {"cgn.steps": 4, "cgn.teacher_steps": 4, "cgn.classes": 2, "cgn.items": 2}
    quick |= {"joint.head_steps": 4, "joint.head_batch": 4, "joint.steps": 0}
    quick |= {"projector.hidden": 8, "siamese.steps": 4, "siamese.classes": 2, "siamese.items": 2}
    own = {k: v for k, v in quick.items() if k.startswith((name, "projector"))}
    monkeypatch.setattr("benchmarks.methods.drawn", lambda name, trial: own)
    monkeypatch.setattr("benchmarks.methods_data.GALLERY", 1)
    work = Work(out, BASE, loaded)
    work.trial(name, 0)
    work.final(name, 0)
    size = (out / "results.jsonl").stat().st_size
    work.trial(name, 0)
    work.final(name, 0)
    lines = work.lines()
    assert (out / "results.jsonl").stat().st_size == size
    assert chosen(lines, name) == own
    kept = np.load(out / f"final-{name}-0.npz")
    assert kept["unseen values"].shape[0] == 4  # sketches of the category left out
    assert kept["unseen back values"].shape[0] == 4  # and shapes
    assert f"| {name} |" in report(lines, out)
    assert name in tried()


def test_backbones_that_learn_are_tried_measured_and_lent(out, loaded, monkeypatch):
    """Of `cgn`, which trains none, the features are those of the one that `joint` trained."""
    quick = {"joint.steps": 2, "joint.batch": 2, "joint.head_steps": 2, "joint.head_batch": 2}
    quick |= {"joint.side": 32, "projector.hidden": 8}
    heads = {"cgn.steps": 4, "cgn.teacher_steps": 4, "cgn.classes": 2, "cgn.items": 2}
    monkeypatch.setitem(LEARN, "joint", replace(LEARN["joint"], fixed=quick, tried=[{}]))
    monkeypatch.setattr("benchmarks.methods.drawn", lambda name, trial: heads)
    monkeypatch.setattr("benchmarks.methods_data.GALLERY", 1)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    (out / "tuned-only").mkdir()
    whole = load(out / "c", out / "features", BASE, quiet, whole=True)
    work = Work(out / "tuned-only", BASE, loaded)
    work.trial("cgn", 0)
    fits = TunedFits(out / "tuned-only", BASE, quiet)
    block_b(TunedWork(work, whole, fits), ["joint", "cgn"], trials=2, seeds=1)
    kinds = [(line["kind"], line["method"]) for line in work.lines()]
    assert kinds[1:] == [("tuned trial", "joint"), ("tuned", "joint"), ("tuned", "cgn")]
    assert all("seen" in line for line in work.lines())
    told = report(work.lines(), out / "tuned-only")
    assert "| seen, tuned |" in told
    trained = [p.name for p in (out / "tuned-only" / "tuned").iterdir()]
    assert sorted(trained) == ["joint-0", "joint-trial-0"]
