"""First parts of a backbone that stay as they are, and what they make of batches, kept on disk."""

import shutil
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch
from toy_files import toy_settings

from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.joint import kept as kept_parts
from opensearch.methods.joint.kept import parted

KEPT = [
    "backbone={name: tiny, weights: null, half: false}",
    "projector.hidden=16",
    "joint={side: 32, head_steps: 4, head_batch: 8, steps: 7, batch: 4, checkpoint: 2, lr: 1e-2}",
    "joint.kept=6",
    "joint.drawn=3",
    "joint.average=0.5",
    "joint.hold=1.0",
    "joint.outlines={photo: {to: sketch}}",
    "joint.soup=[{}, {lr: 2e-2}]",
]
STAY = ("trunk.0.", "trunk.1.", "trunk.3.", "trunk.4.")


@pytest.fixture(autouse=True, scope="module")
def no_graphs():
    """Graphs are slow to make; others test them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        yield


@pytest.fixture(scope="module")
def config(toy_collection):
    return load_train_config("joint", [*toy_settings(toy_collection), *KEPT])


@pytest.fixture(scope="module")
def made(toy_collection, config, tmp_path_factory):
    """A model, and how often each batch was run through the first parts."""
    written = []

    class Counting(kept_parts.KeptBatches):
        def _write(self, batch):
            written.append(batch.seed)
            super()._write(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opensearch.methods.joint.steps.KeptBatches", Counting)
        out = tmp_path_factory.mktemp("kept") / "model"
        return train(Training(config, [toy_collection], out)), written


def trunk(bundle):
    return load_tensors(bundle.folder / bundle.domain("photo").backbone.tensors)


def test_the_first_parts_stay_and_all_others_learn(made, toy_collection, config, tmp_path):
    still = config.model_copy(update={"joint": config.joint.model_copy(update={"steps": 0})})
    before, after = (
        trunk(train(Training(still, [toy_collection], tmp_path / "still"))),
        trunk(made[0]),
    )
    weights = [name for name in before if name.endswith("weight")]
    stayed = {name for name in weights if np.array_equal(before[name], after[name])}
    assert stayed == {name for name in weights if name.startswith(STAY)}
    assert len(stayed) == 4 < len(weights)


def test_each_batch_is_run_through_them_once_for_all_runs_and_then_forgotten(made):
    bundle, written = made
    assert len(written) == len(set(written)) == 3
    assert not list((bundle.folder / "training").glob("kept-*"))


def test_cut_off_and_resumed_ends_at_the_same_weights(made, toy_collection, config, tmp_path):
    class Cut(Exception):
        pass

    training = Training(config, [toy_collection], tmp_path / "cut")
    for stage, at in (("kept", 2), ("trunk", 5), ("trunk-2", 3)):

        def progress(what, done, total, stage=stage, at=at):
            if what == stage and done == at:
                raise Cut

        with suppress(Cut):
            train(training, progress)
            pytest.fail(f"{stage} told nobody of its steps")
    files = list((tmp_path / "cut" / "training").glob("kept-*/*.npy"))
    assert len(files) == 3
    old = tmp_path / "cut" / "training" / "kept-of-other-settings"
    shutil.copytree(files[0].parent, old)
    assert train(training).card.identities == made[0].card.identities
    assert not old.exists()


@pytest.mark.parametrize(("name", "kept"), [("tiny", 6), ("efficientnet_lite0", 9)])
def test_parts_one_behind_the_other_are_the_backbone(name, kept):
    backbone = build_backbone(name).eval()
    front, behind = parted(backbone, kept)
    views = torch.randint(0, 256, (2, 64, 64, 3), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        in_parts = behind(front(backbone.normalised(views)))
        torch.testing.assert_close(in_parts, backbone(views))
    counted = sum(len(list(part.parameters())) for part in (front, behind))
    assert counted == len(list(backbone.parameters()))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["joint.kept=99"], r"joint\.kept=99: of backbone tiny the first 10 parts can stay"),
        (["joint.late_side=48"], r"joint\.kept keeps what is made of views of one side"),
        (["backbone.name=resnet18"], r"backbone resnet18 cannot be parted.*efficientnet_lite2"),
    ],
)
def test_what_cannot_stay_is_refused_before_files_are_read(
    given, message, toy_collection, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "opensearch.methods.joint.fitting.joint_data", lambda *_: pytest.fail("read")
    )
    config = load_train_config("joint", [*toy_settings(toy_collection), *KEPT, *given])
    with pytest.raises(InvalidInput, match=message):
        train(Training(config, [toy_collection], tmp_path / "m"))


def test_a_full_disk_is_told_with_what_is_wanted(toy_collection, config, tmp_path, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_parts, "replacing", full)
    with pytest.raises(Exception, match=r"kept-.* cannot be written.*joint\.drawn says how many"):
        train(Training(config, [toy_collection], tmp_path / "m"))
