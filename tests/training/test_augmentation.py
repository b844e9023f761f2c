"""Augmentation: each map does what its name says, and chance is the generator's alone."""

import numpy as np
import pytest
import torch

import opensearch.training.augmentation as augmentation
from opensearch.methods.prototype.steps import FeatureSamples, ViewSamples
from opensearch.training.augmentation import augment_affine
from opensearch.training.cache import CachedRows

SIZE = 112


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def maps_of(n=20_000, seed=0):
    return augmentation._affine_maps(n, generator(seed)).numpy()


def marked(rows, columns, size=SIZE):
    """A white view with a black mark."""
    view = torch.full((1, size, size, 3), 255, dtype=torch.uint8)
    view[:, rows, columns] = 0
    return view


def through(monkeypatch, view, map_):
    """The view moved by one map from output to input."""
    maps = torch.tensor([map_], dtype=torch.float32)
    monkeypatch.setattr(augmentation, "_affine_maps", lambda n, chance: maps)
    return augment_affine(view, generator())


def centre(view):
    """Centre of the ink, (x, y) in pixels from the upper left."""
    ink = 255 - view[0, :, :, 0].numpy().astype(float)
    y, x = np.indices(ink.shape) + 0.5
    return (ink * x).sum() / ink.sum(), (ink * y).sum() / ink.sum()


def test_shape_type_and_range():
    views = torch.randint(0, 256, (50, 32, 32, 3), dtype=torch.uint8)
    moved = augment_affine(views, generator())
    assert moved.shape == views.shape
    assert moved.dtype == torch.float32
    assert moved.min() >= 0
    assert moved.max() <= 255


def test_same_seed_same_views():
    views = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8)
    assert torch.equal(augment_affine(views, generator(1)), augment_affine(views, generator(1)))
    assert not torch.equal(augment_affine(views, generator(1)), augment_affine(views, generator(2)))


def test_the_map_of_nothing_keeps_every_pixel(monkeypatch):
    view = torch.randint(0, 256, (1, 32, 32, 3), dtype=torch.uint8)
    same = through(monkeypatch, view, [[1, 0, 0], [0, 1, 0]])
    assert torch.allclose(same, view.float(), atol=0.01)


def test_what_comes_from_outside_is_white(monkeypatch):
    black = torch.zeros((1, SIZE, SIZE, 3), dtype=torch.uint8)
    small = through(monkeypatch, black, [[2, 0, 0], [0, 2, 0]])
    assert (small[0, : SIZE // 4 - 1] == 255).all()
    assert (small[0, SIZE // 2, SIZE // 2] == 0).all()


def test_shares_of_maps_are_those_of_the_source():
    """flip 1/2; scale, turn, shift each .7 x .5; none of the three .3 + .7 / 8."""
    maps = maps_of()
    linear, shift = maps[:, :, :2], maps[:, :, 2]
    determinants = np.linalg.det(linear)
    scaled = np.abs(np.abs(determinants) - 1) > 1e-6
    turned = np.abs(linear[:, 0, 1]) > 1e-9
    shifted = (shift != 0).any(axis=1)
    assert (determinants < 0).mean() == pytest.approx(0.5, abs=0.015)
    for share in (scaled, turned, shifted):
        assert share.mean() == pytest.approx(0.35, abs=0.015)
    untouched = ~(scaled | turned | shifted)
    assert untouched.mean() == pytest.approx(0.3 + 0.7 / 8, abs=0.015)


def test_ranges_of_maps_are_those_of_the_source():
    maps = maps_of()
    scale = np.abs(np.linalg.det(maps[:, :, :2])) ** -0.5
    angle = np.degrees(np.arcsin(maps[:, 0, 1] * scale))
    pixels = maps[:, :, 2] * 224 / 2
    for values, low, high in [(scale, 0.7, 1.3), (angle, -30, 30), (pixels, -10, 10)]:
        assert low - 1e-3 <= values.min() < low + 0.02 * (high - low)
        assert high + 1e-3 >= values.max() > high - 0.02 * (high - low)


def drawn(monkeypatch, chances):
    """The map of one view from the draws in the order they are made: see `_maps`."""
    values = iter(chances)
    monkeypatch.setattr(
        augmentation.torch, "rand", lambda n, generator: torch.full((n,), next(values))
    )
    maps = augmentation._affine_maps(1, generator())
    monkeypatch.undo()
    return maps[0].tolist()


# draws: affine?, scale?, factor, turn?, angle, shift?, dx, dy, flip? (a draw below p is a yes)
SCALED = [0, 0, 0.99999, 1, 0.5, 1, 0.5, 0.5, 1]
TURNED = [0, 1, 0.5, 0, 0.99999, 1, 0.5, 0.5, 1]
SHIFTED = [0, 1, 0.5, 1, 0.5, 0, 0.99999, 0.5, 1]
FLIPPED = [1, 1, 0.5, 1, 0.5, 1, 0.5, 0.5, 0]


def test_a_scale_of_1_3_makes_ink_larger(monkeypatch):
    square = marked(slice(40, 72), slice(40, 72))
    ink = 255 - through(monkeypatch, square, drawn(monkeypatch, SCALED))
    side = float(ink.sum() / 3 / 255) ** 0.5
    assert side == pytest.approx(32 * 1.3, rel=0.01)


def test_a_turn_is_by_30_degrees_and_keeps_the_distance(monkeypatch):
    """A mark right of the centre; output to input turns by 30, so ink goes back by 30."""
    mark = marked(slice(54, 58), slice(94, 98))
    x, y = centre(through(monkeypatch, mark, drawn(monkeypatch, TURNED)))
    assert np.hypot(x - 56, y - 56) == pytest.approx(40, abs=0.2)
    assert np.degrees(np.arctan2(y - 56, x - 56)) == pytest.approx(-30, abs=0.5)


def test_the_largest_shift_is_ten_pixels_in_224(monkeypatch):
    mark = marked(slice(54, 58), slice(54, 58))
    x, y = centre(through(monkeypatch, mark, drawn(monkeypatch, SHIFTED)))
    assert (x, y) == pytest.approx((56 - 5, 56), abs=0.05)  # 112 pixels: half of ten


def test_a_flip_swaps_left_and_right(monkeypatch):
    mark = marked(slice(10, 14), slice(90, 94))
    x, y = centre(through(monkeypatch, mark, drawn(monkeypatch, FLIPPED)))
    assert (x, y) == pytest.approx((SIZE - 92, 12), abs=0.05)


@pytest.fixture
def rows():
    """Five items of three views each, one item a chunk."""
    content = np.arange(5 * 3, dtype=np.uint8).reshape(5, 1, 3, 1, 1, 1)
    chunks = [np.broadcast_to(item, (1, 3, 8, 8, 3)) for item in content]
    return CachedRows(sources=[None] * 5, chunks=chunks, where=[(i, 0) for i in range(5)])


def test_every_view_is_a_sample_of_its_item(rows):
    keep = np.array([4, 1])
    labels = np.repeat([7, 9], 3)
    samples = ViewSamples(rows, keep, 3, labels, augmented=False)
    views = samples.inputs(np.array([0, 1, 2, 3, 4, 5]), generator())
    assert views.dtype == torch.uint8
    assert views[:, 0, 0, 0].tolist() == [12, 13, 14, 3, 4, 5]


def test_augmented_views_are_drawn_by_the_generator(rows):
    samples = ViewSamples(rows, np.arange(5), 3, np.zeros(15, np.int64), augmented=True)
    one, two = (samples.inputs(np.arange(15), generator(4)) for _ in range(2))
    assert one.dtype == torch.float32
    assert torch.equal(one, two)


def test_features_come_as_they_are():
    samples = FeatureSamples(np.arange(8, dtype=np.float32).reshape(4, 2), np.zeros(4, np.int64))
    assert samples.inputs(np.array([2, 0]), generator()).tolist() == [[4, 5], [0, 1]]
