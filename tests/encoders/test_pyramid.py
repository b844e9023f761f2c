"""Backbones whose features are means over the cells of a pyramid."""

import numpy as np
import pytest
import torch

from opensearch.encoders.backbones import PyramidBackbone, build_backbone
from opensearch.encoders.backbones.pyramid import CellMeans
from opensearch.encoders.runtime import open_backbone
from opensearch.errors import InvalidInput
from opensearch.training.backbone import write_backbone

VIEWS = torch.randint(0, 256, (2, 96, 96, 3), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7])
def test_cells_are_those_of_adaptive_pooling_in_order(side):
    maps = torch.randn(2, 3, side, side + 1, generator=torch.Generator().manual_seed(side))
    made = CellMeans([1, 2, 4])(maps)
    wanted = [
        torch.nn.functional.adaptive_avg_pool2d(maps, level).flatten(2).transpose(1, 2).flatten(1)
        for level in (1, 2, 4)
    ]
    assert made.shape == (2, 3 * 21, 1, 1)
    assert torch.allclose(made.flatten(1), torch.cat(wanted, dim=1), atol=1e-6)


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0"])
def test_the_first_level_is_the_backbone_itself(name):
    plain = build_backbone(name, seed=1).eval()
    pyramid = PyramidBackbone([1, 2], plain).eval()
    with torch.inference_mode():
        features, wanted = pyramid(VIEWS), plain(VIEWS)
    assert pyramid.dim == 5 * plain.dim == features.shape[1]
    assert torch.allclose(features[:, : plain.dim], wanted, atol=1e-5)
    assert not torch.equal(features[:, plain.dim : 2 * plain.dim], wanted)


def test_its_name_builds_it_again():
    pyramid = PyramidBackbone([1, 2, 4], build_backbone("tiny", seed=3)).eval()
    assert pyramid.name == "pyramid-1x2x4/tiny"
    again = build_backbone(pyramid.name).eval()
    again.load_state_dict(pyramid.state_dict())
    with torch.inference_mode():
        assert torch.equal(again(VIEWS), pyramid(VIEWS))


@pytest.mark.parametrize("name", ["pyramid-/tiny", "pyramid-0/tiny", "pyramid-1x/tiny"])
def test_levels_that_are_none_are_refused(name):
    with pytest.raises(InvalidInput, match=r"unknown front 'pyramid-.*pyramid-1x2x4"):
        build_backbone(name)


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small", "drawings:wang2015"])
def test_a_network_without_a_last_mean_is_refused_with_the_way_out(name):
    with pytest.raises(InvalidInput, match=f"{name} does not end in a mean over .*resnet18"):
        PyramidBackbone([1, 2], build_backbone(name))


def test_its_files_are_not_the_plain_ones_and_the_graph_gives_the_same(tmp_path):
    plain = build_backbone("tiny", seed=1).eval()
    pyramid = PyramidBackbone([1, 2, 4], plain).eval()
    notes = []
    card = write_backbone(tmp_path, pyramid, 64, notes.append)
    assert not notes
    assert card.graph
    bare = write_backbone(tmp_path, plain, 64, notes.append)
    assert bare.tensors != card.tensors
    assert bare.graph != card.graph
    views = VIEWS[:, :64, :64].to(torch.uint8)
    loaded = open_backbone(card.name, tmp_path / card.tensors, tmp_path / card.graph)
    with torch.inference_mode():
        wanted = pyramid(views).numpy()
    assert np.abs(loaded.features(views.numpy()) - wanted).max() < 1e-3
