"""Variation of views: what comes in from outside, what stays, and all chance from a seed."""

import pytest
import torch

from opensearch.training.augmentation import augment_by_look, resized

READERS = ("image", "sketch", "mesh")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def grey(value, n=16, side=24):
    return torch.full((n, side, side, 3), value, dtype=torch.uint8)


@pytest.mark.parametrize("reader", READERS)
def test_same_seed_same_views_and_another_side(reader):
    views = torch.randint(0, 256, (3, 24, 24, 3), generator=generator(), dtype=torch.uint8)
    one, two, other = (augment_by_look(views, reader, 16, generator(seed)) for seed in (1, 1, 2))
    assert one.shape == (3, 16, 16, 3)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert 0 <= float(one.min()) <= float(one.max()) <= 255


@pytest.mark.parametrize("reader", ["sketch", "mesh"])
def test_around_drawings_and_renders_is_white(reader):
    varied = augment_by_look(grey(255), reader, 24, generator())
    assert float(varied.min()) > 254
    black = augment_by_look(grey(0), reader, 24, generator())
    assert float(black[:, 0].max()) > 250  # some window looked past the edge


def test_around_a_photo_is_more_of_it():
    """No white comes in: a dark photo stays dark everywhere, however the light changes."""
    assert float(augment_by_look(grey(40), "image", 24, generator()).max()) < 80


def test_some_photos_lose_their_colour():
    views = grey(0, n=64)
    views[..., 0] = 200
    varied = augment_by_look(views, "image", 24, generator())
    colourless = (varied.amax(dim=3) - varied.amin(dim=3)).amax(dim=(1, 2)) < 1
    assert 0.1 < float(colourless.float().mean()) < 0.6


def test_resizing_changes_the_side_alone():
    assert torch.equal(resized(grey(7), 24), grey(7).float())
    assert resized(grey(7), 16).shape == (16, 16, 16, 3)


def test_bent_drawings_differ_from_straight_ones_and_nothing_else_is_bent():
    views = grey(255, n=4, side=48)
    views[:, 8:40, 20:28] = 0
    for reader in READERS:
        straight = augment_by_look(views, reader, 48, generator(), bend=False)
        bent = augment_by_look(views, reader, 48, generator(), bend=True)
        assert torch.equal(straight, bent) == (reader != "sketch")
