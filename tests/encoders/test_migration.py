"""Generators: the paper's layers, masks at any size, and fronts of backbones."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.encoders.backbones import FrontedBackbone, build_backbone
from opensearch.encoders.graph import export_graph
from opensearch.encoders.migration import (
    Focus,
    Front,
    Generator,
    Masking,
    Migration,
    enlarged,
    hard_mask,
    relative_attention,
    soft_mask,
    start_small,
    still_statistics,
)
from opensearch.encoders.runtime import OnnxBackbone, TorchBackbone
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import BundleError, InvalidInput

RELEASED = 2.44e-5
"""The threshold in the paper's code."""


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=2, side=32, seed=0):
    return torch.rand(n, 3, side, side, generator=seeded(seed)) * 2 - 1


def small(cls=Generator, seed=0):
    """A network whose weights are its own, with attention that differs from cell to cell."""
    torch.manual_seed(seed)
    return cls(1, 4, threshold=1.0)


@pytest.mark.parametrize("side", [24, 32, 64])
def test_a_picture_keeps_its_side_and_its_mask_has_a_cell_to_four_pixels(side):
    migrated, mask = small()(pictures(side=side))
    assert migrated.shape == (2, 3, side, side)
    assert mask.shape == (2, 1, side // 4, side // 4)
    assert float(migrated.detach().abs().max()) <= 1


def test_the_layers_are_the_papers():
    """conv7x7x32, conv3x3x64 s2, conv3x3x128 s2, 9 blocks, conv1x1, deconv 64, 32, conv7x7x3."""
    kinds = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
    layers = [part for part in Generator(9).modules() if isinstance(part, kinds)]
    made = [(type(p).__name__, p.out_channels, p.kernel_size[0], p.stride[0]) for p in layers]
    down = [("Conv2d", 32, 7, 1), ("Conv2d", 64, 3, 2), ("Conv2d", 128, 3, 2)]
    up = [("ConvTranspose2d", 64, 3, 2), ("ConvTranspose2d", 32, 3, 2), ("Conv2d", 3, 7, 1)]
    assert made == [*down, *[("Conv2d", 128, 3, 1)] * 18, ("Conv2d", 1, 1, 1), *up]


def test_weights_start_small():
    generator = Generator(2)
    start_small(generator, seeded())
    weight = generator.focus.look[1].weight.detach()
    assert float(weight.std()) == pytest.approx(0.02, rel=0.05)
    assert not generator.paint[-2].bias.any()
    other = Generator(2)
    start_small(other, seeded())
    assert torch.equal(weight, other.focus.look[1].weight)


def test_attention_is_the_softmax_in_units_of_the_uniform_level():
    scores = torch.randn(3, 1, 4, 6, generator=seeded())
    rows = scores.clamp(min=0).flatten(1).double().exp()
    wanted = rows / rows.sum(dim=1, keepdim=True) * 24
    assert torch.allclose(relative_attention(scores).flatten(1).double(), wanted, atol=1e-6)
    assert relative_attention(scores).mean(dim=(1, 2, 3)).tolist() == pytest.approx([1, 1, 1])


@given(st.integers(1, 12), st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(1, 50))
def test_from_the_uniform_level_on_a_mask_never_keeps_all_and_never_none(
    height, width, seed, threshold
):
    """At any size and threshold, unless attention is equal everywhere."""
    scores = torch.randn(1, 1, height, width, generator=seeded(seed))
    scores[0, 0, 0, :2] = torch.tensor([0.5, -0.5])  # two that differ once rectified
    mask = hard_mask(relative_attention(scores), threshold)
    assert set(mask.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("side", [8, 16, 64])
def test_a_threshold_means_the_same_at_any_size_and_the_released_one_does_not(side):
    """A quarter of the cells gets e times the attention of the others."""
    scores = torch.zeros(1, 1, side, side)
    scores[..., : side // 2, : side // 2] = 1
    attention = relative_attention(scores)
    assert float(attention.min()) == pytest.approx(4 / (3 + np.e), rel=1e-4)
    assert float(hard_mask(attention, 0.5).mean()) == 1
    assert float(hard_mask(attention, 0.75).mean()) == 0.25
    assert float(hard_mask(attention, 1.0).mean()) == 0.25
    assert float((attention / side**2).min()) > RELEASED  # it would keep every cell


def test_a_mask_by_hand():
    """exp of 0, 0, ln 2, ln 5 is 1, 1, 2, 5, of mean 9 / 4: attention .44, .44, .89, 2.22."""
    scores = torch.tensor([-1.0, 0.0, np.log(2), np.log(5)]).view(1, 1, 2, 2)
    attention = relative_attention(scores)
    assert attention.flatten().tolist() == pytest.approx([4 / 9, 4 / 9, 8 / 9, 20 / 9])
    assert hard_mask(attention, 0.4).flatten().tolist() == [1, 1, 1, 1]
    assert hard_mask(attention, 1.0).flatten().tolist() == [0, 0, 0, 1]
    assert hard_mask(attention, 0.8).flatten().tolist() == [0, 0, 1, 1]
    assert hard_mask(attention, 9.0).flatten().tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("score", [-2.0, 0.0, 3.0])
@pytest.mark.parametrize("side", [7, 16])
def test_equal_attention_keeps_the_whole_picture(score, side):
    attention = relative_attention(torch.full((2, 1, side, side), score))
    for threshold in (1.0, 4.0):
        assert bool((hard_mask(attention, threshold) == 1).all())
        assert bool((soft_mask(attention, threshold, 10.0) == 1).all())


def test_a_steep_soft_mask_is_the_hard_one():
    attention = relative_attention(torch.randn(2, 1, 8, 8, generator=seeded()))
    clear = (attention - 1).abs() > 0.01
    steep = soft_mask(attention, 1.0, 5000.0)
    assert torch.allclose(steep[clear], hard_mask(attention, 1.0)[clear], atol=1e-6)
    gentle = soft_mask(attention, 1.0, 2.0)
    order = attention.flatten(1).argsort(dim=1)
    assert bool((gentle.flatten(1).gather(1, order).diff(dim=1) >= 0).all())
    assert 0 < float(gentle.min()) < float(gentle.max()) == 1


def test_masks_are_soft_only_while_they_learn():
    generator = small()
    for seed in range(20):  # statistics settle
        values = generator(pictures(seed=seed))[1].detach()
    assert bool(((values > 0) & (values < 1)).any())
    assert set(generator.eval()(pictures())[1].unique().tolist()) == {0.0, 1.0}


def test_a_mask_learns_from_what_is_painted():
    generator = small()
    generator(pictures())[0].square().mean().backward()
    assert float(generator.focus.attend.weight.grad.abs().sum()) > 0


def test_statistics_stand_still_and_go_on_after():
    generator = small()
    norm = generator.focus.look[2]
    before = norm.running_mean.clone()
    with still_statistics(generator):
        migrated = generator(pictures())[0]
    assert torch.equal(norm.running_mean, before)
    assert torch.equal(generator(pictures())[0], migrated)  # batches are still normed by themselves
    assert not torch.equal(norm.running_mean, before)


def test_masking_takes_the_mean_of_attention():
    focuses = [small(Focus, seed).eval() for seed in (1, 2)]
    masking = Masking(focuses).eval()
    views = pictures()
    mean = (focuses[0].attention(views)[1] + focuses[1].attention(views)[1]) / 2
    mask = hard_mask(mean, 1.0)
    assert torch.equal(masking.mask(views), mask)
    masked = masking(views)
    keep = enlarged(mask).expand_as(views).bool()
    assert torch.equal(masked[keep], views[keep])
    assert not masked[~keep].any()
    assert bool((~keep).any())


def test_a_cell_covers_four_by_four_pixels():
    mask = torch.tensor([[0.0, 1.0]]).view(1, 1, 1, 2)
    assert enlarged(mask).flatten().tolist() == ([0.0] * 4 + [1.0] * 4) * 4


FRONTS = {
    "migration-1x4": lambda: Migration(small()),
    "masking-1x4x2": lambda: Masking([small(Focus, 1), small(Focus, 2)]),
}


@pytest.mark.parametrize("name", FRONTS)
def test_a_front_is_built_again_by_its_name(name):
    made = FrontedBackbone(FRONTS[name](), build_backbone("tiny"))
    assert (made.front.name, made.name) == (name, f"{name}/tiny")
    again = build_backbone(f"{name}/tiny")
    assert again.dim == 128
    again.load_state_dict(made.state_dict())


class Through(Front):
    """A front that is any module."""

    name = "through"

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, pictures):
        return self.module(pictures)


def test_a_backbone_sees_what_its_front_made():
    backbone = build_backbone("tiny").eval()
    views = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8, generator=seeded())
    fronted = FrontedBackbone(Through(torch.nn.Identity()), backbone).eval()
    assert torch.allclose(fronted(views), backbone(views), atol=1e-5)
    inverted = FrontedBackbone(Through(torch.nn.LeakyReLU(-1.0)), backbone).eval()  # |x|
    folded = (views.float() - 127.5).abs() + 127.5
    assert torch.allclose(inverted(views), backbone(folded), atol=1e-5)


@pytest.mark.parametrize("name", ["migration-9", "masking-9x32", "migration-9x32x1", "m", ""])
def test_an_unknown_front_is_refused_with_the_known(name):
    with pytest.raises(InvalidInput, match="masking-BLOCKSxWIDTHxCOUNT and pyramid-LEVELx"):
        build_backbone(f"{name}/tiny")


@pytest.mark.parametrize("name", FRONTS)
def test_torch_and_onnx_give_the_same_features(name, tmp_path):
    made = FrontedBackbone(FRONTS[name](), build_backbone("tiny")).eval()
    state = {key: value.numpy() for key, value in made.state_dict().items()}
    file = tmp_path / save_tensors(tmp_path, "trunk", state)
    export_graph(made, file, tmp_path / "graph.onnx", 32)
    views = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    features = OnnxBackbone(tmp_path / "graph.onnx").features(views)
    torch_features = TorchBackbone(f"{name}/tiny", state).features(views)
    np.testing.assert_allclose(features, torch_features, rtol=1e-3, atol=1e-4)


def test_tensors_of_another_front_are_damaged():
    state = {k: v.numpy() for k, v in build_backbone("migration-1x4/tiny").state_dict().items()}
    with pytest.raises(BundleError, match="not those of a masking-1x4x1/tiny"):
        TorchBackbone("masking-1x4x1/tiny", state)
