"""Pale fills beside dark strokes stay pale; pale drawings alone come out dark."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.domains.drawings.depth import full_darkness, least_of_strokes
from opensearch.domains.drawings.ink import normalise


def sheet(draw, side=200):
    image = Image.new("RGB", (side, side), "white")
    draw(ImageDraw.Draw(image))
    return np.asarray(image)


def view(draw, **more):
    return normalise(sheet(draw), 128, 0.014, **more)


def diagram(fill, line="black"):
    def draw(pen):
        pen.rectangle([30, 30, 170, 170], fill=fill, outline=line, width=3)
        pen.ellipse([70, 70, 130, 130], fill=fill, outline=line, width=3)

    return draw


@pytest.mark.parametrize("fill", [(225, 225, 225), (230, 240, 255), (190, 190, 190)])
@pytest.mark.parametrize("drawn", [True, False])
def test_what_is_drawn_on_a_pale_fill_is_seen(fill, drawn):
    found = view(diagram(fill), drawn=drawn)
    inside, circle = found[20:40, 20:40], found[64, 40:60]
    assert inside.min() > 90  # it was black
    assert circle.min() < 60


def test_thin_strokes_on_a_pale_fill_stay_darker_in_a_small_view():
    def draw(pen):
        pen.rectangle([50, 50, 750, 750], fill=(215, 215, 215), outline="black", width=3)
        pen.line([50, 400, 750, 400], fill="black", width=3)

    found = normalise(sheet(draw, 800), 96, 0.014)
    assert found[20:40, 20:76].min() > 120
    assert found[48, 20:76].min() < 60


def test_a_dark_fill_stays_as_it_was():
    assert view(diagram((120, 120, 120)))[20:40, 20:40].max() < 128


@pytest.mark.parametrize("dots", [[], [(60, 110), (100, 110)]])
def test_a_pale_shape_with_few_dark_dots_is_the_drawing(dots):
    def draw(pen):
        pen.rounded_rectangle([20, 40, 180, 160], 12, fill=(220, 220, 220))
        for x, y in dots:
            pen.rectangle([x, y, x + 5, y + 5], fill="black")

    assert view(draw, drawn=True)[50:80, 20:108].max() < 60


def reference(dark, floor):
    """The rule of before, for what holds no pale area."""
    drawn = dark[dark > floor]
    return float(np.percentile(drawn, 80)) if drawn.size else 1.0


def test_strokes_alone_count_as_before():
    rng = np.random.default_rng(0)
    for _ in range(20):
        lines = [tuple(rng.integers(0, 200, 4)) for _ in range(rng.integers(1, 12))]

        def draw(pen, lines=lines):
            for line in lines:
                grey = int(rng.integers(0, 160))
                pen.line([int(at) for at in line], fill=(grey,) * 3, width=int(rng.integers(1, 6)))

        dark = 1 - sheet(draw)[..., 0].astype(np.float32) / 255
        assert least_of_strokes(dark, 0.08) == 0.08
        assert full_darkness(dark, 0.08) == reference(dark, 0.08)
    assert full_darkness(np.zeros((20, 20), np.float32), 0.08) == 1.0
