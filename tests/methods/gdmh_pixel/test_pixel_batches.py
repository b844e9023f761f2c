"""What meets in a batch of pairs, and how views become pictures."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.methods.gdmh_pixel.data import PixelData, as_pictures, as_views
from opensearch.samplers.pairs import PairSampler
from opensearch.training.augmentation import augment_by_window

OTHER = np.array([0, 0, 0, 0, 0, 0, 1, 2, 2, 5])
PIVOT = np.array([0, 1, 1, 1, 2, 7])
"""Shared are 0, 1 and 2."""


@given(st.integers(2, 20), st.integers(0, 2**32 - 1))
def test_pairs_are_of_one_category_and_negatives_of_another(batch, seed):
    pairs = PairSampler(OTHER, PIVOT).draw(batch, np.random.default_rng(seed))
    labels = OTHER[pairs.other]
    assert labels.tolist() == PIVOT[pairs.pivot].tolist()
    assert len(labels) == batch
    assert (labels[pairs.negatives] != labels).all()


@given(st.integers(2, 20), st.integers(0, 2**32 - 1))
def test_categories_are_balanced_however_many_items_they_have(batch, seed):
    pairs = PairSampler(OTHER, PIVOT).draw(batch, np.random.default_rng(seed))
    counts = np.bincount(OTHER[pairs.other], minlength=3)
    assert len(counts) == 3
    assert counts.max() - counts.min() <= 1


def test_every_shared_item_is_drawn_in_time():
    drawer, rng = PairSampler(OTHER, PIVOT), np.random.default_rng(0)
    drawn = [drawer.draw(6, rng) for _ in range(60)]
    assert set(np.concatenate([pairs.other for pairs in drawn])) == set(range(9))
    assert set(np.concatenate([pairs.pivot for pairs in drawn])) == set(range(5))


def test_windows_are_parts_of_the_view_or_their_mirror_images():
    view = np.arange(36, dtype=np.uint8).reshape(1, 6, 6, 1).repeat(3, axis=3)
    windows = {}
    for top in range(3):
        for left in range(3):
            part = view[0, top : top + 4, left : left + 4]
            windows[part.tobytes()] = windows[part[:, ::-1].tobytes()] = (top, left)
    seen = set()
    for seed in range(200):
        made = augment_by_window(view, 4, np.random.default_rng(seed))[0]
        seen.add(made.tobytes())
    assert seen == set(windows)
    assert len(seen) == 18


def test_a_view_of_the_right_side_is_only_flipped():
    view = np.random.default_rng(0).integers(0, 256, (1, 5, 5, 3), dtype=np.uint8)
    made = {augment_by_window(view, 5, np.random.default_rng(s)).tobytes() for s in range(20)}
    assert made == {view.tobytes(), view[:, :, ::-1].tobytes()}


def test_pictures_and_views_are_the_same_by_another_scale():
    views = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    pictures = as_pictures(views)
    assert (float(pictures.min()), float(pictures.max())) == (-1, 1)
    assert np.array_equal(as_views(pictures), views)


class Rows:
    """Grey views whose shade tells item and view: 10 * item + view."""

    def __init__(self, items, views):
        self._items, self._views = items, views

    def __len__(self):
        return self._items

    def row(self, index):
        shades = (10 * index + np.arange(self._views)).astype(np.uint8)
        return np.broadcast_to(shades[:, None, None, None], (self._views, 6, 6, 3))


@dataclass
class Domain:
    rows: Rows
    labels: np.ndarray


def toy_data(seed=0):
    domains = [Domain(Rows(6, 1), PIVOT), Domain(Rows(10, 3), OTHER), Domain(Rows(6, 1), PIVOT)]
    return PixelData(domains, 4, 4, seed)


def test_an_epoch_goes_through_the_largest_domain_once():
    assert toy_data().epoch == 2


def test_a_batch_holds_one_view_of_each_item():
    seen = set()
    for step in range(40):
        batch = toy_data().batches(step)[0]
        assert batch.other.shape == batch.pivot.shape == (4, 3, 4, 4)
        shades = as_views(batch.other)[:, 0, 0, 0].astype(int)
        assert (shades // 10).tolist() == batch.other_items.tolist()
        assert as_views(batch.pivot)[:, 0, 0, 0].tolist() == (10 * batch.pivot_items).tolist()
        seen |= set((shades % 10).tolist())
    assert seen == {0, 1, 2}


def test_batches_are_a_function_of_seed_step_and_domain():
    def drawn(seed, step, place):
        batch = toy_data(seed).batches(step)[place]
        return batch.other_items.tolist(), batch.pivot_items.tolist(), batch.negatives.tolist()

    assert drawn(0, 3, 0) == drawn(0, 3, 0)
    others = [drawn(1, 3, 0), drawn(0, 4, 0), drawn(0, 3, 1)]
    assert all(other != drawn(0, 3, 0) for other in others)


@pytest.mark.parametrize("side", [4, 6])
def test_pictures_are_channels_last_in_memory(side):
    views = np.zeros((2, 6, 6, 3), np.uint8)
    made = as_pictures(augment_by_window(views, side, np.random.default_rng(0)))
    assert made.is_contiguous(memory_format=torch.channels_last)
