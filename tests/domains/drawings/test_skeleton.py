import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, gaussian_filter, label

from opensearch.domains.drawings.skeleton import middle_lines


def test_a_bar_becomes_the_line_along_its_middle():
    bar = np.zeros((11, 40), bool)
    bar[3:8, 4:36] = True
    lines = middle_lines(bar)
    rows, columns = np.nonzero(lines)
    assert set(rows) == {5}
    assert columns.min() <= 7
    assert columns.max() >= 32


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_parts_and_holes_stay_and_lines_are_thin(seed):
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(60, 70)), 3)
    solid = noise > 0.02
    lines = middle_lines(solid)
    around = np.ones((3, 3))
    assert not (lines & ~solid).any()
    assert label(lines, around)[1] == label(solid, around)[1]
    assert label(~np.pad(lines, 1))[1] == label(~np.pad(solid, 1))[1]
    assert (binary_dilation(lines, around, iterations=40) >= solid).all()
    blocks = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    assert blocks.sum() <= 0.02 * lines.sum() + 2
