"""Figures on tiles with rounded corners: the figure is the drawing, the corners are none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.config import ReaderSettings
from opensearch.domains.drawings.tile import tile_of
from opensearch.domains.sketch import sketch_reader
from opensearch.limits import Limits

SIDE = 200
CLEAR = (0, 0, 0, 0)


def tile(ground, figure, radius=40, box=(0, 0, SIDE, SIDE)):
    """A tile of one shade on clear ground, with a Y on it unless that has no colour."""
    picture = Image.new("RGBA", (SIDE, SIDE), CLEAR)
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((box[0], box[1], box[2] - 1, box[3] - 1), radius, fill=ground)
    if figure is not None:
        pen.line([(55, 45), (100, 110), (145, 45)], fill=figure, width=16)
        pen.line([(100, 105), (100, 165)], fill=figure, width=16)
    return picture


def view(picture, folder):
    picture.save(folder / "icon.png")
    read = sketch_reader(ReaderSettings(reader="sketch", size=128), Limits())
    return read(folder / "icon.png").views[0, ..., 0]


@pytest.mark.parametrize(
    ("ground", "figure"), [("#ff3670", "white"), ("#204080", "white"), ("#ffe040", "black")]
)
def test_the_figure_alone_is_drawn(tmp_path, ground, figure):
    square = view(tile(ground, figure, radius=0), tmp_path)
    rounded = view(tile(ground, figure), tmp_path)
    assert np.abs(rounded.astype(int) - square).mean() < 1


def test_the_clear_corners_have_the_colour_of_the_tile():
    assert tile_of(tile("#ff3670", "white")) == (255, 54, 112, 255)


def frame():
    """A dark frame with rounded corners around something white."""
    picture = tile("#204080", None)
    ImageDraw.Draw(picture).rectangle((24, 24, 175, 175), fill="white")
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        frame(),
        tile("black", CLEAR),  # a figure cut out of ink
        tile("#ff3670", None),
        tile("#ff3670", "white", radius=100),
        tile("#ff3670", "white", box=(10, 10, 190, 190)),
        tile("#ff3670", "white", radius=0),
        Image.new("RGBA", (SIDE, SIDE), CLEAR),
        tile("#ff3670", "white").rotate(30),
    ],
    ids=["frame", "cut out", "plain", "round", "within", "square", "clear", "turned"],
)
def test_anything_else_is_no_tile(picture):
    assert tile_of(picture) is None
