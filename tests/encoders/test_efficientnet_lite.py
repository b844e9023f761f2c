"""EfficientNet-Lite: sizes as published, the published names, TensorFlow's padding."""

import pytest
import torch

from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.backbones.lite import SCALES, EfficientNetLite, _Unit, from_published

PARAMETERS = {"efficientnet_lite0": 4.7, "efficientnet_lite1": 5.4, "efficientnet_lite2": 6.1}
"""Millions, as published."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_has_the_published_number_of_parameters(name):
    with torch.device("meta"):
        model = EfficientNetLite(name)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert round(count / 1e6, 1) == PARAMETERS[name]


def published(model):
    """The state of a model under the names of the published files."""
    names = {"stem.conv": "_conv_stem", "stem.norm": "_bn0", "top.conv": "_conv_head"}
    names |= {"top.norm": "_bn1", "classifier": "_fc"}
    for place, block in enumerate(model.blocks):
        parts = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
        for number, pair in enumerate(parts[-len(block.units) :]):
            for part, theirs in zip(("conv", "norm"), pair, strict=True):
                names[f"blocks.{place}.units.{number}.{part}"] = f"_blocks.{place}.{theirs}"
    found = {}
    for key, value in model.state_dict().items():
        prefix, _, last = key.rpartition(".")
        found[f"{names[prefix]}.{last}"] = value
    return found


def test_published_tensors_find_their_places():
    torch.manual_seed(0)
    model = EfficientNetLite("efficientnet_lite0", classes=3)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    state = published(model)
    shuffled = {key: state[key] for key in sorted(state)}
    shuffled["_conv_stem.weight"] = shuffled.pop("_conv_stem.weight")
    restored = from_published(shuffled, model)
    own = model.state_dict()
    assert set(restored) == set(own)
    assert all(torch.equal(restored[key], own[key]) for key in own)


def test_our_own_names_pass_unchanged():
    model = EfficientNetLite("efficientnet_lite0", classes=2)
    assert from_published(model.state_dict(), model).keys() == model.state_dict().keys()


def test_an_even_side_is_padded_behind():
    """A stride-2 filter that looks at its last column alone sees one column further right."""
    model = EfficientNetLite("efficientnet_lite0", classes=2).eval()
    conv = model.stem.conv
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0, 0, 2] = 1
    pixels = torch.arange(8.0).expand(1, 3, 8, 8)
    out = model.stem._filtered(torch.nn.functional.pad(pixels, (0, 1, 0, 1)))
    assert out[0, 0, 0].tolist() == [2, 4, 6, 0]


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 1), (3, 1)])
def test_bf16_gradients_are_near_float32_ones(kernel, stride):
    torch.manual_seed(0)
    unit = _Unit(8, 8, kernel, stride, groups=8).eval()
    pixels = torch.randn(4, 8, 16, 16)
    gradients, kinds = [], []
    for half in (False, True):
        unit.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            out = unit(pixels.bfloat16() if half else pixels)
        kinds.append(out.dtype)
        out.float().square().sum().backward()
        gradients.append(unit.conv.weight.grad.clone())
    assert kinds == [torch.float32, torch.bfloat16]
    difference = (gradients[0] - gradients[1]).norm()
    assert 0 < difference < 0.02 * gradients[0].norm()


def test_every_size_builds():
    with torch.device("meta"):
        dims = {name: EfficientNetLite(name).classifier.in_features for name in SCALES}
    assert set(dims.values()) == {1280}


def test_as_a_backbone_its_pixels_are_centred():
    backbone = build_backbone("efficientnet_lite0")
    assert backbone.dim == 1280
    assert backbone.pixel_mean.flatten().tolist() == pytest.approx([127.0] * 3)
