"""One loop: several losses and optimisers, lines of metrics, hooks, cuts."""

import json
import math
from contextlib import suppress

import pytest
import torch
from safetensors import safe_open

from opensearch.errors import InvalidInput
from opensearch.loop import LOSS, Descent, Job, Learner, RunFolder, cosine, run_job, warmed
from opensearch.progress import quiet

STEPS, EPOCH = 9, 3


class Pair(torch.nn.Module):
    """Two numbers, each with an optimiser of its own."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.tensor([1.0]))
        self.other = torch.nn.Parameter(torch.tensor([2.0]))
        self.register_buffer("opened", torch.tensor(0))


def made_job(module=None, **fields):
    """`one` goes down its square; then `other` follows what `one` has become."""
    module = module or Pair()
    one = Learner(torch.optim.SGD([module.one], momentum=0.5), lambda share, f: 0.1 * f, "lr")
    other = Learner(
        torch.optim.SGD([{"params": [module.other], "factor": 0.5}]),
        lambda share, factor: factor * (1 - share),
        "other_lr",
    )

    def step(number):
        yield Descent({"a": module.one.square().sum(), "b": 0 * module.one.sum()}, [one])
        gap = (module.other - module.one.detach()).square().sum()
        yield Descent({"gap": gap}, [other], {"number": float(number)}, samples=number + 1)

    def opening():
        module.opened += 1
        return {"opened": int(module.opened)}

    given = {"after": lambda: None, "opening": opening, "closing": lambda epoch: None}
    return Job("toy", module, [one, other], step, STEPS, EPOCH, EPOCH, "toy.lr", **given | fields)


def lines_of(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def checkpoint_of(out):
    with safe_open(out / "training" / "toy.safetensors", "np") as file:
        return file.metadata(), {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118


def test_a_descent_sees_what_the_one_before_it_did():
    """By hand: one = 1 - .1 * 2 = .8; other = 2 - .5 * 2 (2 - .8) = .8."""
    job = made_job()
    with suppress(ZeroDivisionError):
        run_job(job, None, lambda what, done, total: 1 // 0)
    assert job.module.one.item() == pytest.approx(0.8)
    assert job.module.other.item() == pytest.approx(0.8)


def test_a_line_has_means_by_samples_what_opened_the_epoch_and_the_last_rates(tmp_path):
    run_job(made_job(), RunFolder(tmp_path, {}), quiet)
    first, _, last = lines_of(tmp_path)
    assert list(first) == [
        *("stage", "epoch", "step", "a", "b", "gap", "number", "opened", "lr", "other_lr")
    ]
    assert (first["stage"], first["epoch"], first["step"]) == ("toy", 1, 3)
    assert first["number"] == pytest.approx((0 * 1 + 1 * 2 + 2 * 3) / 6, abs=1e-6)
    assert (first["opened"], last["opened"]) == (1, 3)
    assert last["other_lr"] == pytest.approx(0.5 * (1 - 8 / 9))


class Cut(Exception):
    pass


@pytest.mark.parametrize("cuts", [(1,), (3, 4), (5, 8, 9)])
def test_cut_off_and_resumed_equals_uninterrupted(tmp_path, cuts):
    """States of both optimisers, and what the opening of an epoch changed."""
    run_job(made_job(), RunFolder(tmp_path / "whole", {}), quiet)
    for steps in cuts:

        def progress(what, done, total, steps=steps):
            if done == steps:
                raise Cut

        with suppress(Cut):
            run_job(made_job(), RunFolder(tmp_path / "cut", {}), progress)
    run_job(made_job(), RunFolder(tmp_path / "cut", {}), quiet)
    assert checkpoint_of(tmp_path / "cut") == checkpoint_of(tmp_path / "whole")
    assert lines_of(tmp_path / "cut") == lines_of(tmp_path / "whole")


def test_an_epoch_closes_before_its_checkpoint_and_every_step_is_followed(tmp_path):
    seen = []
    run = RunFolder(tmp_path, {})

    def closing(epoch):
        seen.append((epoch, (tmp_path / "training" / "toy.safetensors").exists()))

    job = made_job(closing=closing, after=lambda: seen.append("step"))
    run_job(job, run, quiet)
    steps = ["step"] * EPOCH
    assert seen == [*steps, (1, False), *steps, (2, True), *steps, (3, True)]
    assert not job.module.training


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_job(made_job(), None, quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"), [(LOSS, r"the loss of toy is nan"), ("gap", r"the loss of toy, gap, is nan")]
)
def test_a_loss_that_is_no_number_is_named_with_the_way_out(name, told):
    module = Pair()
    learner = Learner(torch.optim.SGD([module.one]), lambda share, factor: 1.0)

    def step(number):
        yield Descent({name: module.one.sum() * math.nan}, [learner])

    job = Job("toy", module, [learner], step, 2, 2, 2, "toy.lr")
    with pytest.raises(
        InvalidInput, match=rf"{told} at step 1; train with a lower toy\.lr in another `out`"
    ):
        run_job(job, None, quiet)
    assert module.one.item() == 1, "no step is made on it"


def test_a_warmed_rate_by_hand():
    """From a tenth ahead of nothing to 2 at a fifth of the way, then half a cosine to .5."""
    way = {"top": 2.0, "floor": 0.5, "warm": 0.2, "first": 0.05}
    assert warmed(0.0, **way) == pytest.approx(2 * 0.05 / 0.25)
    assert warmed(0.1, **way) == pytest.approx(2 * 0.15 / 0.25)
    assert warmed(0.2, **way) == pytest.approx(2.0)
    assert warmed(0.6, **way) == pytest.approx(1.25)
    assert warmed(1.0, **way) == pytest.approx(0.5)
    assert warmed(0.4, **way) == pytest.approx(cosine(0.25, 2.0, 0.5))
