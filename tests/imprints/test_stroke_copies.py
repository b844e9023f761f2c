"""Drawings of strokes: a copy is known by its lines, however many points are left of them."""

import numpy as np
import pytest
from finding import copies_among, pairs_among

from opensearch.imprints import kind_of
from opensearch.imprints.pictures import SIZE
from opensearch.imprints.strokes import drawing_of, stroke_imprint

PICTURE = b"\x01" + bytes(SIZE - 1)
"""Of a blank sheet: pictures alone find no copy."""
COUNT = 40


def drawing(seed):
    """A few curves, and a dot."""
    rng = np.random.default_rng(seed)
    strokes = []
    for _ in range(int(rng.integers(2, 5))):
        at = np.linspace(0, 1, int(rng.integers(12, 20)))[:, None]
        waves = [np.sin(np.pi * (turn * at + rng.random(2))) / turn for turn in (1, 2, 3)]
        strokes.append(100 * rng.random(2) + sum(wave * rng.normal(size=2) * 40 for wave in waves))
    return [*strokes, rng.random((1, 2)) * 100]


def thinned(stroke, step):
    return stroke[sorted({*range(0, len(stroke), step), len(stroke) - 1})]


def between(stroke):
    """With a point in the middle of every line."""
    at = np.arange(2 * len(stroke) - 1) / 2
    return np.column_stack([np.interp(at, np.arange(len(stroke)), axis) for axis in stroke.T])


def shaken(stroke, by=1.0):
    return stroke + np.random.default_rng(1).normal(size=stroke.shape) * by


MADE = {
    "": lambda strokes: [stroke * 3 + 500 for stroke in strokes],
    "in another order": lambda strokes: [stroke[::-1] for stroke in strokes[::-1]],
    "of twice the points": lambda strokes: [between(stroke) for stroke in strokes],
    "shaken": lambda strokes: [shaken(stroke) for stroke in strokes],
    "of half the points": lambda strokes: [thinned(stroke, 2) for stroke in strokes],
    "simplified": lambda strokes: [thinned(stroke, 3) for stroke in strokes],
    "mirrored": lambda strokes: [stroke * [-1, 1] for stroke in strokes],
    "mirrored, simplified": lambda strokes: [thinned(stroke, 3) * [-1, 1] for stroke in strokes],
    "turned by 90": lambda strokes: [stroke[:, ::-1] * [-1, 1] for stroke in strokes],
    "turned by 180": lambda strokes: [-stroke for stroke in strokes],
}
SHOWN = {"in another order", "of twice the points", "shaken", "of half the points"}


def imprint(strokes):
    return stroke_imprint(PICTURE, strokes)


@pytest.mark.parametrize("seed", range(4))
def test_copies_are_found_and_what_was_done_to_them_is_said(seed):
    imprints = [imprint(drawing(seed)), *(imprint(make(drawing(seed))) for make in MADE.values())]
    found = pairs_among(imprints)
    for place, made in enumerate(MADE, start=1):
        change, exact = found[0, place]
        assert change in ("" if made in SHOWN else made, made.replace("simplified", "").strip(", "))
        assert exact == (change == "")


def test_no_other_drawing_is_a_copy_nor_of_what_is_left_of_another():
    whole = [drawing(seed) for seed in range(COUNT)]
    left = [[thinned(stroke, 2) for stroke in strokes] for strokes in whole]
    found = pairs_among([imprint(strokes) for strokes in whole + left])
    assert {second - first for first, second in found} == {COUNT}
    assert len(found) == COUNT


def corners(seed, count):
    """Straight lines between corners at even angles, at any distance from the middle."""
    rng = np.random.default_rng(seed)
    turns = np.linspace(0, 2 * np.pi, count)
    return np.column_stack([np.cos(turns), np.sin(turns)]) * rng.uniform(40, 100, count)[:, None]


@pytest.mark.parametrize("count", [11, 25])
def test_half_of_few_corners_are_enough_and_no_others_agree(count):
    """Lines between them leave out much, but they are corners of the other."""
    whole = [corners(seed, count) for seed in range(COUNT)]
    left = [thinned(line, 2) for line in whole]
    found = pairs_among([imprint([line]) for line in whole + left])
    assert {second - first for first, second in found} == {COUNT}
    assert len(found) >= 0.8 * COUNT


def test_a_few_corners_lie_on_some_of_very_many_by_chance():
    rng = np.random.default_rng(8)
    few, at = rng.uniform(0, 100, (5, 2)), np.linspace(0, 4, 400)
    along = np.column_stack([np.interp(at, np.arange(5), axis) for axis in few.T])
    assert pairs_among([imprint([few]), imprint([along + rng.normal(size=(400, 2)) * 12])]) == {}


def test_one_more_stroke_makes_another_drawing():
    whole = drawing(0)
    assert pairs_among([imprint(whole), imprint(whole[1:])]) == {}


def test_few_points_on_the_lines_of_another_are_no_copy():
    zigzag = [np.array([[0, 0], [30, 100], [60, 0], [100, 100]], float)]
    scribble = [shaken(np.repeat(zigzag[0], 8, axis=0), 25.0), zigzag[0] + [3, 0]]
    assert pairs_among([imprint(zigzag), imprint(scribble)]) == {}


def test_one_drawing_is_found_among_others_and_pictures_are_passed_over():
    imprints = [PICTURE, *(imprint(drawing(seed)) for seed in range(3))]
    asked = imprint(MADE["mirrored, simplified"](drawing(1)))
    found = copies_among(asked, imprints)
    assert found.keys() == {2}
    assert found[2][0].startswith("mirrored")


def test_a_drawing_of_corners_alone_is_told_to_be_simplified():
    turns = np.linspace(0, 8 * np.pi, 49)
    spiral = [np.column_stack([np.cos(turns), np.sin(turns)]) * turns[:, None]]
    left = [thinned(spiral[0], 2)]
    assert pairs_among([imprint(spiral), imprint(left)]) == {(0, 1): ("simplified", False)}


def test_an_imprint_keeps_lines_and_dots_in_steps_of_the_longer_side():
    made = imprint(
        [np.array([[10, 10], [60, 10], [110, 10], [110, 35]], float), np.array([[10, 35.0]])]
    )
    kept = drawing_of(made)
    assert (made[:1], kind_of(made), made[1:SIZE]) == (b"\x03", "picture", PICTURE[1:])
    np.testing.assert_allclose(kept.points, [[0, 0], [1, 0], [1, 0.25], [0, 0.25]], atol=1 / 255)
    np.testing.assert_allclose(kept.starts, kept.points[[0, 1, 3]])
    np.testing.assert_allclose(kept.stops, kept.points[[1, 2, 3]])
    assert kept.along(4).shape == (4, 2)


@pytest.mark.parametrize("strokes", [1, 3000])
def test_very_many_points_are_bounded(strokes):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(strokes, 6000 // strokes, 2))
    assert len(imprint(list(points))) <= SIZE + 3 * 512


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [5, 5]], [[0, 0], [1e9, 0]]])
def test_dots_and_single_lines_are_compared_without_complaint(points):
    dots = imprint([np.array(points, float)])
    assert pairs_among([dots, dots, imprint(drawing(0))]) == {}
