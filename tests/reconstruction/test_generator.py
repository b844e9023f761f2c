"""The generator without torch: the same numbers as the networks that were trained."""

import json

import numpy as np
import pytest
import torch

from opensearch import starter_model
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction.card import Part, ReconstructionCard, read_card, write_card
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.settings import PoolingSettings
from opensearch.reconstruction.training.networks import VoxelAutoencoder

CHANNELS, CODE = (6, 5, 4), 20


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = VoxelAutoencoder(CHANNELS, CODE).eval()
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(2)  # further from nothing, where all networks agree
    return made


@pytest.fixture(scope="module")
def tensors(network):
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.fixture
def folder(tensors, tmp_path):
    """A model on disk."""
    settings = {"code": CODE}
    name = save_tensors(tmp_path, "voxels", tensors)
    part = Part(tensors=name, settings=settings, identity=identity(tensors, settings))
    write_card(tmp_path, ReconstructionCard(voxels=part))
    return tmp_path


def random_grids(count):
    return np.random.default_rng(1).random((count, 32, 32, 32)) < 0.3


def test_codes_and_grids_are_those_of_torch(network, folder):
    generator = Generator.open(folder)
    grids = random_grids(19)  # more than a batch
    with torch.no_grad():
        codes = network.encode(torch.from_numpy(grids.astype(np.float32)))
        back = network.decode(codes)
    assert generator.code == CODE
    assert np.allclose(generator.encode(grids), codes.numpy(), atol=1e-4)
    assert np.allclose(generator.decode(codes.numpy()), back.numpy().clip(0, 1), atol=1e-4)
    assert back.numpy().std() > 0.01


def test_nothing_in_nothing_out(folder):
    generator = Generator.open(folder)
    assert generator.encode(np.zeros((0, 32, 32, 32))).shape == (0, CODE)
    assert generator.decode(np.zeros((0, CODE), np.float32)).shape == (0, 32, 32, 32)


def test_pooling_is_the_weighted_sum(folder):
    codes = np.zeros((2, CODE), np.float32)
    codes[0, 3], codes[1, 3], codes[1, 4] = 2, 10, 1
    pooled = Generator.open(folder).pool(codes, np.array([0.5, 0.4]))
    assert pooled[3] == pytest.approx(5)
    assert pooled[4] == pytest.approx(0.4)
    assert pooled.shape == (CODE,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda g: g.encode(np.zeros((2, 16, 16, 16))),
            r"\(n, 32, 32, 32\), got \(2, 16, 16, 16\)",
        ),
        (lambda g: g.encode(np.zeros((32, 32, 32))), r"got \(32, 32, 32\)"),
        (lambda g: g.decode(np.zeros((1, 7), np.float32)), r"\(n, 20\), got \(1, 7\)"),
        (lambda g: g.pool(np.zeros((2, 20), np.float32), np.ones(3)), r"got \(3,\) and \(2, 20\)"),
    ],
)
def test_other_shapes_are_refused(folder, call, message):
    with pytest.raises(InvalidInput, match=message):
        call(Generator.open(folder))


def test_tensors_of_something_else_are_refused(tensors, folder):
    card = read_card(folder)
    with pytest.raises(BundleError, match=r"narrow\.bias are missing or too many"):
        Generator({k: v for k, v in tensors.items() if k != "narrow.bias"}, card)
    wrong = {**tensors, "narrow.weight": np.zeros((CODE, 3), np.float32)}
    with pytest.raises(BundleError, match="not those of a voxel generator"):
        Generator(wrong, card)


def test_a_tensor_file_that_was_changed_is_refused(folder):
    file = folder / read_card(folder).voxels.tensors
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleError, match="not the one that its model was written with"):
        Generator.open(folder)


def spoil(folder, **changes):
    file = folder / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "bundle"}, "of another kind"),
        ({"format": 9}, "has format 9, this version reads format 1"),
        ({"level": 2}, "damaged model.json: .*level"),
        ({"extra": 1}, "damaged model.json: .*extra"),
        ({"voxels": {"tensors": "../x", "settings": {}, "identity": ""}}, "a file outside itself"),
        ({"voxels": {"tensors": "gone", "settings": {}, "identity": ""}}, "lacks its file gone"),
    ],
)
def test_a_damaged_card_is_refused(folder, changes, message):
    spoil(folder, **changes)
    with pytest.raises(BundleError, match=message):
        read_card(folder)


def test_it_is_told_from_a_model_that_embeds_files(folder):
    with pytest.raises(BundleError, match="a model for 'reconstruction', which embeds no files"):
        Bundle.open(folder)
    with pytest.raises(BundleError, match="of another kind of model"):
        Generator.open(starter_model())


def test_a_folder_without_a_card_says_how_to_train_one(tmp_path):
    with pytest.raises(BundleError, match=r"no model\.json.*Task\(data, out\)"):
        read_card(tmp_path)


def test_weights_are_as_printed_or_sum_to_one():
    printed = PoolingSettings(normalise=False)
    assert printed.shares() == pytest.approx((0.5, 0.4, 0.3, 0.2, 0.1))
    assert sum(PoolingSettings().shares()) == pytest.approx(1)
    assert PoolingSettings(weights=(0, 2)).shares() == (0, 1)
