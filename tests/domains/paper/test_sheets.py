"""Sheets: what is measured quickly is what was meant."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from opensearch.domains.paper import page_search, sheet


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 255), st.integers(0, 2**32 - 1))
def test_the_local_median_is_that_of_scipy(height, width, shades, seed):
    made = np.random.default_rng(seed).integers(0, shades + 1, (height, width))
    grey = made.astype(np.float32) / 3
    assert np.array_equal(sheet.local_median(grey), median_filter(grey, size=sheet._CLOSING))


def test_a_grey_picture_is_parted_as_its_channels_say():
    rng = np.random.default_rng(3)
    grey = np.full((60, 80), 70.0, np.float32)
    grey[10:50, 15:65] = 220
    grey += rng.normal(0, 2, grey.shape).astype(np.float32)
    colours = np.repeat(grey[..., None], 3, axis=2)
    tinted = colours + np.array([0, 1e-3, 2e-3], np.float32)
    areas, same = list(page_search._areas(colours)), list(page_search._areas(tinted))
    assert areas
    assert any(area[12:48, 17:63].all() and not area[:8].any() for area in areas)
    assert {area.tobytes() for area in areas} == {area.tobytes() for area in same}


def test_a_sheet_of_two_shades_has_one_area_for_all_levels():
    grey = np.full((60, 80, 3), 70.0, np.float32)
    grey[10:50, 15:65] = 220
    bright = [area for area in page_search._areas(grey) if not area[0, 0]]
    assert len(bright) == 1
