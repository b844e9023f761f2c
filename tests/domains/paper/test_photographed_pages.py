"""Pages in photographs: which is found, and what of it is ink."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import label

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.drawings.ink import normalise
from opensearch.domains.opening.drawn_page import LEAST, NAMES, SEARCHED, drawn_page, page_traits
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.opening.rule import shipped_rule
from opensearch.domains.paper.lighting import paper_darkness
from opensearch.domains.paper.page import find_page, warped
from opensearch.domains.paper.ruling import without_ruling
from opensearch.domains.paper.sheet import is_grainy
from opensearch.errors import UnreadableFile

Rgb = NDArray[np.uint8]
SIZE, STROKE = 160, 0.014
CORNERS = [(120, 40), (520, 70), (490, 440), (90, 410)]


def drawn(page: Rgb, ink: tuple[int, int, int] = (50, 50, 60)) -> Rgb:
    """A page of 400 pixels with a house and a sun on it."""
    picture = Image.fromarray(page)
    pen = ImageDraw.Draw(picture)
    walls = [(120, 300), (120, 190), (190, 130), (260, 190), (260, 300), (120, 300)]
    pen.line(walls, fill=ink, width=5, joint="curve")
    pen.ellipse((280, 90, 330, 140), outline=ink, width=5)
    return np.asarray(picture)


def sheet(*shade: int) -> Rgb:
    return np.full((400, 400, 3), shade, np.uint8)


def table(seed: int = 0) -> NDArray[np.float64]:
    """Coarse patches of colour, shape (480, 640, 3)."""
    patches = np.random.default_rng(seed).uniform(20, 110, (12, 16, 3)).astype(np.uint8)
    large = Image.fromarray(patches).resize((640, 480), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64)


def laid(page: Rgb, ground: NDArray[np.float64], corners: list[tuple[int, int]]) -> Rgb:
    """A page on a table, in perspective, with a sensor's grain."""
    height, width = page.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    seen = warped(page, whole, np.array(corners, float), (640, 480))
    mask = warped(np.full_like(page, 255), whole, np.array(corners, float), (640, 480)) / 255
    grain = np.random.default_rng(1).normal(0, 2, ground.shape)
    return (ground * (1 - mask) + seen * mask + grain).clip(0, 255).astype(np.uint8)


def shadowed(photo: Rgb, sharpness: float) -> Rgb:
    """The photo with half of it in shadow, over a corner of the page."""
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
    dark = 1 / (1 + np.exp(-(x - y - 60) / sharpness))
    return (photo * (1 - 0.5 * dark[..., None])).astype(np.uint8)


def alike(a: Rgb, b: Rgb) -> float:
    soft = [
        np.asarray(Image.fromarray(v).filter(ImageFilter.GaussianBlur(3)), float).ravel()
        for v in (a, b)
    ]
    return float(np.corrcoef(*soft)[0, 1])


CLEAN = normalise(drawn(sheet(255, 255, 255), (0, 0, 0)), SIZE, STROKE)


def lined() -> Rgb:
    page = sheet(235, 235, 228).copy()
    page[10::22] = page[11::22] = (150, 175, 215)
    return page


def squared() -> Rgb:
    page = lined()
    page[:, 8::22] = page[:, 9::22] = (150, 175, 215)
    return page


@pytest.mark.parametrize("page", [lined(), squared()], ids=["lined", "squared"])
def test_a_drawing_on_printed_lines_is_read_as_a_clean_one(page: Rgb) -> None:
    photo = laid(drawn(page), table(), CORNERS)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.7


@pytest.mark.parametrize("page", [sheet(235, 235, 228), lined(), squared()])
def test_an_empty_page_on_a_table_has_no_ink(page: Rgb) -> None:
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(laid(page, table(), CORNERS), SIZE, STROKE)


def test_an_empty_page_beside_other_things_has_no_ink() -> None:
    """The page and what lies beside it look as much like a page, and have marks."""
    ground = table() + 40
    for at in range(520, 620, 14):
        ground[80:420, at : at + 5] = 20
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(laid(sheet(240, 236, 225), ground, CORNERS), SIZE, STROKE)


def creased(page: Rgb) -> Rgb:
    """The page, with many creases from side to side and corner to corner."""
    light = Image.new("L", page.shape[1::-1], 255)
    pen = ImageDraw.Draw(light)
    for at in range(0, 400, 50):
        pen.line((at, 0, 399 - at, 399), fill=215, width=4)
        pen.line((0, at, 399, (at * 3) % 400), fill=215, width=4)
    soft = np.asarray(light.filter(ImageFilter.GaussianBlur(1.5)), float) / 255
    return (page * soft[..., None]).astype(np.uint8)


def test_creases_are_no_ink() -> None:
    photo = laid(creased(drawn(sheet(240, 236, 225))), table(), CORNERS)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.8


def face(dots: list[tuple[int, int]], radius: int) -> Rgb:
    """A large circle on a page of 400 pixels, and dots."""
    picture = Image.fromarray(sheet(240, 238, 232))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((80, 80, 320, 320), outline=(50, 50, 60), width=5)
    for x, y in dots:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(50, 50, 60))
    return np.asarray(picture)


@pytest.mark.parametrize(
    ("dots", "radius", "parts"),
    [
        ([(160, 170), (240, 170)], 3, 3),
        ([(160, 170), (240, 170)], 1, 1),
        ([(40, 40), (360, 350)], 3, 1),
        ([(x, y) for x in range(120, 300, 36) for y in (150, 190, 230)], 3, 1),
    ],
    ids=["eyes", "dust", "beside the drawing", "grain"],
)
def test_of_dots_on_a_page_those_that_are_drawn_stay(
    dots: list[tuple[int, int]], radius: int, parts: int
) -> None:
    view = normalise(laid(face(dots, radius), table(), CORNERS), SIZE, STROKE)
    assert label(view < 160, structure=np.ones((3, 3)))[1] == parts


def test_a_red_margin_is_no_ink() -> None:
    page = lined()
    page[:, 40:43] = (225, 120, 120)
    photo = laid(drawn(page), table(), CORNERS)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.7


def test_white_paper_on_a_white_table_is_found_beside_other_things() -> None:
    ground = np.full((480, 640, 3), 222.0)
    ground[:90, 540:] = ground[420:, :60] = 40
    found = find_page(laid(drawn(sheet(236, 233, 228)), ground, CORNERS))
    assert found is not None
    assert np.abs(found.corners - CORNERS).max() < 12


@pytest.mark.parametrize("dark", [65, 80])
def test_printed_lines_that_end_at_a_grainy_table_are_no_shadow_over_a_page(dark: int) -> None:
    """Grey beside grey might be the edge of a shadow, but there the lines would run on."""
    blots = np.random.default_rng(3).normal(0, 1, (160, 214, 1))
    grain = np.kron(blots, np.ones((3, 3, 1)))[:, :640]
    page = sheet(246, 246, 246).copy()
    page[8::12] = page[:, 8::12] = 190
    corners = [(130, -20), (500, -10), (560, 520), (100, 500)]
    ground = np.broadcast_to(dark + 30 * grain, (480, 640, 3))
    found = find_page(laid(drawn(page), ground, corners))
    assert found is not None
    in_view = [(129, 0), (501, 0), (555, 479), (101, 479)]
    assert np.abs(found.corners - in_view).max() < 12


def test_a_page_that_is_sharp_on_all_sides_is_no_shadow_whatever_lies_beside_it() -> None:
    """Grey on grey, printed lines and marks of the table meet all around the page."""
    page = sheet(180, 180, 180).copy()
    page[8::16] = page[:, 8::16] = 150
    corners = np.array([(60, 50), (565, 26), (596, 448), (81, 464)])
    ground = np.full((480, 640, 3), 100.0)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        for x, y in np.rint(a + np.linspace(0.05, 0.95, 12)[:, None] * (b - a)).astype(int):
            ground[y - 9 : y + 9, x - 2 : x + 2] = ground[y - 2 : y + 2, x - 9 : x + 9] = 30
    found = find_page(laid(drawn(page), ground, corners.tolist()))
    assert found is not None
    assert np.abs(found.corners - corners).max() < 6


@pytest.mark.parametrize(("breadth", "is_page"), [(1, True), (16, False)], ids=["page", "shadow"])
def test_a_corner_of_a_page_on_a_table_of_its_colour_is_told_from_a_soft_shadow(
    breadth: int, is_page: bool
) -> None:
    """Two sides out of view, and the others part two greys: sharply, or as a shadow does."""
    mask = Image.new("L", (640, 480))
    ImageDraw.Draw(mask).polygon([(-60, 40), (540, 20), (500, 540), (-60, 540)], fill=255)
    light = np.asarray(mask.filter(ImageFilter.GaussianBlur(breadth)), float)[..., None] / 255
    page = np.asarray(Image.fromarray(drawn(sheet(255, 255, 255))).resize((640, 480)), float)
    inked = np.where(light > 0.9, page / 255, 1.0)
    grain = np.random.default_rng(1).normal(0, 2, (480, 640, 3))
    photo = ((95 + 140 * light) * inked + grain).clip(0, 255).astype(np.uint8)
    found = find_page(photo)
    assert (found is not None) == is_page
    if found is not None:
        assert np.abs(found.corners[1] - (540, 20)).max() < 8


def test_yellow_paper_in_dim_light_is_no_board() -> None:
    page = drawn(sheet(128, 112, 44), (25, 22, 20)).copy()
    page[:40] = table()[:40, :400]
    assert paper_darkness(page)[190:300, 120:123].mean() > 0.5


@pytest.mark.parametrize("sharpness", [8.0, 20.0])
def test_a_shadow_over_the_page_changes_little(sharpness: float) -> None:
    photo = shadowed(laid(drawn(sheet(240, 236, 225)), table(), CORNERS), sharpness)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.8


def test_chalk_on_a_board_before_a_bright_wall() -> None:
    photo = laid(drawn(sheet(45, 60, 50), (215, 215, 210)), table() + 130, CORNERS)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.65


def test_of_two_sheets_the_one_drawn_on_is_read() -> None:
    ground = laid(sheet(225, 228, 235), table(), [(-90, 30), (170, 90), (120, 430), (-90, 400)])
    corners = [(260, 40), (600, 100), (540, 440), (200, 380)]
    photo = laid(drawn(sheet(235, 230, 215)), ground.astype(float), corners)
    found = find_page(photo)
    assert found is not None
    assert np.abs(found.corners - corners).max() < 20


def test_lines_that_run_together_in_perspective_go() -> None:
    """Of a page whose sides are out of view, so that nothing says how it lies."""
    corners = [(-300, -60), (900, -200), (1000, 700), (-260, 560)]
    photo = laid(squared(), table(), corners)
    dark = paper_darkness(photo)
    assert np.percentile(dark, 90) > 0.15
    assert np.percentile(without_ruling(dark), 98) < 0.08


def test_a_page_that_fills_an_evenly_lit_picture_is_photographed_all_the_same() -> None:
    page = drawn(squared())
    grain = np.random.default_rng(2).normal(0, 2, page.shape)
    photo = (page + grain).clip(0, 255).astype(np.uint8)
    assert alike(normalise(photo, SIZE, STROKE), CLEAN) > 0.8


def test_only_a_photograph_is_read_again_with_more_pixels(tmp_path: Path) -> None:
    photo = laid(drawn(sheet(240, 236, 225)), table(), CORNERS)
    read = open_reader(ReaderSettings(reader="sketch", size=SIZE, stroke=STROKE))
    Image.fromarray(photo).resize((2560, 1920)).save(tmp_path / "photo.jpg")
    Image.fromarray(photo).resize((320, 240)).save(tmp_path / "small.png")
    fine, coarse = (read(tmp_path / name).views[0] for name in ("photo.jpg", "small.png"))
    clean = np.repeat(CLEAN[..., None], 3, axis=2)
    assert alike(fine, clean) > max(0.8, alike(coarse, clean))
    asked: list[float] = []

    def finer(share: float) -> Rgb:
        asked.append(share)
        return photo

    normalise(drawn(sheet(255, 255, 255)), SIZE, STROKE, finer=finer)
    assert not asked
    normalise(photo, SIZE, STROKE, finer=finer)
    assert asked == [pytest.approx(410 / 640, abs=0.05)]


def test_a_picture_of_flat_colours_is_no_photograph() -> None:
    """Its border is of many shades, as a photograph's is."""
    picture = Image.new("RGB", (200, 200), (90, 160, 230))
    pen = ImageDraw.Draw(picture)
    for at in range(0, 200, 20):
        pen.rectangle((at, 100 + at // 4, at + 19, 199), fill=(at, 120, 60))
    pen.rectangle((60, 50, 140, 120), fill=(230, 220, 200), outline=(60, 40, 30), width=4)
    flat = np.asarray(picture)
    assert not is_grainy(flat, even=False)
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::3] = 255
    assert not is_grainy(stripes, even=True)
    assert is_grainy(laid(drawn(sheet(240, 236, 225)), table(), CORNERS), even=False)
    assert (normalise(flat, SIZE, STROKE) < 128).any()


def test_a_scan_without_grain_is_read_without_the_scanners_lid() -> None:
    """The page lies askew on the glass; the lid shows at two of its sides."""
    lid = np.full((400, 400, 3), 70, np.uint8)
    whole = np.array([[0, 0], [400, 0], [400, 400], [0, 400]], float)
    askew = np.array([[14, 16], [400, 12], [400, 400], [22, 400]], float)
    page = drawn(sheet(210, 205, 198))
    mask = warped(np.full_like(page, 255), whole, askew, (400, 400)) > 127
    scan = np.where(mask, warped(page, whole, askew, (400, 400)), lid)
    assert not is_grainy(scan, even=True)
    found, clean = (normalise(sheet, SIZE, STROKE) for sheet in (scan, page))
    assert alike(found, clean) > 0.8


@pytest.mark.parametrize("page", [sheet(225, 222, 215), lined()], ids=["plain", "lined"])
@pytest.mark.parametrize("seed", range(2))
def test_a_drawing_on_its_page_is_taken_for_a_drawing(page, seed, tmp_path):
    file = tmp_path / "a.jpg"
    Image.fromarray(laid(drawn(page), table(seed), CORNERS)).save(file)
    assert guess_domain(file).domain == "sketch"
    # An index of thousands looks at large files alone; a query is one picture.
    assert guess_domain(file, hurried=True).domain == "photo"
    file.write_bytes(file.read_bytes() + bytes(200_000))
    assert guess_domain(file, hurried=True).domain == "sketch"


def poster(seed: int) -> Rgb:
    """A picture in many colours, of 400 pixels."""
    patches = np.random.default_rng(seed).integers(0, 255, (7, 7, 3), np.uint8)
    return np.asarray(Image.fromarray(patches).resize((400, 400), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("seed", range(2))
def test_a_poster_and_a_box_on_a_table_are_photos(seed, tmp_path):
    for number, page in enumerate((poster(seed), sheet(70, 60, 160))):
        file = tmp_path / f"{number}.png"
        Image.fromarray(laid(page, table(seed), CORNERS)).save(file)
        assert guess_domain(file).domain == "photo"


def test_what_is_too_small_to_be_legible_is_not_searched_for_a_page():
    seen = laid(drawn(sheet(225, 222, 215)), table(), CORNERS)
    small = {side: Image.fromarray(seen) for side in (SEARCHED, LEAST - 1)}
    for side, picture in small.items():
        picture.thumbnail((side, side))
    assert drawn_page(np.asarray(small[SEARCHED])) > 0
    assert drawn_page(np.asarray(small[LEAST - 1])) is None


def test_the_traits_of_a_page_are_those_of_its_rule():
    seen = laid(drawn(sheet(225, 222, 215)), table(), CORNERS)
    measured = page_traits(seen, find_page(seen))
    by_name = dict(zip(NAMES, measured, strict=True))
    assert shipped_rule("drawn_page").weights.shape == (2 * len(NAMES),)
    x, y = np.array(CORNERS, float).T
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2 / (640 * 480)
    assert by_name["area"] == pytest.approx(area, abs=0.03)
    assert by_name["brightness"] == pytest.approx(225 / 255, abs=0.03)
    assert by_name["saturation"] < 0.1
    assert by_name["uneven rim"] < 0.05


def test_a_page_without_ink_is_looked_for_again_with_more_pixels(monkeypatch):
    fine = laid(drawn(sheet(225, 222, 215)), table(), CORNERS)
    coarse = np.asarray(Image.fromarray(fine).resize((320, 240)))
    wanted = normalise(fine, SIZE, STROKE)

    def strip_in_few_pixels(rgb):
        page = find_page(rgb)
        strip = np.array([[5, 60], [25, 60], [25, 180], [5, 180]], float)
        return page._replace(corners=strip) if len(rgb) < 480 else page

    monkeypatch.setattr("opensearch.domains.drawings.ink.find_page", strip_in_few_pixels)
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(coarse, SIZE, STROKE)
    found = normalise(coarse, SIZE, STROKE, finer=lambda share: fine)
    assert np.array_equal(found, wanted)
