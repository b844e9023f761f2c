"""The training loop: by hand, against torch's formulas, and cut off at any step."""

import json
import math
from contextlib import suppress
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch.nn.functional import normalize

from opensearch.encoders.projector import Projector
from opensearch.errors import InvalidInput
from opensearch.loop.checkpoint import RunFolder
from opensearch.losses.prototype import PrototypeLoss
from opensearch.methods.prototype.settings import LoopSettings
from opensearch.methods.prototype.steps import FeatureSamples, Stage, fit
from opensearch.progress import quiet

SAMPLES, CATEGORIES = 22, 3
LOOP = LoopSettings(epochs=6, batch=5, lr=0.05, checkpoint=8, temperature=0.1)
STEPS = 6 * (SAMPLES // 5)


def make_stage(name="photo", dropout=0.5, module=None):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    module = module or Projector(6, 4, hidden=8, dropout=dropout)
    parameters = list(module.parameters())
    loss = PrototypeLoss(torch.eye(CATEGORIES, 4), LOOP.temperature)
    rows = rng.normal(size=(SAMPLES, 6)).astype(np.float32)
    samples = FeatureSamples(rows, rows[:, :CATEGORIES].argmax(axis=1))
    return Stage(name, module, [(parameters[:2], 0.5), (parameters[2:], 1.0)], loss, samples, 3)


class Cut(Exception):
    """A run that ends in the middle."""


def cut_at(steps):
    """A progress that raises when so many steps are done."""

    def progress(what, done, total):
        assert (what, total) == ("photo", STEPS)
        if done == steps:
            raise Cut

    return progress


def checkpoint_of(out):
    """Step, length of the metrics, and the bytes of every tensor."""
    with safe_open(out / "training" / "photo.safetensors", "np") as file:
        return file.metadata(), {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody interrupted: (checkpoint, metrics)."""
    out = tmp_path_factory.mktemp("whole")
    fit(make_stage(), LOOP, RunFolder(out, {}), quiet)
    return checkpoint_of(out), (out / "metrics.jsonl").read_text()


@settings(max_examples=12)
@given(cuts=st.lists(st.integers(1, STEPS), min_size=1, max_size=4))
def test_cut_off_anywhere_and_resumed_equals_uninterrupted(whole, tmp_path_factory, cuts):
    """A checkpoint holds weights, statistics and momentum."""
    out = tmp_path_factory.mktemp("cut")
    for steps in cuts:
        stage = make_stage()
        torch.manual_seed(steps)  # the caller's chance has no say
        with suppress(Cut):
            fit(stage, LOOP, RunFolder(out, {}), cut_at(steps))
    stage = make_stage()
    torch.manual_seed(99)
    fit(stage, LOOP, RunFolder(out, {}), quiet)
    assert checkpoint_of(out) == whole[0]
    assert (out / "metrics.jsonl").read_text() == whole[1]
    assert not stage.module.training


def test_a_resumed_run_does_not_start_over(tmp_path):
    """Checkpoints every 8 steps fall on the ends of epochs of 4: after 8, 16, 24."""
    with pytest.raises(Cut):
        fit(make_stage(), LOOP, RunFolder(tmp_path, {}), cut_at(19))
    seen = []
    fit(make_stage(), LOOP, RunFolder(tmp_path, {}), lambda what, done, total: seen.append(done))
    assert seen == list(range(17, 25))


def test_a_finished_stage_is_loaded_without_a_step(tmp_path, whole):
    fit(make_stage(), LOOP, RunFolder(tmp_path, {}), quiet)
    stage = make_stage(module=Projector(6, 4, hidden=8))
    fit(stage, LOOP, RunFolder(tmp_path, {}), cut_at(-1))
    fit(stage, LOOP, RunFolder(tmp_path, {}), lambda *_: pytest.fail("a step was made"))
    assert checkpoint_of(tmp_path) == whole[0]


def test_a_second_stage_leaves_the_metrics_of_the_first(tmp_path):
    fit(make_stage("one"), LOOP, RunFolder(tmp_path, {}), quiet)
    with pytest.raises(ZeroDivisionError):
        fit(make_stage("two"), LOOP, RunFolder(tmp_path, {}), lambda *step: 1 // (step[1] - 6))
    fit(make_stage("one"), LOOP, RunFolder(tmp_path, {}), quiet)
    fit(make_stage("two"), LOOP, RunFolder(tmp_path, {}), quiet)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["epoch"]) for line in lines] == [
        (stage, epoch) for stage in ("one", "two") for epoch in range(1, 7)
    ]


def test_stages_draw_other_batches(tmp_path):
    for name in ("one", "two"):
        fit(make_stage(name), LOOP, RunFolder(tmp_path / name, {}), quiet)
    one, two = (
        [
            json.loads(line)["loss"]
            for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()
        ]
        for name in ("one", "two")
    )
    assert one != two


def test_training_learns_and_the_callers_chance_is_untouched(tmp_path):
    stage = make_stage(dropout=0.0)
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    fit(stage, LOOP.model_copy(update={"epochs": 40}), RunFolder(tmp_path, {}), quiet)
    assert torch.equal(torch.random.get_rng_state(), before)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < lines[0]["loss"] / 2
    assert lines[-1]["accuracy"] >= 0.7  # chance: 0.33


def test_the_learning_rate_by_hand(tmp_path):
    """floor + (top - floor) (1 + cos(pi s / S)) / 2 with S = 4 steps, tops .1 and .05."""
    rates = []
    step = torch.optim.SGD.step

    def spy(self, *args, **kwargs):
        rates.append([group["lr"] for group in self.param_groups])
        return step(self, *args, **kwargs)

    loop = LoopSettings(epochs=4, batch=64, lr=0.1, floor=0.02)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", spy)
        fit(make_stage(), loop, RunFolder(tmp_path, {}), quiet)
    half = math.sqrt(0.5)
    wanted = [
        [0.05, 0.1],
        [0.02 + 0.03 * (1 + half) / 2, 0.02 + 0.08 * (1 + half) / 2],
        [0.035, 0.06],
        [0.02 + 0.03 * (1 - half) / 2, 0.02 + 0.08 * (1 - half) / 2],
    ]
    assert np.allclose(rates, wanted, atol=1e-12)


def test_a_factor_below_the_floor_stays_at_the_floor(tmp_path):
    stage = make_stage()
    groups = [(stage.groups[0][0], 0.0), stage.groups[1]]
    stage = Stage(stage.name, stage.module, groups, stage.loss, stage.samples, 3)
    before = [parameter.detach().clone() for parameter in groups[0][0]]
    loop = LoopSettings(epochs=1, batch=5, lr=0.1, floor=0.0)
    fit(stage, loop, RunFolder(tmp_path, {}), quiet)
    assert all(torch.equal(a, b) for a, b in zip(before, groups[0][0], strict=True))


def test_two_steps_of_nesterov_by_torchs_formula(tmp_path):
    """g += wd p; b = mu b + g (first b = g); p -= lr (g + mu b), from torch's page on SGD."""
    torch.manual_seed(1)
    module = torch.nn.Linear(6, 4, bias=False)
    weight = module.weight.detach().clone().double()
    stage = make_stage()
    loss, samples = stage.loss, stage.samples
    stage = Stage("photo", module, [([module.weight], 1.0)], loss, samples, 3)
    loop = LoopSettings(epochs=2, batch=SAMPLES, lr=0.1, floor=0.1, momentum=0.8, weight_decay=0.01)
    fit(stage, loop, RunFolder(tmp_path, {}), quiet)
    inputs, labels = torch.from_numpy(samples.rows).double(), torch.from_numpy(samples.labels)
    momentum = torch.zeros_like(weight)
    for _ in range(2):  # the order of a whole batch does not matter
        weight.requires_grad_()
        cosines = normalize(inputs @ weight.T, dim=1) @ torch.eye(CATEGORIES, 4).double().T
        error = torch.nn.functional.cross_entropy(cosines / 0.1, labels)
        (slope,) = torch.autograd.grad(error, weight)
        weight = weight.detach()
        slope = slope + 0.01 * weight
        momentum = 0.8 * momentum + slope
        weight = weight - 0.1 * (slope + 0.8 * momentum)
    assert torch.allclose(module.weight.double(), weight, atol=1e-6)


def test_an_epoch_is_whole_batches_of_all_different_samples(tmp_path):
    drawn = []

    class Spy(FeatureSamples):
        def inputs(self, indices, generator):
            drawn.append(indices.tolist())
            return super().inputs(indices, generator)

    stage = make_stage()
    spy = Spy(stage.samples.rows, stage.samples.labels)
    stage = Stage("photo", stage.module, stage.groups, stage.loss, spy, 3)
    fit(stage, LOOP, RunFolder(tmp_path, {}), quiet)
    assert [len(indices) for indices in drawn] == [5] * STEPS
    epochs = [list(chain(*drawn[i : i + 4])) for i in range(0, STEPS, 4)]
    assert all(len(set(epoch)) == 20 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 6


def test_fewer_samples_than_a_batch_are_one_batch(tmp_path):
    loop = LoopSettings(epochs=2, batch=500, checkpoint=1000)
    seen = []
    fit(make_stage(), loop, RunFolder(tmp_path, {}), lambda *step: seen.append(step[1:]))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_loss_that_is_no_number_ends_the_run_with_the_way_out(tmp_path, value):
    stage = make_stage()
    stage.samples.rows[:] = value
    with pytest.raises(InvalidInput, match=r"loss of photo is nan at step 1; .*lower loop\.lr"):
        fit(stage, LOOP, RunFolder(tmp_path, {}), quiet)
