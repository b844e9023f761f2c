"""Training the generator: neighbourhoods, resumed runs, what is written, and the verb."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import opensearch.loop.job as loop_job
from opensearch.cli import main
from opensearch.errors import InvalidInput
from opensearch.loop import alone
from opensearch.reconstruction.card import Part, ReconstructionCard
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.settings import ReconstructionConfig, load_config
from opensearch.reconstruction.training import Task, fitting, train
from opensearch.reconstruction.training.data import Shapes, nearest
from opensearch.reconstruction.training.networks import VoxelAutoencoder, VoxelModel
from opensearch.reconstruction.training.steps import voxel_job

SMALL = ["voxels.code=8", "voxels.channels=[4,4,4]", "voxels.critic=[2,2,2]", "voxels.groups=2",
         "voxels.lr=0.01",
         "voxels.steps=30", "voxels.checkpoint=10", "voxels.samples=10",
         "pooling.weights=[0.5,0.3]"]  # fmt: skip
FACES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def write_box(file, sides):
    corners = [(x, y, z) for x in (0, sides[0]) for y in (0, sides[1]) for z in (0, sides[2])]
    lines = ["OFF", f"{len(corners)} {len(FACES)} 0"]
    lines += [" ".join(map(str, corner)) for corner in corners]
    lines += [" ".join(map(str, (4, *face))) for face in FACES]
    file.write_text("\n".join(lines))


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    """Six boxes for training, which say that y is up, and one each that is for tests or unseen."""
    root = tmp_path_factory.mktemp("boxes")
    rng = np.random.default_rng(0)
    rows = [("path", "domain", "category", "split", "up")]
    for at in range(8):
        category, split = ("slab", "unseen") if at == 7 else ("box", "test" if at == 6 else "train")
        file = root / "shape" / category / f"{at}.off"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_box(file, rng.uniform(0.3, 1, 3))
        rows.append((file.relative_to(root).as_posix(), "shape", category, split, "y"))
    with (root / "split.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    return root


@pytest.fixture(scope="module")
def config():
    return load_config(SMALL)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(boxes, config, cache, tmp_path_factory):
    """A model trained in one go, and what was noted."""
    out, notes = tmp_path_factory.mktemp("model"), []
    train(Task([boxes], out, config, cache=cache), note=notes.append)
    return out, notes


def test_only_the_part_for_training_is_read(trained):
    assert "left out, unseen in the data or excluded: 1 categories" in trained[1]
    assert any(note.startswith("6 shapes: 6 solid") for note in trained[1])


def test_a_model_says_what_it_was_made_of_and_runs_without_torch(trained, config):
    out, _ = trained
    generator = Generator.open(out)
    assert generator.code == 8
    assert generator.card.pooling.weights == (0.5, 0.3)
    assert generator.card.provenance["config"] == config.model_dump(mode="json")
    assert generator.card.provenance["shapes"].startswith("6 shapes, ")
    pooled = generator.pool(np.ones((2, 8), np.float32), np.array([0.6, 0.4]))
    assert generator.decode(pooled[None]).shape == (1, 32, 32, 32)


def test_sheets_of_slices_are_written(trained):
    sheets = sorted((trained[0] / "training" / "slices").iterdir())
    assert [sheet.name for sheet in sheets] == ["000010.png", "000020.png", "000030.png"]
    with Image.open(sheets[0]) as picture:
        assert picture.width == 8 * 100 + 4


def test_the_boxes_are_learnt(trained):
    lines = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert lines[-1]["real"] < 0.8 * lines[0]["real"]


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(
    boxes, config, cache, trained, tmp_path, monkeypatch
):
    descended = loop_job.descend

    def stopping(job, descent, step):
        if step == 14:
            raise KeyboardInterrupt
        descended(job, descent, step)

    task = Task([boxes], tmp_path / "model", config, cache=cache)
    with monkeypatch.context() as patch:
        patch.setattr(loop_job, "descend", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(task)
    assert not (task.out / "model.json").exists()
    assert train(task).voxels == Generator.open(trained[0]).card.voxels
    first, second = ((out / "metrics.jsonl").read_text() for out in (trained[0], task.out))
    assert first == second
    assert all(name in first for name in ("adversarial", "critic_real", "balance", "convergence"))


def test_two_runs_into_one_folder_are_refused(boxes, config, cache, tmp_path):
    with alone(tmp_path), pytest.raises(InvalidInput, match="another run is training into"):
        train(Task([boxes], tmp_path, config, cache=cache))


def test_a_finished_run_is_told(trained, boxes, config, cache):
    notes = []
    before = Generator.open(trained[0]).card
    assert train(Task([boxes], trained[0], config, cache=cache), note=notes.append) == before
    assert any("was finished before" in note for note in notes)
    with pytest.raises(InvalidInput, match="holds a run with other settings or data"):
        train(Task([boxes], trained[0], ReconstructionConfig(), cache=cache))


def test_a_gpu_that_is_not_there_is_refused(boxes, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = load_config([*SMALL, "device=cuda"])
    with pytest.raises(InvalidInput, match="device is cuda, but torch finds none"):
        train(Task([boxes], tmp_path / "model", config, cache=cache))


@pytest.mark.parametrize("channels", [(4, 4), (3, 4, 5), (2, 3, 4, 5)])
def test_grids_keep_their_size_whatever_the_number_of_halvings(channels):
    network = VoxelAutoencoder(channels, 6)
    assert network(torch.rand(2, 32, 32, 32)).shape == (2, 32, 32, 32)
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    part = Part(tensors="a", settings={}, identity="")
    generator = Generator(arrays, ReconstructionCard(voxels=part))
    grids = np.random.default_rng(0).random((2, 32, 32, 32)).astype(np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(grids)).clamp(0, 1).numpy()
    assert generator.decode(generator.encode(grids)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("towards", [0.0, 0.5])
def test_what_is_made_may_be_drawn_towards_the_nearest(towards):
    overrides = [*SMALL, "voxels.warm=0", f"voxels.towards={towards}", "voxels.phi=0.2"]
    config = load_config(overrides)
    grids = np.random.default_rng(0).random((3, 32, 32, 32)) < 0.4
    packed = np.packbits(grids.reshape(3, -1), axis=1)
    model = VoxelModel(config.voxels)
    job = voxel_job(config, Shapes([], packed, nearest(packed, 2)), model, Path())
    losses = next(job.step(0)).losses
    assert ("towards" in losses) == (towards > 0)
    if towards:
        assert 0 < float(losses["towards"].detach()) < 0.8 * 0.5


def test_too_few_shapes_are_refused(boxes, cache, tmp_path):
    config = load_config(["pooling.weights=[1,1,1,1,1,1,1]"])
    with pytest.raises(InvalidInput, match="takes 7 shapes, and 6 could be read"):
        train(Task([boxes], tmp_path / "model", config, cache=cache))


def nearest_by_counting(grids, count):
    """Reference: count the voxels in which grids differ."""
    rows = []
    for at, grid in enumerate(grids):
        order = sorted(range(len(grids)), key=lambda b: (b != at, int((grid != grids[b]).sum()), b))
        rows.append(order[:count])
    return rows


def test_the_nearest_differ_in_the_fewest_voxels():
    grids = np.random.default_rng(0).random((9, 64)) < 0.4
    grids[5] = grids[2]
    assert nearest(np.packbits(grids, axis=1), 4).tolist() == nearest_by_counting(grids, 4)


def test_groups_are_neighbourhoods_and_some_are_mirrored():
    grids = np.random.default_rng(0).random((4, 32, 32, 32)) < 0.4
    packed = np.packbits(grids.reshape(4, -1), axis=1)
    neighbours = nearest(packed, 2)
    shapes = Shapes([], packed, neighbours)
    assert (shapes.grids(np.arange(4)) == grids).all()
    drawn = shapes.groups(40, np.random.default_rng(1), mirrored=True)
    assert drawn.shape == (40, 2, 32, 32, 32)
    plain = grids[neighbours].astype(np.float32)
    kinds = [(group == plain).all(axis=(1, 2, 3, 4)).any() for group in drawn]
    flipped = [(group[:, ::-1] == plain).all(axis=(1, 2, 3, 4)).any() for group in drawn]
    assert all(a != b for a, b in zip(kinds, flipped, strict=True))
    assert 5 < sum(flipped) < 35


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("voxels.stepz=3", "unknown setting voxels.stepz; known: seed, .*voxels.steps"),
        ("voxels.steps=0", r"voxels.steps: .* \(got 0\)\. Set it with"),
        ("pooling.weights=[0,0]", "0 or more, one of them above 0"),
        ("voxels.channels=[1,0,1]", "must be 1 or more"),
        ("device=tpu", "device: .*auto.*cpu.*cuda"),
        ("voxels", "are key=value"),
    ],
)
def test_settings_that_cannot_be_are_refused(override, message):
    with pytest.raises(InvalidInput, match=message):
        load_config([override])


def stopped(*_):
    raise KeyboardInterrupt


def test_the_verb_trains_a_model(boxes, tmp_path, monkeypatch, cache):
    monkeypatch.setenv("OPENSEARCH_CACHE", str(cache))
    out = tmp_path / "solid"
    settings = [part for each in [*SMALL, "voxels.steps=2"] for part in ("--set", each)]
    words = ["train-3d", "--data", str(boxes), "--out", str(out), *settings, "--seed", "3", "-q"]
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == f"{out}: codes of 8, made by blend\n"
    assert f"--model {out}" in ran.stderr
    assert Generator.open(out).card.provenance["config"]["seed"] == 3
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "run_job", stopped)
        late = CliRunner().invoke(main, [*words[:3], "--out", str(tmp_path / "other"), "-q"])
    assert late.exit_code == 130
    assert "stopped before the first checkpoint" in late.stderr
    refused = CliRunner().invoke(main, [*words, "--set", "voxels.phi=2"])
    assert refused.exit_code == 1 or refused.exit_code == 2
    assert "Set it with --set voxels.phi=VALUE" in refused.stderr
