"""Imprints of pictures: a copy is known whatever was done to it, another picture is none."""

import io

import numpy as np
import pytest
from drawn import drawing, photo
from finding import copies_among, pairs_among
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from opensearch.domains.reading import imprint_of
from opensearch.imprints import kind_of
from opensearch.imprints.pictures import SIZE, unpacked
from opensearch.imprints.turning import frequencies, opposite, turned, turned_frequencies
from opensearch.search.neighbours import nearest

TURN = Image.Transpose
COUNT = 30


def imprint(picture):
    return imprint_of(picture, picture.width / picture.height)


def saved(picture, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return Image.open(file).convert("RGB")


def cropped(picture):
    width, height = picture.size
    return picture.crop((0, height // 20, width * 9 // 10, height * 19 // 20))


def askew(picture, degrees):
    """As scanned: on white, a little larger than before."""
    turned_by = picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white", expand=True)
    return turned_by.crop((4, 4, turned_by.width - 4, turned_by.height - 4))


MADE = {
    "": lambda picture: picture.copy(),
    "in another format": lambda picture: saved(picture, quality=50),
    "of half the size": lambda picture: picture.reduce(2),
    "of a third of the size": lambda picture: picture.reduce(3),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "cropped": cropped,
    "mirrored": lambda picture: picture.transpose(TURN.FLIP_LEFT_RIGHT),
    "mirrored, turned by 180": lambda picture: picture.transpose(TURN.FLIP_TOP_BOTTOM),
    "turned by 90": lambda picture: picture.transpose(TURN.ROTATE_270),
    "turned by 180": lambda picture: picture.transpose(TURN.ROTATE_180),
    "turned by 270": lambda picture: picture.transpose(TURN.ROTATE_90),
    "mirrored, turned by 90": lambda picture: picture.transpose(TURN.TRANSPOSE),
    "mirrored, turned by 270": lambda picture: picture.transpose(TURN.TRANSVERSE),
    "askew": lambda picture: askew(picture, 3),
    "mirrored, askew": lambda picture: askew(picture.transpose(TURN.FLIP_LEFT_RIGHT), -4),
}
SHOWN = {"in another format", "of half the size", "of a third of the size", "brighter"}


@pytest.fixture(scope="module", params=[photo, drawing])
def imprints(request):
    """Pictures that are not alike, and after them what was made of the first."""
    originals = [request.param(seed) for seed in range(COUNT)]
    return [imprint(each) for each in originals + [make(originals[0]) for make in MADE.values()]]


def test_copies_are_found_and_what_was_done_to_them_is_said(imprints):
    found = pairs_among(imprints)
    for place, made in enumerate(MADE, start=COUNT):
        change, exact = found[0, place]
        assert change == ("" if made in SHOWN else made)
        assert exact == (change == "")


def test_what_is_in_one_group_already_is_not_compared(imprints):
    asked = []

    def apart(first, second):
        asked.extend(zip(first.tolist(), second.tolist(), strict=True))
        return (first > 0) & (second > 0)

    found = pairs_among(imprints, apart)
    assert found.keys() == {pair for pair in pairs_among(imprints) if 0 not in pair}
    assert found.keys() < set(asked)


def test_no_other_picture_is_a_copy(imprints):
    alike = {0, *range(COUNT, len(imprints))}
    assert all(alike.issuperset(pair) for pair in pairs_among(imprints))


def test_one_picture_is_found_among_others_and_so_is_the_whole_of_a_part(imprints):
    found = copies_among(imprints[COUNT + list(MADE).index("cropped")], imprints)
    assert found[0] == ("uncropped", False)
    assert found[COUNT + list(MADE).index("mirrored")] == ("mirrored, uncropped", False)
    assert found.keys() <= {0, *range(COUNT, len(imprints))}


def test_colours_tell_pictures_of_one_form_apart():
    red, blue = (Image.new("RGB", (64, 64), "white") for _ in range(2))
    for picture, colour in ((red, (220, 40, 40)), (blue, (40, 90, 220))):
        picture.paste(colour, (16, 16, 48, 56))
    assert pairs_among([imprint(red), imprint(blue)]) == {}
    assert (0, 1) in pairs_among([imprint(red), imprint(ImageEnhance.Brightness(red).enhance(1.2))])


def pear(shading, side=160):
    """A smooth thing on white, grey by a function of the place, -1..1."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    inside = (x / 0.5) ** 2 + (y / 0.7) ** 2 < 1
    return Image.fromarray(np.where(inside, shading(x, y), 245).astype(np.uint8)).convert("RGB")


def test_smooth_things_of_one_outline_are_told_apart_and_their_copies_found():
    lit = pear(lambda x, y: 130 + 100 * x + 40 * y)
    round_ = pear(lambda x, y: 190 - 200 * (x**2 + y**2))
    made = [imprint(lit), imprint(round_), imprint(saved(lit.reduce(2)))]
    assert pairs_among(made).keys() == {(0, 2)}


def grained(seed):
    """A picture full of detail: a photo on rough paper."""
    picture = photo(seed)
    rough = np.random.default_rng(seed).integers(0, 256, (36, 48, 3), np.uint8)
    grain = Image.fromarray(rough).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.blend(picture, grain, 0.3)


def test_words_over_a_picture_full_of_detail_hide_no_copy():
    originals = [grained(seed) for seed in range(6)]
    written = [each.copy() for each in originals]
    for each in written:
        font = ImageFont.load_default(each.height / 7)
        ImageDraw.Draw(each).text((10, 40), "Sample words", "white", font)
    found = pairs_among([imprint(each) for each in originals + written])
    assert found.keys() == {(place, place + 6) for place in range(6)}


def speckled(seed):
    """A photo of 64 pixels, as narrow as can be: every pixel counts."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(photo(seed).resize((64, 64)), float) + rng.normal(0, 25, (64, 64, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("way", [None, TURN.FLIP_LEFT_RIGHT])
def test_a_copy_of_few_pixels_is_compared_with_as_little_as_it_shows(way):
    originals = [speckled(seed) for seed in range(12)]
    small = [each.resize((21, 21), Image.Resampling.LANCZOS) for each in originals]
    small = [each.transpose(way) if way is not None else each for each in small]
    found = pairs_among([imprint(each) for each in originals + small])
    assert {tuple(sorted(pair)) for pair in found} == {(k, k + 12) for k in range(12)}
    asked = [imprint(each) for each in small]
    assert copies_among(imprint(originals[0]), asked).keys() == {0}


def test_pictures_of_few_pixels_are_enlarged_smoothly():
    ramp = Image.linear_gradient("L").resize((16, 16)).convert("RGB")
    greys = unpacked([imprint(ramp)]).greys[0, :, 32]
    assert np.abs(np.diff(greys)).max() <= 1
    assert len(np.unique(greys)) == 16


def test_a_mark_more_makes_another_drawing():
    marked = drawing(0)
    ImageDraw.Draw(marked).rectangle((20, 150, 80, 185), fill="black")
    assert pairs_among([imprint(drawing(0)), imprint(marked)]) == {}


def painted(*colours):
    """Three fields of colours on white, the second lighter than the others."""
    picture = Image.new("RGB", (180, 120), "white")
    for place, colour in enumerate(colours):
        picture.paste(colour, (15 + 50 * place, 20 + 10 * place, 55 + 50 * place, 90))
    return picture


def test_colours_that_brightness_made_white_one_by_one_are_the_same():
    drawn = painted((200, 30, 30), (250, 240, 190), (60, 90, 200))
    brighter = ImageEnhance.Brightness(drawn).enhance(1.4)
    other = painted((60, 90, 200), (250, 240, 190), (200, 30, 30))
    found = pairs_among([imprint(each) for each in (drawn, brighter, other)])
    assert (0, 1) in found
    assert all(2 not in pair for pair in found)


def test_copies_of_one_picture_do_not_crowd_each_other_out():
    drawn = painted((250, 220, 150), (255, 245, 200), (180, 120, 90))
    lights = np.linspace(1.35, 1.45, 16)
    crowd = [imprint(ImageEnhance.Brightness(drawn).enhance(light)) for light in lights]
    found = pairs_among([imprint(drawn), *crowd])
    assert all({(0, place), (place, 0)} & found.keys() for place in range(1, 17))


def test_colours_are_compared_where_a_crop_shows_them():
    stripes = Image.new("RGB", (200, 200), (30, 160, 60))
    for place in range(0, 200, 50):
        stripes.paste((220, 60, 60), (place, 0, place + 25, 200))
    stripes.paste((240, 240, 90), (70, 60, 120, 150))
    assert (0, 1) in pairs_among([imprint(stripes), imprint(stripes.crop((20, 20, 180, 180)))])


def test_what_shows_nothing_is_no_copy_of_anything():
    flat = [imprint(Image.new("RGB", (50, 40), colour)) for colour in ("white", "black", "#808080")]
    noise = np.random.default_rng(0).integers(250, 255, (64, 64, 3), np.uint8)
    assert pairs_among([*flat, imprint(Image.fromarray(noise))]) == {}
    assert copies_among(flat[0], flat) == {}


def test_proportions_tell_pictures_apart():
    wide = imprint_of(photo(0), 2.0)
    assert pairs_among([imprint_of(photo(0), 1.0), wide]) == {}
    assert (0, 1) in pairs_among([imprint_of(photo(0), 1.9), wide])


def test_an_imprint_keeps_greys_colours_and_proportions():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32] = (200, 100, 50)
    made = imprint_of(Image.fromarray(pixels), 1.5)
    pictures = unpacked([made, made])
    assert (len(made), kind_of(made)) == (SIZE, "picture")
    assert (kind_of(b""), kind_of(b"\xff")) == (None, None)
    assert (pictures.greys[1, 0, 0], pictures.greys[1, 63, 0]) == (15, 0)
    assert pictures.aspects.tolist() == [1.5, 1.5]
    # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    assert pictures.ranges[0].tolist() == [0, 125]
    # blue: -0.169 * 200 - 0.331 * 100 + 0.5 * 50; red: 0.5 * 200 - 0.419 * 100 - 0.081 * 50
    assert pictures.colours[0, 0, 0].tolist() == [-42, 54]


@settings(max_examples=25)
@given(st.integers(0, 7), st.integers(0, 2**32 - 1))
def test_frequencies_of_a_turned_picture_are_those_of_the_picture_turned(way, seed):
    planes = np.random.default_rng(seed).normal(size=(2, 64, 64)).astype(np.float32)
    there = np.ascontiguousarray(turned(planes, way))
    np.testing.assert_array_equal(turned(there, opposite(way)), planes)
    np.testing.assert_allclose(
        frequencies(there), turned_frequencies(frequencies(planes), way), atol=1e-3
    )


def test_neighbours_in_cells_are_those_of_all_compared(monkeypatch):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(600, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows, places, cosines = nearest(vectors)(vectors, 0.9, 3)
    wanted = vectors @ vectors.T
    assert np.bincount(rows).max() <= 3
    np.testing.assert_allclose(cosines, wanted[rows, places], rtol=1e-5)
    assert cosines.min() >= 0.9
    monkeypatch.setattr("opensearch.search.neighbours._FEW", 100)
    monkeypatch.setattr("opensearch.search.neighbours._PROBES", 600)
    again = nearest(vectors)(vectors, 0.9, 3)
    assert set(zip(rows.tolist(), places.tolist(), strict=True)) == set(
        zip(again[0].tolist(), again[1].tolist(), strict=True)
    )


def framed(picture):
    sheet = Image.new("RGB", (picture.width + 40, picture.height + 40), "black")
    sheet.paste(picture, (20, 20))
    return sheet


def on_a_form(picture):
    """With a dark head, lines of words below and holes at the side."""
    sheet = Image.new("RGB", (picture.width + 40, picture.height + 90), "white")
    sheet.paste(picture, (20, 40))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, sheet.width, 30), fill="black")
    pen.text((20, 4), "ACME Works", "white", ImageFont.load_default(20))
    for line in range(3):
        at = (12, sheet.height - 45 + 13 * line)
        pen.text(at, "Sheet 4 of 9, 1:20, approved", "black", ImageFont.load_default(10))
    for hole in range(4):
        pen.ellipse((3, 60 + 40 * hole, 13, 70 + 40 * hole), fill="black")
    return sheet


@pytest.mark.parametrize("sheet", [framed, on_a_form])
def test_drawings_on_sheets_of_one_kind_are_two_and_copies_of_one_are_found(sheet):
    sheets = [sheet(drawing(seed)) for seed in range(COUNT)]
    ways = ["", "of half the size", "brighter", "mirrored", "turned by 90"]
    imprints = [imprint(each) for each in [*sheets, *(MADE[how](sheets[7]) for how in ways)]]
    found, copies = pairs_among(imprints).keys(), range(COUNT, COUNT + len(ways))
    assert {(7, copy) for copy in copies} <= found
    assert {place for pair in found for place in pair} == {7, *copies}


def test_a_drawing_that_was_ruled_is_a_copy_of_itself():
    ruled = [drawing(seed) for seed in range(3)]
    for picture in ruled:
        for line in range(1, 12):
            ImageDraw.Draw(picture).line((0, 16 * line, 192, 16 * line), fill=(190, 190, 235))
    found = pairs_among([imprint(drawing(seed)) for seed in range(3)] + list(map(imprint, ruled)))
    assert found.keys() == {(0, 3), (1, 4), (2, 5)}
