"""Drawings of few lines: what two hands drew is two, and a copy is found, cropped or not."""

import numpy as np
import pytest
from finding import pairs_among
from PIL import Image, ImageDraw

from opensearch.domains.reading import imprint_of

SIDE = 256


def imprint(picture):
    return imprint_of(picture, picture.width / picture.height)


def drawn(lines, seed, shake=2.0, width=3):
    """Lines of points, 0..1, drawn by an unsteady hand on a white sheet."""
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(sheet)
    for line in lines:
        points = np.array(line, float) * SIDE
        points = points + rng.normal(0, shake, points.shape)
        pen.line([tuple(point) for point in points.tolist()], "black", width, joint="curve")
    return sheet


def round_of(left, top, right, bottom):
    angles = np.linspace(0, 2 * np.pi, 17)
    middle, half = (
        ((left + right) / 2, (top + bottom) / 2),
        ((right - left) / 2, (bottom - top) / 2),
    )
    return [
        (middle[0] + half[0] * x, middle[1] + half[1] * y)
        for x, y in zip(np.cos(angles), np.sin(angles), strict=True)
    ]


BOTTLE = [
    [(0.45, 0.1), (0.45, 0.3), (0.38, 0.4), (0.38, 0.9), (0.62, 0.9), (0.62, 0.4), (0.55, 0.3)],
    [(0.55, 0.3), (0.55, 0.1), (0.45, 0.1)],
]
SMALL = [round_of(0.3, 0.55, 0.4, 0.68), [(0.33, 0.55), (0.35, 0.5), (0.37, 0.55)]]
OTHER = [
    [(0.3, 0.66), (0.31, 0.56), (0.36, 0.52), (0.4, 0.57), (0.4, 0.67), (0.3, 0.66)],
    [(0.3, 0.6), (0.4, 0.6)],
]
FACE = [
    round_of(0.1, 0.05, 0.9, 0.95),
    round_of(0.3, 0.3, 0.38, 0.4),
    round_of(0.62, 0.3, 0.7, 0.4),
    [(0.5, 0.42), (0.46, 0.58), (0.52, 0.6)],
    [(0.35, 0.72), (0.5, 0.8), (0.66, 0.7)],
]


def found(*pictures):
    return pairs_among([imprint(each) for each in pictures])


@pytest.mark.parametrize("seed", range(6))
def test_one_thing_drawn_twice_is_two_drawings(seed):
    assert not found(drawn(BOTTLE, seed, shake=4), drawn(BOTTLE, seed + 50, shake=4))


@pytest.mark.parametrize("seed", range(6))
def test_small_things_on_a_large_sheet_are_two(seed):
    assert not found(drawn(SMALL, seed), drawn(OTHER, seed))


@pytest.mark.parametrize("slope", [0.0, 0.03, 0.06, 0.1])
def test_straight_lines_of_two_slopes_are_two(slope):
    line, other = ([(0.05, 0.5 - s), (0.95, 0.5 + s)] for s in (0.01, slope + 0.02))
    assert not found(drawn([line], 0, shake=0), drawn([other], 0, shake=0))


@pytest.mark.parametrize("box", [(0.1, 0.1, 0.9, 0.9), (0.03, 0.07, 0.93, 0.97)])
@pytest.mark.parametrize("seed", range(3))
def test_a_part_of_few_lines_is_found(seed, box):
    face = drawn(FACE, seed)
    assert found(face, face.crop(tuple(round(SIDE * side) for side in box)))


@pytest.mark.parametrize("lines", [BOTTLE, SMALL, OTHER, FACE])
def test_copies_of_few_lines_are_found(lines):
    picture = drawn(lines, 1)
    assert found(picture, picture.reduce(2))
    assert found(picture, picture.reduce(3))
    assert found(picture, picture.transpose(Image.Transpose.ROTATE_90))


@pytest.mark.parametrize("seed", range(10))
def test_a_mirrored_copy_of_what_is_nearly_symmetric_is_found(seed):
    lines = [round_of(0.2, 0.1, 0.8, 0.9), [(0.5, 0.1), (0.5, 0.9)], [(0.2, 0.5), (0.8, 0.5)]]
    face = drawn(lines, seed, shake=3)
    assert found(face, face.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((6, 3, 256, 250)))
