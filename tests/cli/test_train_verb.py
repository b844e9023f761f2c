"""What `train` says when it is stopped, when it is done, and when there is nothing left to do."""

import pytest
from click.testing import CliRunner
from toy_files import make_collection

import opensearch.methods.trainer as trainer
from opensearch.cli import main

FEW = ["loop.epochs=2", "loop.batch=4", "loop.checkpoint=1", "backbone.name=tiny", "size=32",
       "hash.name=lsh", "refinement.rule=fixed"]  # fmt: skip


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return make_collection(tmp_path_factory.mktemp("toys") / "c", domains=("sketch",), train=2)


def run(data, out, *more):
    settings = [
        part
        for each in [*FEW, f"space.provider=attributes:{data / 'attributes.csv'}"]
        for part in ("--set", each)
    ]
    words = ["train", "prototype", "--data", data, "--out", out, *settings, *more, "-q"]
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_run_says_what_comes_next_and_a_finished_one_that_it_is(toys, tmp_path):
    out = tmp_path / "my model"
    first = run(toys, out)
    assert first.exit_code == 0, first.output
    assert first.stdout == f"{out}: sketch; 3 categories\n"
    assert "warning: backbone tiny starts from random weights" in first.stderr
    assert "--set backbone.name=efficientnet_lite2 --set backbone.weights=starter" in first.stderr
    assert f"next: opensearch evaluate '{out}' --data {toys}\n" in first.stderr
    assert f"opensearch index FOLDER --to indexes/mine --model '{out}'\n" in first.stderr
    again = run(toys, out)
    assert again.stdout == first.stdout
    assert f"{out} was finished before" in again.stderr
    assert "Another --seed trains another model, into another --out" in again.stderr


def test_a_run_that_is_stopped_says_what_it_goes_on_from(toys, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_load", stopped)
        early = run(toys, tmp_path / "early")
    assert early.exit_code == 130
    assert "stopped before the first checkpoint" in early.stderr
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "assemble", stopped)
        late = run(toys, tmp_path / "late")
    assert late.exit_code == 130
    assert (
        f"{tmp_path / 'late' / 'training'} has checkpoints of sketch to go on from" in late.stderr
    )
    told = CliRunner().invoke(main, ["info", str(tmp_path / "late")])
    assert told.exit_code == 1
    assert "holds a training run that is not finished; run the same" in told.output
    assert run(toys, tmp_path / "late").exit_code == 0
