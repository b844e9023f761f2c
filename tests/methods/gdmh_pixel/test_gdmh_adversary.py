"""Discriminators and what they are shown."""

import numpy as np
import pytest
import torch

from opensearch.methods.gdmh_pixel.networks import Discriminator, ImagePool


@pytest.mark.parametrize(("side", "patches"), [(256, 30), (64, 6), (32, 2), (24, 1)])
def test_a_score_for_each_patch(side, patches):
    assert Discriminator(2)(torch.zeros(2, 3, side, side)).shape == (2, 1, patches, patches)


def test_the_layers_are_the_papers():
    layers = [part for part in Discriminator().modules() if isinstance(part, torch.nn.Conv2d)]
    made = [(part.out_channels, part.kernel_size, part.stride[0]) for part in layers]
    widths = [(64, 2), (128, 2), (256, 2), (512, 1), (1, 1)]
    assert made == [(width, (4, 4), stride) for width, stride in widths]


def test_a_patch_sees_70_pixels():
    """The receptive field of PatchGAN; further off nothing has a say."""
    critic = Discriminator(2).eval()
    view = torch.zeros(1, 3, 256, 256, requires_grad=True)
    critic(view)[0, 0, 15, 15].backward()
    rows = view.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert int(rows.max() - rows.min()) + 1 == 70


def shades(*values):
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)


def shade(pictures):
    return pictures[:, 0, 0, 0].tolist()


def test_while_there_is_room_pictures_pass_and_are_kept():
    pool = ImagePool(4, 2)
    assert shade(pool.swap(shades(1, 2, 3), np.random.default_rng(0))) == [1, 2, 3]
    assert int(pool.count) == 3
    assert shade(pool.pictures) == [1, 2, 3, 0]


def test_a_full_pool_gives_each_picture_or_an_older_one_for_it():
    """Nothing is lost or doubled: what was there and what came in is kept or given, once."""
    pool, rng = ImagePool(3, 2), np.random.default_rng(1)
    pool.swap(shades(0, 1, 2), rng)
    given = []
    for first in range(3, 300, 3):
        before = shade(pool.pictures)
        out = shade(pool.swap(shades(first, first + 1, first + 2), rng))
        given += out
        assert sorted([*before, first, first + 1, first + 2]) == sorted(
            [*out, *shade(pool.pictures)]
        )
    fresh = np.mean([value == 3 + place for place, value in enumerate(given)])
    assert 0.4 < fresh < 0.6


def test_a_pool_goes_on_from_its_tensors():
    one, rng = ImagePool(3, 2), np.random.default_rng(2)
    one.swap(shades(0, 1, 2, 3, 4), rng)
    other = ImagePool(3, 2)
    other.load_state_dict(one.state_dict())
    outs = [pool.swap(shades(5, 6, 7), np.random.default_rng(3)) for pool in (one, other)]
    assert torch.equal(*outs)
    assert torch.equal(one.pictures, other.pictures)


def test_no_gradient_goes_back_through_a_pool():
    made = shades(1, 2).clone().requires_grad_()
    assert not ImagePool(3, 2).swap(made, np.random.default_rng(0)).requires_grad
