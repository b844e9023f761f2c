"""Backbones: any torchvision name, weights from anywhere, refusals that name the way out."""

import os
import pickle
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from opensearch.encoders.backbones import build_backbone, list_backbones
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.runtime import OnnxBackbone
from opensearch.encoders.starter import STARTER, starter_model
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import BundleError, InvalidInput


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def resnet_state():
    """The state dict of a whole torchvision model, classifier and all."""
    from torchvision.models import resnet18

    torch.manual_seed(7)
    return resnet18().state_dict()


@pytest.mark.parametrize(
    ("name", "dim"), [("tiny", 128), ("mobilenet_v2", 1280), ("resnet18", 512)]
)
def test_features_are_what_the_classifier_took(name, dim):
    views = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)
    backbone = build_backbone(name).eval()
    assert backbone.dim == dim
    with torch.inference_mode():
        assert backbone(views).shape == (3, dim)
        assert torch.equal(backbone(views), backbone(views.float()))


def test_the_normalisation_is_imagenets():
    backbone = build_backbone("tiny").eval()
    backbone.trunk = torch.nn.Identity()
    views = torch.tensor([124, 116, 104], dtype=torch.uint8).expand(1, 2, 2, 3)
    # (124 / 255 - .485) / .229, (116 / 255 - .456) / .224, (104 / 255 - .406) / .225
    wanted = [0.005565, -0.004902, 0.008192]
    assert backbone(views)[0, :, 0, 0].tolist() == pytest.approx(wanted, abs=2e-6)


def test_auxiliary_outputs_of_a_learning_trunk_are_left_out():
    backbone = build_backbone("tiny")
    inner = backbone.trunk
    backbone.trunk = torch.nn.Module()
    backbone.trunk.forward = lambda x: (inner(x), "auxiliary")
    assert backbone(torch.zeros(2, 32, 32, 3)).shape == (2, 128)


def test_unknown_name_lists_the_known():
    with pytest.raises(InvalidInput, match=r"unknown backbone 'resnet19'; known: tiny, .*resnet18"):
        build_backbone("resnet19")
    assert "mobilenet_v2" in list_backbones()


def test_a_trunk_without_linear_classifier_is_refused():
    with pytest.raises(InvalidInput, match="SqueezeNet has no linear classifier to cut off"):
        build_backbone("squeezenet1_1")


def test_unknown_tag_lists_the_tags():
    wanted = "resnet18 has no weights 'IMAGENET22K'; it has DEFAULT, IMAGENET1K_V1$"
    with pytest.raises(InvalidInput, match=wanted):
        build_backbone("resnet18", pretrained="IMAGENET22K")
    with pytest.raises(InvalidInput, match="tiny has no weights 'DEFAULT'"):
        build_backbone("tiny", pretrained="DEFAULT")


@pytest.mark.parametrize(
    "error",
    [URLError("no network"), TimeoutError("no network"), RuntimeError("no network: bad hash")],
)
def test_a_failed_download_is_one_line_with_the_way_out(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(InvalidInput, match=r"no network.*backbone\.weights=FILE$") as caught:
        build_backbone("resnet18", pretrained="DEFAULT")
    assert "\n" not in str(caught.value)


def test_weights_and_pretrained_at_once_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"pretrained=DEFAULT or weights=.*, not both"):
        build_backbone("resnet18", pretrained="DEFAULT", weights=tmp_path / "w.pth")


def test_same_seed_same_weights_and_the_callers_chance_untouched():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two, other = (build_backbone("tiny", seed=seed) for seed in (3, 3, 4))
    assert same(one, two)
    assert not same(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_are_read_from_a_file(tmp_path, resnet_state, suffix):
    file = tmp_path / f"weights{suffix}"
    save_file(resnet_state, file) if suffix == ".safetensors" else torch.save(resnet_state, file)
    loaded = build_backbone("resnet18", weights=file).state_dict()
    for name, tensor in resnet_state.items():
        if not name.startswith("fc."):
            assert torch.equal(loaded[f"trunk.{name}"], tensor)


def test_the_backbone_of_a_model_is_read_from_its_file(tmp_path):
    trained = build_backbone("tiny", seed=4)
    save_file(trained.state_dict(), tmp_path / "trunk-1.safetensors")
    assert same(build_backbone("tiny", weights=tmp_path / "trunk-1.safetensors"), trained)
    with pytest.raises(BundleError, match=r"trunk-1\.safetensors is not a state dict of resnet18"):
        build_backbone("resnet18", weights=tmp_path / "trunk-1.safetensors")


def test_half_precision_weights_become_float32(tmp_path, resnet_state):
    halves = {k: v.half() if v.is_floating_point() else v for k, v in resnet_state.items()}
    save_file(halves, tmp_path / "half.safetensors")
    loaded = build_backbone("resnet18", weights=tmp_path / "half.safetensors").state_dict()
    weight = loaded["trunk.conv1.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, halves["conv1.weight"].float())


def test_weights_of_another_model_are_refused(tmp_path, resnet_state):
    save_file(resnet_state, tmp_path / "resnet.safetensors")
    with pytest.raises(
        BundleError, match=r"resnet\.safetensors is not a state dict of mobilenet_v2"
    ):
        build_backbone("mobilenet_v2", weights=tmp_path / "resnet.safetensors")


@pytest.mark.parametrize("name", ["none.pth", "none.safetensors"])
def test_missing_weights_are_named(tmp_path, name):
    with pytest.raises(InvalidInput, match=f"{name} do not exist; give the path"):
        build_backbone("resnet18", weights=tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x02."])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_damaged_file_is_one_line(tmp_path, content, suffix):
    file = tmp_path / f"damaged{suffix}"
    file.write_bytes(content)
    with pytest.raises(BundleError, match="is not a state dict of resnet18") as caught:
        build_backbone("resnet18", weights=file)
    assert "\n" not in str(caught.value)


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.mkdir, (self.trace,)


def test_code_in_a_pickle_is_never_run(tmp_path):
    trace = tmp_path / "trace"
    for file, save in [("zip.pth", torch.save), ("raw.pth", None)]:
        path = tmp_path / file
        save(Bomb(trace), path) if save else path.write_bytes(pickle.dumps(Bomb(trace)))
        with pytest.raises(BundleError, match="is not a state dict"):
            build_backbone("resnet18", weights=path)
    assert not trace.exists()
    pickle.loads((tmp_path / "raw.pth").read_bytes())  # it would have gone off
    assert trace.exists()


def test_the_starters_trunk_is_there_to_start_from():
    card = next(iter(Bundle.open(starter_model()).card.domains.values())).backbone
    stored = load_tensors(starter_model() / card.tensors)
    state = build_backbone(card.name, weights=STARTER).state_dict()
    assert set(state) == set(stored)
    for name, tensor in state.items():
        assert torch.equal(tensor, torch.from_numpy(stored[name]).to(tensor.dtype)), name


def test_the_starters_trunk_in_torch_gives_the_features_of_its_graph():
    card = Bundle.open(starter_model()).domain("photo")
    backbone = build_backbone(card.backbone.name, weights=STARTER).eval()
    side = card.reader.size
    views = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), np.uint8)
    with torch.inference_mode():
        features = backbone(torch.from_numpy(views)).numpy()
    wanted = OnnxBackbone(starter_model() / card.backbone.graph).features(views)
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(features, wanted, atol=1e-4)


def test_the_starters_trunk_fits_no_other_backbone():
    with pytest.raises(InvalidInput, match=r"efficientnet_lite2, not tiny; give backbone\.name="):
        build_backbone("tiny", weights=STARTER)
