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


def sheet_with_ink_below(share, ink=40, paper=255, side=100):
    """A page whose lower part is ink, so that of its border a `share` is."""
    grey = np.full((side, side), paper, np.float32)
    grey[round(side * (1 - (share - 0.25) / 0.5)) :] = ink
    return grey


def test_white_is_paper_though_ink_reaches_most_of_the_border():
    assert sheet.border(sheet_with_ink_below(0.4)) == (255, True)
    assert sheet.border(sheet_with_ink_below(0.65)) == (255, True)


def test_the_commoner_shade_is_paper_where_white_is_rare_or_another_is_hardly_darker():
    assert sheet.border(sheet_with_ink_below(0.75)) == (40, True)
    assert sheet.border(sheet_with_ink_below(0.65, paper=200)) == (40, True)
    assert sheet.border(sheet_with_ink_below(0.65, ink=235)) == (235, True)


def test_white_among_many_shades_says_nothing():
    grey = sheet_with_ink_below(0.65)
    grey[60:] = np.linspace(0, 200, 100)
    assert not sheet.border(grey)[1]
