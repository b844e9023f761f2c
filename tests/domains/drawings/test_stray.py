"""What on a photographed sheet is left over of its page, and what was drawn."""

import numpy as np
import pytest

from opensearch.domains.drawings.stray import without_specks


def sheet(*marks):
    """Ink of a house in the lower left, and squares beside it: row, column, side."""
    ink = np.zeros((300, 300), np.float32)
    ink[150:250, [20, 21, 22, 118, 119, 120]] = 1
    ink[[150, 151, 152, 247, 248, 249], 20:121] = 1
    for row, column, side in marks:
        ink[row : row + side, column : column + side] = 1
    return ink


@pytest.mark.parametrize("place", [(5, 280), (5, 30), (200, 280)])
def test_a_small_mark_far_from_a_drawing_is_left_over_of_the_page(place):
    np.testing.assert_array_equal(without_specks(sheet((*place, 8)), 0), sheet())


@pytest.mark.parametrize(
    "mark",
    [(200, 60, 8), (135, 60, 8), (200, 135, 8), (20, 250, 20)],
    ids=["inside", "above", "beside", "large"],
)
def test_marks_near_a_drawing_and_large_ones_are_drawn(mark):
    np.testing.assert_array_equal(without_specks(sheet(mark), 0), sheet(mark))


def test_small_marks_alone_are_a_drawing():
    dashes = [(row, column, 8) for row in (30, 110, 190, 270) for column in (30, 110, 190, 270)]
    ink = sheet(*dashes) - sheet()
    np.testing.assert_array_equal(without_specks(ink, 0), ink)
