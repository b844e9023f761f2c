"""What on a photographed sheet is left over of its page, and what was drawn."""

import numpy as np
import pytest

from opensearch.domains.drawings.stray import is_dotted, without_crumbs, without_specks


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
    np.testing.assert_array_equal(without_specks(sheet((*place, 8))), sheet())


@pytest.mark.parametrize(
    "mark",
    [(200, 60, 8), (135, 60, 8), (200, 135, 8), (20, 250, 20)],
    ids=["inside", "above", "beside", "large"],
)
def test_marks_near_a_drawing_and_large_ones_are_drawn(mark):
    np.testing.assert_array_equal(without_specks(sheet(mark)), sheet(mark))


def test_small_marks_alone_are_a_drawing():
    dashes = [(row, column, 8) for row in (30, 110, 190, 270) for column in (30, 110, 190, 270)]
    ink = sheet(*dashes) - sheet()
    np.testing.assert_array_equal(without_specks(ink), ink)


def test_of_a_clean_sheet_only_small_marks_far_away_go():
    """A mark near the drawing stays, and so does one that a pale area links with it."""
    np.testing.assert_array_equal(without_crumbs(sheet((5, 280, 8))), sheet())
    for mark in ((200, 60, 2), (135, 60, 8), (20, 250, 20)):
        np.testing.assert_array_equal(without_crumbs(sheet(mark)), sheet(mark))
    drops = sheet(*((28 + 30 * row, 60, 8) for row in range(4)))
    np.testing.assert_array_equal(without_crumbs(drops), drops)
    caption = sheet(*((5, 150 + 12 * at, 4) for at in range(12)))
    np.testing.assert_array_equal(without_crumbs(caption), sheet())
    linked = np.maximum(sheet((5, 280, 8)), 0.2 * np.tri(300, dtype=np.float32)[::-1])
    np.testing.assert_array_equal(without_crumbs(linked), linked)
    blank = np.zeros((40, 40), np.float32)
    np.testing.assert_array_equal(without_crumbs(blank), blank)


def test_where_no_mark_is_large_all_stay():
    """Thirty dashes, each of less than a twentieth of the ink: none is what was drawn."""
    dashes = [(20 + 50 * row, 20 + 50 * column, 8) for row in range(6) for column in range(5)]
    ink = sheet(*dashes) - sheet()
    np.testing.assert_array_equal(without_specks(ink), ink)


def test_what_runs_out_of_the_picture_is_the_drawing_if_it_is_most_of_the_ink():
    """A house that the picture cuts off, and a small mark within it."""
    ink = np.zeros((300, 300), np.float32)
    ink[:220, [100, 101, 102, 240, 241, 242]] = 1
    ink[[218, 219, 220], 100:243] = 1
    ink[100:120, 150:170] = 1
    np.testing.assert_array_equal(without_specks(ink), ink)


def test_what_runs_out_of_the_picture_goes_if_most_of_the_ink_is_left():
    ink = sheet()
    ink[:40, 200:203] = 1
    np.testing.assert_array_equal(without_specks(ink), sheet())


@pytest.mark.parametrize(("kind", "dotted"), [("dots", True), ("words", True), ("map", False)])
def test_many_small_marks_are_no_drawing_but_a_plan_of_boxes_is(kind, dotted):
    """The boxes of a plan each hold little of the ink, too, but most of it together."""
    ink = np.zeros((400, 400), np.float32)
    for row in range(10, 390, 38):
        for column in range(10, 390, 38):
            if kind == "dots":
                ink[row : row + 4, column : column + 4] = 1
            elif kind == "words":
                ink[row : row + 3, column : column + 14] = 1
            else:
                ink[row : row + 24, [column, column + 24]] = 1
                ink[[row, row + 24], column : column + 25] = 1
    assert is_dotted(ink) is dotted


def test_where_all_marks_are_faint_nothing_is_kept():
    np.testing.assert_array_equal(without_specks(sheet() * np.float32(0.4)), 0 * sheet())
