"""Pictures in coarse: what most pairs are told apart by, before any is looked at closely."""

import numpy as np
from drawn import drawing, photo
from finding import fetch_from
from PIL import Image, ImageEnhance

from opensearch.domains.reading import imprint_of
from opensearch.imprints.coarse import coarse_of, fetched, worth_a_look
from opensearch.imprints.likeness import unexplained
from opensearch.imprints.pictures import unpacked
from opensearch.imprints.turning import WINDOWS, frequencies, stretched, window_frequencies


def imprint(picture):
    return imprint_of(picture, picture.width / picture.height)


def test_greys_are_sums_of_four_by_four():
    imprints = [imprint(photo(0)), imprint(drawing(0)), imprint(Image.new("RGB", (9, 9)))]
    coarse = coarse_of(imprints)
    sums = unpacked(imprints).greys.reshape(3, 16, 4, 16, 4).sum(axis=(2, 4))
    np.testing.assert_array_equal(coarse.greys, sums)
    assert coarse.greys.max() > 128  # no sum is cut off
    assert coarse.shown.tolist() == [True, True, False]
    assert fetched(0, fetch_from([])).greys.shape == (0, 16, 16)


def test_frequencies_of_windows_are_those_of_their_parts_stretched():
    planes = coarse_of([imprint(photo(seed)) for seed in range(3)]).greys.astype(np.float32)
    found = window_frequencies(planes)
    for window, part in enumerate(WINDOWS):
        parts = np.tile(part, (3, 1))
        np.testing.assert_allclose(found[window], frequencies(stretched(planes, parts)), atol=0.05)


def test_copies_are_worth_a_look_and_other_pictures_mostly_not():
    originals = [make(seed) for make in (photo, drawing) for seed in range(8)]
    whole = coarse_of([imprint(each) for each in originals])
    copies = coarse_of(
        [imprint(ImageEnhance.Brightness(each).enhance(1.3).reduce(2)) for each in originals]
    )
    first, second = (each.ravel() for each in np.mgrid[:16, :16])
    none = np.zeros_like(first)
    kept, parts = worth_a_look(whole.at(first), copies.at(second), WINDOWS[none], none)
    assert kept[first == second].all()
    assert kept[first != second].mean() < 0.03
    np.testing.assert_allclose(parts[first == second], WINDOWS[none[:16]], atol=0.05)


def test_the_part_that_a_copy_shows_is_found_in_coarse():
    whole = photo(1)
    box = 0.08 * whole.width, 0.03 * whole.height, 0.95 * whole.width, 0.97 * whole.height
    pictures = [coarse_of([imprint(each)]) for each in (whole, whole.crop(box))]
    kept, parts = worth_a_look(*pictures, WINDOWS[[5]], np.array([0]))  # the middle nine tenths
    assert kept.all()
    np.testing.assert_allclose(parts, [[0.08, 0.03, 0.87, 0.94]], atol=0.02)


def unexplained_one_by_one(before, after):
    """Reference: other greys are read off between the means of those there are."""
    nearest = np.rint(before).astype(int)
    there = np.unique(nearest)
    means = [after[nearest == level].mean() for level in there]
    rest = (after - np.interp(before, there, means)).reshape(16, 4, 16, 4).mean(axis=(1, 3))
    return np.sort(np.abs(rest).ravel())


def test_what_other_greys_leave_unexplained_is_that_of_each_alone():
    rng = np.random.default_rng(0)
    before = rng.uniform(0, 15, (4, 64, 64)).astype(np.float32)
    before[1] = 7 + before[1] / 9  # few greys, none dark or light
    before[2] = np.where(before[2] > 7, 14.6, 0.2)  # none between
    after = np.sqrt(before) + rng.normal(size=before.shape).astype(np.float32)
    wanted = [unexplained_one_by_one(*both) for both in zip(before, after, strict=True)]
    np.testing.assert_allclose(unexplained(before, after), wanted, atol=1e-4)
