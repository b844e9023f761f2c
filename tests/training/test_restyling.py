"""Restyled views: outlines lie at edges, renders keep their place, all chance from a seed."""

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_closing, gaussian_filter, sobel

from opensearch.training.restyling import (
    blurred,
    outlined,
    outlines,
    photographed,
    rendered,
    textured,
)

SIDE = 48


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def square(n=4, low=14, high=34):
    """Black squares on white, (n, 3, s, s), 0..1."""
    pixels = torch.ones(n, 3, SIDE, SIDE)
    pixels[:, :, low:high, low:high] = 0
    return pixels


def to_border(low=14, high=34):
    """Of each pixel, how far the square's border is, the greater of both axes."""
    place = np.arange(SIDE) + 0.5
    inside = np.minimum(place - low, high - place)
    deep = np.minimum.outer(inside, inside)
    return torch.from_numpy(np.where(deep > 0, deep, -deep))


@pytest.mark.parametrize("seed", range(8))
def test_outlines_of_a_black_square_are_at_its_edge(seed):
    ink = 1 - outlines(square(), generator(seed))
    far = to_border() > 6
    assert float(ink[..., far].max()) == 0, "neither inside nor outside"
    sides = ink[:, 0, 24, :]  # one row through the middle crosses two edges
    assert (sides[:, :24].amax(dim=1) > 0.3).all()
    assert (sides[:, 24:].amax(dim=1) > 0.3).all()


def test_both_kinds_of_edges_are_drawn():
    """The darker side of a difference of Gaussians lies inside the square, Sobel's on both."""
    outside = [
        float((1 - outlines(square(), generator(seed)))[:, 0, 24, :13].max()) > 0
        for seed in range(24)
    ]
    assert 4 < sum(outside) < 20


def test_a_plain_page_has_no_outline():
    assert float(outlines(torch.full((2, 3, SIDE, SIDE), 0.4), generator()).min()) == 1


def test_edges_are_those_of_other_implementations():
    from opensearch.training.restyling import _darker_sides, _gradient

    rng = np.random.default_rng(0)
    picture = gaussian_filter(rng.random((SIDE, SIDE)), 2).astype(np.float32)
    grey = torch.from_numpy(picture)[None, None]
    narrow, wide = (gaussian_filter(picture, s, mode="nearest", truncate=3) for s in (1.5, 2.4))
    inner = np.s_[6:-6, 6:-6]
    found = _darker_sides(grey, 1.5)[0, 0].numpy()
    assert found[inner] == pytest.approx(np.maximum(wide - narrow, 0)[inner], abs=2e-4)
    steep = np.hypot(sobel(narrow, 0), sobel(narrow, 1))
    assert _gradient(grey, 1.5)[0, 0].numpy()[inner] == pytest.approx(steep[inner], abs=2e-3)


def test_a_blur_keeps_what_is_flat_and_the_mean_of_the_rest():
    flat = torch.full((1, 3, 20, 20), 0.3)
    torch.testing.assert_close(blurred(flat, 2.0), flat)
    dot = torch.zeros(1, 1, 31, 31)
    dot[..., 15, 15] = 1
    reference = gaussian_filter(dot[0, 0].numpy(), 1.5, truncate=3)
    assert blurred(dot, 1.5)[0, 0].numpy() == pytest.approx(reference, abs=1e-3)


def test_the_place_of_a_render_is_where_it_is_not_white_with_gaps_closed():
    grey = square(1)[:, :1]
    grey[..., 20, 20] = 1  # a hole of one pixel
    mask = rendered(grey)[0, 0]
    closed = binary_closing(grey[0, 0].numpy() < 0.97, np.ones((3, 3)))
    assert closed[20, 20]
    assert ((mask > 0.5).numpy() == closed).all()
    assert (
        float(
            mask[to_border() > 4].sub(torch.from_numpy(closed)[to_border() > 4].float()).abs().max()
        )
        < 1e-6
    )


def test_a_textured_render_keeps_its_place():
    """Inside it nothing of the ground is seen, outside nothing of the render, whatever is drawn."""
    renders = square(64) * 0.4 + 0.2 * (square(64) < 0.5) + 0.6 * (square(64) > 0.5)
    mask = rendered(renders[:, :1])[0, 0]
    dark, light = (torch.full_like(renders, value) for value in (0.0, 1.0))
    one, two = (textured(renders, behind, generator(3)) for behind in (dark, light))
    assert torch.equal(one[..., mask == 1], two[..., mask == 1])
    behind = (one - two).abs().amax(dim=1)[:, mask == 0]
    before_pictures = behind.amax(dim=1) > 0
    assert 0.3 < float(before_pictures.float().mean()) < 0.7, "half stand before pictures"
    assert torch.allclose(behind[before_pictures], torch.ones(1))
    other = textured(renders * 0.5 + 0.5 * (renders > 0.9), dark, generator(3))
    assert torch.equal(one[..., mask == 0], other[..., mask == 0])


def views(n=5):
    return (square(n).permute(0, 2, 3, 1) * 255).to(torch.uint8)


RESTYLED = {
    "outlined pictures": lambda seed: outlined(views(), "image", 32, generator(seed), bend=True),
    "outlined renders": lambda seed: outlined(views(), "mesh", 32, generator(seed)),
    "photographed": lambda seed: photographed(views(), 255 - views(2), 32, generator(seed)),
}


@pytest.mark.parametrize("kind", RESTYLED)
def test_same_seed_same_views_at_another_side(kind):
    one, two, other = (RESTYLED[kind](seed) for seed in (1, 1, 2))
    assert one.shape == (5, 32, 32, 3)
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert 0 <= float(one.min()) <= float(one.max()) <= 255


def test_outlines_are_black_on_white():
    drawn = outlined(views(16), "image", 32, generator())
    assert torch.equal(drawn[..., 0], drawn[..., 2])
    assert float(drawn.mean()) > 180
