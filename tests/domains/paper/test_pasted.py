"""Sheets that lie on even ground in a picture, as in screenshots, and ink that reaches its edge."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.drawings.ink import ink_of, normalise
from opensearch.domains.paper.pasted import find_pasted
from opensearch.domains.paper.sheet import is_white

Rgb = NDArray[np.uint8]
SIZE, STROKE = 160, 0.014
RESIZED = Image.Resampling.BOX


def house(paper: int = 255, grain: float = 0) -> Image.Image:
    """A house on a sheet of 400 by 300 pixels, with a sensor's grain."""
    picture = Image.new("RGB", (400, 300), (paper,) * 3)
    pen = ImageDraw.Draw(picture)
    walls = [(120, 240), (120, 130), (190, 70), (260, 130), (260, 240), (120, 240)]
    pen.line(walls, fill=(50, 50, 60), width=5, joint="curve")
    pen.rectangle((170, 180, 205, 240), outline=(50, 50, 60), width=5)
    values = np.asarray(picture) + np.random.default_rng(0).normal(0, grain, (300, 400, 1))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def between_bars(sheet: Image.Image, shade: int, top: int = 150, bottom: int = 150) -> Rgb:
    size = (sheet.width, sheet.height + top + bottom)
    whole = Image.new("RGB", size, (shade,) * 3)
    whole.paste(sheet, (0, top))
    return np.asarray(whole)


def view(rgb: Rgb) -> Rgb:
    return normalise(rgb, SIZE, STROKE)


def alike(a: Rgb, b: Rgb) -> float:
    soft = [
        np.asarray(Image.fromarray(v).filter(ImageFilter.GaussianBlur(3)), float).ravel()
        for v in (a, b)
    ]
    return float(np.corrcoef(*soft)[0, 1])


@pytest.mark.parametrize("shade", [0, 20, 240, 255], ids=["black", "dark", "pale", "white"])
@pytest.mark.parametrize(("paper", "grain"), [(228, 0), (228, 3)], ids=["drawn", "scanned"])
def test_a_sheet_between_bars_is_read_without_them(shade, paper, grain):
    clean = view(np.asarray(house()))
    assert alike(view(between_bars(house(paper, grain), shade)), clean) > 0.9


def test_a_white_sheet_between_dark_bars_is_read_without_them():
    clean = view(np.asarray(house()))
    assert alike(view(between_bars(house(), 20)), clean) > 0.98


def test_the_screenshot_of_a_phone_shows_the_sheet_alone():
    """Small writing lies on the bars, of which the lower one is higher."""
    screen = Image.fromarray(between_bars(house(240, 2), 18, 90, 420))
    pen = ImageDraw.Draw(screen)
    for x in (20, 340):
        pen.rectangle((x, 10, x + 35, 22), fill=(230, 230, 230))
    pen.rectangle((180, 760, 220, 772), fill=(230, 230, 230))
    assert alike(view(np.asarray(screen)), view(np.asarray(house()))) > 0.9


def test_a_sheet_is_found_where_it_lies_also_in_another_size():
    """The picture is higher than wide, and the sheet wider than high."""
    whole = np.full((600, 400, 3), 255, np.uint8)
    whole[150:450, 60:400] = 230
    whole[200:400, 100:300] = 40
    found = find_pasted(whole)
    assert found == (0.25, 0.75, 0.15, 1, pytest.approx(340 / 600))
    for by in (1, 2):
        sheet = found.cut_out(whole.repeat(by, axis=0).repeat(by, axis=1))
        assert sheet.shape == (300 * by - 4, 340 * by - 4, 3)
        assert (sheet[0] == 230).all()
        assert (sheet[:, -1] == 230).all()


def test_a_scan_on_even_ground_is_read_again_as_large_as_it_needs():
    whole = between_bars(house(228, 3), 20)
    large = whole.repeat(3, axis=0).repeat(3, axis=1)
    asked = []

    def finer(share):
        asked.append(share)
        return large

    ink = ink_of(whole, finer=finer)
    assert asked == [pytest.approx(400 / 600)]
    assert ink.shape == (3 * 300 - 4, 3 * 400 - 4)


@pytest.mark.parametrize("longer", [460, 900, 3000])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_scan_in_a_screenshot_is_read_with_all_its_pixels(tmp_path, longer, share):
    """Where the scan is small in its picture, the reader leaves most of the picture out."""
    size = (round(longer * 0.6), longer)
    scan = house(228, 3)
    scan = scan.resize((round(share * size[0]), round(share * size[0] * 0.75)), RESIZED)
    grain = np.random.default_rng(1).normal(0, 3, (scan.height, scan.width, 1))
    noisy = (np.asarray(scan) + grain).clip(0, 255).astype(np.uint8)
    screen = Image.new("RGB", size, (20, 20, 20))
    screen.paste(Image.fromarray(noisy), (size[0] // 20, longer // 8))
    screen.save(tmp_path / "a.png")
    settings = ReaderSettings(reader="sketch", size=SIZE, stroke=STROKE)
    seen = open_reader(settings)(tmp_path / "a.png").views[0][..., 0]
    assert alike(seen, view(np.asarray(house()))) > 0.8


def framed() -> Rgb:
    """A drawn frame: within it is the ground again."""
    picture = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((60, 50, 340, 250), outline=(0, 0, 0), width=9)
    pen.ellipse((150, 100, 250, 200), outline=(0, 0, 0), width=5)
    return np.asarray(picture)


def bag() -> Rgb:
    """A filled thing, of which a handle rises over its straight edge."""
    picture = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(picture)
    pen.arc((140, 60, 260, 180), 180, 360, fill=(210, 205, 200), width=14)
    pen.rectangle((60, 120, 340, 270), fill=(210, 205, 200))
    pen.ellipse((150, 150, 250, 240), outline=(50, 50, 60), width=5)
    return np.asarray(picture)


def filled(inside: tuple[int, int, int], around: tuple[int, int, int] = (255, 255, 255)) -> Rgb:
    """A filled shape with corners that are hardly round."""
    picture = Image.new("RGB", (400, 300), around)
    ImageDraw.Draw(picture).rounded_rectangle((60, 50, 340, 250), 8, fill=inside)
    return np.asarray(picture)


def door() -> Rgb:
    """A pale door with a knob."""
    picture = Image.fromarray(filled((215, 205, 190)))
    ImageDraw.Draw(picture).ellipse((300, 140, 320, 160), fill=(60, 50, 40))
    return np.asarray(picture)


def envelope(open_above: bool = False) -> Rgb:
    """Pale, with an outline and the lines of its flap."""
    picture = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((60, 50, 340, 250), fill=(240, 238, 225), outline=(20, 20, 20), width=3)
    pen.line([(60, 50), (200, 160), (340, 50)], fill=(20, 20, 20), width=3)
    if open_above:
        pen.rectangle((63, 50, 337, 52), fill=(240, 238, 225))
    return np.asarray(picture)


def panel() -> Rgb:
    """Dark, with a large circle on it."""
    picture = Image.fromarray(filled((110, 100, 90)))
    ImageDraw.Draw(picture).ellipse((120, 80, 260, 220), outline=(20, 20, 20), width=5)
    return np.asarray(picture)


DRAWN = {
    "frame": framed(),
    "bag": bag(),
    "dark": filled((40, 40, 40)),
    "pale": filled((200, 200, 210)),
    "brown": filled((205, 180, 150)),
    "white": filled((255, 255, 255), (0, 0, 0)),
    "white on blue": filled((255, 255, 255), (30, 60, 200)),
    "door": door(),
    "envelope": envelope(),
    "open envelope": envelope(open_above=True),
    "panel": panel(),
}


@pytest.mark.parametrize(
    "paper",
    [(245, 235, 200), (205, 175, 135), (255, 240, 130)],
    ids=["cream", "kraft", "sticky note"],
)
@pytest.mark.parametrize("ground", [(30, 30, 30), (255, 255, 255)], ids=["dark", "white"])
def test_a_small_drawing_on_coloured_paper_is_read_without_what_lies_around_it(paper, ground):
    picture = Image.new("RGB", (600, 500), ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((100, 100, 499, 399), fill=paper)
    pen.ellipse((270, 220, 330, 280), outline=(40, 40, 50), width=4)
    circle = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(circle).ellipse((120, 120, 180, 180), outline=(40, 40, 50), width=4)
    assert alike(view(np.asarray(picture)), view(np.asarray(circle))) > 0.9


def test_a_shaded_shape_that_holds_no_ink_as_a_sheet_is_read_as_a_shape():
    shade = np.linspace(240, 150, 200)[:, None, None]
    picture = np.full((300, 400, 3), 255, np.uint8)
    picture[50:250, 60:340] = shade.astype(np.uint8)
    assert find_pasted(picture) is not None
    rows, columns = np.nonzero(view(picture) < 250)
    assert min(np.ptp(rows), np.ptp(columns)) > 0.5 * SIZE


@pytest.mark.parametrize("drawing", DRAWN.values(), ids=DRAWN)
def test_what_is_drawn_is_no_sheet(drawing):
    """It has a view, in which its outline or its whole area is ink."""
    assert find_pasted(drawing) is None
    rows, columns = np.nonzero(view(drawing) < 128)
    assert min(np.ptp(rows), np.ptp(columns)) > 0.5 * SIZE


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (3, 3), (45, 45)])
def test_the_smallest_pictures_hold_no_sheet(shape):
    for shade in (0, 255):
        assert find_pasted(np.full((*shape, 3), shade, np.uint8)) is None


def cut_off(soft: float) -> Rgb:
    """A couch whose lines run out of the picture on three sides, their edges soft."""
    picture = Image.new("RGB", (300, 200), "white")
    pen = ImageDraw.Draw(picture)
    for line in (
        [(0, 60), (60, 50), (120, 60), (180, 50), (240, 60), (299, 50)],
        [(20, 199), (30, 100), (270, 100), (280, 199)],
        [(0, 150), (299, 150)],
        [(150, 100), (150, 150)],
        *([(at, 0), (at + 20, 55)] for at in (20, 70, 120, 170, 220)),
        *([(at, 150), (at - 10, 199)] for at in (60, 110, 160, 210)),
    ):
        pen.line(line, fill=(0, 0, 0), width=9, joint="curve")
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(soft)))


def test_lines_that_reach_the_border_of_a_clean_picture_stay():
    whole = np.pad(cut_off(1), ((30, 30), (30, 30), (0, 0)), constant_values=255)
    assert alike(view(cut_off(1)), view(whole)) > 0.95


def test_a_border_in_shadow_is_not_white():
    assert is_white(cut_off(1))
    shadow = np.linspace(140, 255, 100).astype(np.uint8)
    photo = np.full((200, 300, 3), 255, np.uint8)
    photo[:, :100] = shadow[None, :, None]
    assert not is_white(photo)
    assert not is_white(np.full((200, 300, 3), 240, np.uint8))
