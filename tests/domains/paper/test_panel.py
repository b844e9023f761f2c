"""Pale panels behind plots are paper; pale things that are drawn stay."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.domains.drawings.ink import ink_of
from opensearch.domains.paper.panel import without_panel

PAGE, PANEL = (320, 240), (30, 15, 270, 215)
SHADES = {"ggplot2": (235, 235, 235), "seaborn": (234, 234, 242), "plotly": (229, 236, 246)}


def plot(shade, panels=(PANEL,), grid=True, strips=None):
    """A page with a curve, points and labels on each panel; all white behind them for `None`."""
    page = Image.new("RGB", PAGE, "white")
    pen = ImageDraw.Draw(page)
    for left, top, right, bottom in panels:
        if shade:
            pen.rectangle((left, top, right, bottom), fill=shade)
        if shade and grid:
            for x in range(left + 20, right, 40):
                pen.line((x, top, x, bottom), fill="white", width=2)
            for y in range(top + 15, bottom, 40):
                pen.line((left, y, right, y), fill="white", width=1)
        if strips:
            pen.rectangle((left, top, right, top + 14), fill=strips)
        pen.text((left + 10, top + 1), "set", fill=(20, 20, 20))
        xs = np.linspace(left + 10, right - 10, 40)
        ys = bottom - 20 - (bottom - top - 60) * (xs - left) ** 2 / (right - left) ** 2
        pen.line(list(zip(xs, ys, strict=True)), fill=(0, 0, 0), width=2)
        for x, y in list(zip(xs, ys, strict=True))[::8]:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=(200, 30, 30))
        pen.text((left, bottom + 4), "1   2", fill=(60, 60, 60))
    return np.asarray(page)


def compressed(quality):
    def made(rgb):
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "jpeg", quality=quality)
        return np.asarray(Image.open(file))

    return made


def alike(one, other):
    """Share of the ink of either that both have, a pixel aside."""
    from scipy.ndimage import maximum_filter

    a, b = one > 0.5, other > 0.5
    near = maximum_filter(a, 3) & b, maximum_filter(b, 3) & a
    return min(near[0].sum() / b.sum(), near[1].sum() / a.sum())


@pytest.mark.parametrize(
    "made",
    [np.asarray, compressed(90), compressed(85)],
    ids=["png", "jpeg 90", "jpeg 85"],
)
@pytest.mark.parametrize("grid", [True, False])
@pytest.mark.parametrize("shade", SHADES.values(), ids=SHADES)
def test_a_plot_is_its_curve_and_not_the_panel_behind(shade, grid, made):
    assert alike(ink_of(made(plot(shade, grid=grid))), ink_of(plot(None))) > 0.9


@pytest.mark.parametrize("quality", [75, 60])
@pytest.mark.parametrize("grid", [True, False])
@pytest.mark.parametrize("shade", SHADES.values(), ids=SHADES)
def test_panels_are_found_in_pictures_of_strong_compression(shade, grid, quality):
    rgb = compressed(quality)(plot(shade, grid=grid))
    assert (without_panel(rgb)[30:60, 40:100] == 255).mean() > 0.8


def test_panels_side_by_side_and_their_headings_are_paper():
    panels = [(30, 10, 145, 105), (160, 10, 275, 105), (30, 125, 145, 220)]
    faceted = plot((235, 235, 235), panels, strips=(217, 217, 217))
    assert alike(ink_of(faceted), ink_of(plot(None, panels))) > 0.9


def test_an_empty_page_of_one_point_keeps_the_point():
    sparse = np.array(plot((235, 235, 235)))
    sparse[16:215, 31:270] = 235
    sparse[100:105, 150:155] = 0
    ink = ink_of(sparse)
    assert ink[102, 152] > 0.9
    assert ink[60:90, 60:250].max() < 0.1


@pytest.mark.parametrize("foot", [205, 216])
def test_pale_bars_of_a_plot_stay(foot):
    bars = np.array(plot((235, 235, 235)))
    for left in (60, 110, 160):
        bars[120:foot, left : left + 30] = 210
    bare = without_panel(bars)
    assert (bare[150, [75, 125, 175]] == 210).all()
    assert (bare[40, [75, 125, 175]] == 255).all()


def area(left):
    """Columns of a filled area, as deep as the panel at its right end."""
    return [(x, 200 - (x - 31) * 180 // 239, x, 215) for x in range(left, 260)]


@pytest.mark.parametrize(
    "filled", [area(45), [(x, 60, x + 30, 215) for x in range(40, 230, 40)]], ids=["area", "bars"]
)
def test_what_stands_on_the_bottom_of_a_panel_hides_none_of_it(filled):
    page = Image.fromarray(plot((229, 236, 246)))
    pen = ImageDraw.Draw(page)
    for box in filled:
        pen.rectangle(box, fill=(40, 90, 160))
    bare = without_panel(np.asarray(page))
    assert (bare[20:50, 60:100] == 255).mean() > 0.8
    assert tuple(bare[205, 225]) == (40, 90, 160)


def test_bars_paler_than_headings_stay_where_headings_are():
    panels = [(30, 10, 145, 105), (160, 10, 275, 105), (30, 125, 145, 220)]
    bars = np.array(plot((235, 235, 235), panels, strips=(217, 217, 217)))
    bars[60:95, 60:80] = bars[60:95, 190:210] = 226
    bare = without_panel(bars)
    assert (bare[70, [70, 200]] == 226).all()
    assert (bare[17, [100, 250]] == 255).all()


def ghost(pen):
    """A pale figure with dark eyes."""
    pen.ellipse((80, 20, 240, 180), fill=(236, 236, 236))
    pen.rectangle((80, 100, 240, 225), fill=(236, 236, 236))
    pen.ellipse((120, 80, 140, 100), fill="black")
    pen.ellipse((180, 80, 200, 100), fill="black")


def radio(pen):
    """A pale case with round corners and dark knobs."""
    pen.rounded_rectangle((30, 40, 290, 210), 20, fill=(230, 230, 230))
    pen.ellipse((60, 100, 80, 120), fill="black")
    pen.ellipse((240, 100, 260, 120), fill="black")


def slab(pen):
    """A pale rectangle that nothing is drawn on, and a dark one beside it."""
    pen.rectangle((30, 40, 200, 210), fill=(230, 230, 230))
    pen.rectangle((230, 40, 290, 210), fill=(40, 40, 40))


def flag(pen):
    """A rectangle of no pale colour."""
    pen.rectangle((30, 40, 290, 210), fill=(180, 200, 230))
    pen.ellipse((130, 90, 190, 150), fill="black")


def door(pen):
    """A pale rectangle with a dark knob."""
    pen.rectangle((90, 10, 230, 230), fill=(225, 220, 218))
    pen.ellipse((210, 115, 222, 127), fill="black")


def bars(pen):
    """Pale bars with their values in them."""
    for left, top in ((30, 120), (120, 60), (210, 20)):
        pen.rectangle((left, top, left + 70, 225), fill=(230, 230, 230))
        pen.text((left + 20, top + 20), "12", fill="black")


@pytest.mark.parametrize("draw", [ghost, radio, slab, flag, door, bars])
def test_what_is_drawn_in_pale_shades_stays(draw):
    page = Image.new("RGB", PAGE, "white")
    draw(ImageDraw.Draw(page))
    rgb = np.asarray(page)
    assert without_panel(rgb) is rgb


def test_a_photograph_of_pale_things_stays():
    rng = np.random.default_rng(0)
    rgb = np.clip(235 + rng.normal(0, 4, (*PAGE[::-1], 3)), 0, 255).astype(np.uint8)
    rgb[80:120, 100:200] = 20
    assert without_panel(rgb) is rgb
