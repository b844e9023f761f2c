"""What of photographed paper is dark, and when a sheet is a board."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.domains.paper.lighting import paper_darkness


def sheet(ground, ink, every=0, width=6):
    """A sheet with a thick line across, printed squares of so many pixels, and grain."""
    picture = Image.new("RGB", (640, 380), ground)
    pen = ImageDraw.Draw(picture)
    if every:
        lines = tuple(round(0.72 * value) for value in ground)
        for at in range(0, 640, every):
            pen.line([(at, 0), (at, 380)], fill=lines, width=2)
            pen.line([(0, at), (640, at)], fill=lines, width=2)
    pen.line([(150, 80), (480, 300)], fill=ink, width=width)
    grain = np.random.default_rng(0).normal(0, 2, (380, 640, 1))
    return (np.asarray(picture) + grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("every", [13, 15, 17, 19, 24])
def test_squared_paper_in_dim_light_is_no_board(every):
    dark = paper_darkness(sheet((112, 106, 92), (45, 45, 50), every))
    assert np.median(dark) < 0.12
    assert dark[190, 310:320].max() > 0.4  # the line


@pytest.mark.parametrize("width", [3, 6, 12])
def test_chalk_is_ink_on_a_board_however_thick(width):
    dark = paper_darkness(sheet((55, 62, 58), (210, 212, 205), width=width))
    assert np.median(dark) < 0.06
    assert dark[190, 305:325].max() > 0.4
