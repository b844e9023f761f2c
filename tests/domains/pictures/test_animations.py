"""Animations whose first frame shows next to nothing."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.domains.image import load_picture
from opensearch.domains.pictures import animations
from opensearch.limits import Limits

WIDE, HIGH = 60, 40
SUFFIXES = ["gif", "webp", "png", "avif"]


def halves(light=1.0):
    """Left half red, right half blue, at a share of their light."""
    pixels = np.zeros((HIGH, WIDE, 3))
    pixels[:, : WIDE // 2] = (220, 10, 10)
    pixels[:, WIDE // 2 :] = (10, 10, 220)
    return Image.fromarray((light * pixels).astype(np.uint8))


def grain():
    values = np.random.default_rng(0).integers(0, 4, (HIGH, WIDE), np.uint8)
    return Image.fromarray(values).convert("RGB")


def speck():
    image = Image.new("RGB", (WIDE, HIGH), "white")
    image.putpixel((30, 20), (200, 0, 0))
    return image


def strokes(count, ink=(20, 20, 20), paper="white"):
    """A drawing of ten strokes as far as it is drawn."""
    image = Image.new("RGB", (WIDE, HIGH), paper)
    for number in range(count):
        ImageDraw.Draw(image).line((4, 4 * number + 1, 55, 4 * number + 1), ink)
    return image


def save(path, frames, **options):
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, **options)


def seen(path, **limits):
    return np.asarray(load_picture(path, Limits(**limits), WIDE)).astype(int)


def is_halves(picture):
    return picture[20, 5, 0] > 150 > 60 > picture[20, 5, 2]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("first", [halves(0.02), grain(), speck()], ids=["dim", "grain", "speck"])
def test_a_first_frame_that_shows_next_to_nothing_is_passed_over(tmp_path, suffix, first):
    path = tmp_path / f"a.{suffix}"
    save(path, [first, halves(0.2), halves(0.6), halves(), halves()])
    assert is_halves(seen(path))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_of_a_drawing_that_draws_itself_nearly_all_is_shown(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    save(path, [strokes(count) for count in range(1, 11)])
    assert (seen(path)[:, 30, 0] < 128).sum() >= 9


def test_pale_strokes_on_nothing_are_seen(tmp_path):
    frames = []
    for count in range(1, 11):
        clear = strokes(count, ink="white", paper="black").convert("RGBA")
        clear.putalpha(clear.getchannel("R"))
        frames.append(clear)
    save(tmp_path / "a.png", frames, disposal=1)
    with Image.open(tmp_path / "a.png") as image:
        taken = animations.telling(image, (tmp_path / "a.png").read_bytes(), 64, 10**6)
    assert taken >= 8


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "frames",
    [
        [halves(0.6), halves(), halves(0.2)],
        [strokes(4), strokes(10)],
        [strokes(10), halves()],
        [halves(), Image.fromarray(np.eye(HIGH, WIDE, dtype=bool)).convert("RGB")],
    ],
    ids=["brightens", "is half drawn", "is coloured", "ends thin"],
)
def test_a_first_frame_that_shows_something_is_taken(tmp_path, suffix, frames):
    save(tmp_path / f"a.{suffix}", frames)
    save(tmp_path / f"b.{suffix}", frames[:1])
    np.testing.assert_allclose(
        seen(tmp_path / f"a.{suffix}"), seen(tmp_path / f"b.{suffix}"), atol=12
    )


def test_around_a_first_frame_that_is_taken_there_is_paper(tmp_path):
    """As for a picture alone, although later frames were looked at."""
    buffer = io.BytesIO()
    first = Image.fromarray(np.tile(np.uint8([60, 90]), (8, 6)))
    first.save(buffer, "GIF", save_all=True, append_images=[first.rotate(180)])
    data = bytearray(buffer.getvalue())
    data[6:10] = struct.pack("<2H", 24, 24)
    (tmp_path / "a.gif").write_bytes(data)
    picture = np.asarray(load_picture(tmp_path / "a.gif", Limits(), 24))
    assert set(picture[:8, :12].ravel()) == {60, 90}
    assert (picture[8:] == 255).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damage_in_later_frames_leaves_those_before_it(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (HIGH, WIDE, 3), np.uint8)
    save(path, [halves(0.02), halves(), Image.fromarray(noise)])
    data = bytearray(path.read_bytes())
    data[-900:-300] = bytes(600)
    path.write_bytes(data)
    assert is_halves(seen(path))


def test_pages_and_views_are_no_animation(tmp_path):
    frames = [halves(0.1), halves()]
    for name, form in (("a.tif", "TIFF"), ("a.jpg", "MPO")):
        save(tmp_path / name, frames, format=form)
        assert seen(tmp_path / name).max() < 40


def test_frames_are_looked_at_up_to_a_number_of_pixels(tmp_path, monkeypatch):
    dim = [halves(0.1) for _ in range(9)]
    for number, frame in enumerate(dim):
        frame.putpixel((number, 0), (0, 0, 0))  # the writer leaves out what is the same
    save(tmp_path / "a.gif", [*dim, halves()])
    assert is_halves(seen(tmp_path / "a.gif"))
    monkeypatch.setattr(animations, "_PIXELS", 8 * WIDE * HIGH)
    assert seen(tmp_path / "a.gif").max() < 40


def test_one_picture_is_not_opened_again(tmp_path, monkeypatch):
    monkeypatch.setattr(animations, "shown", lambda frame: pytest.fail("it was measured"))
    for suffix in SUFFIXES:
        halves(0.02).save(tmp_path / f"a.{suffix}")
        assert seen(tmp_path / f"a.{suffix}").max() < 20


@pytest.mark.parametrize("bound", ["limit", "sum"])
def test_a_frame_that_is_larger_than_those_before_it_is_not_decoded(tmp_path, monkeypatch, bound):
    """A GIF grows to hold a frame that reaches over its screen."""
    small, large = Image.new("P", (16, 16)), Image.new("P", (600, 600), 1)
    for image in (small, large):
        image.putpalette([0, 0, 0, 255, 255, 255])
    files = []
    for image in (small, large):
        image.save(part := io.BytesIO(), "GIF")
        files.append(part.getvalue())
    grown = files[0][:-1] + files[1][files[1].index(b",") :]  # its second image behind the first
    with Image.open(io.BytesIO(grown)) as image:
        image.load()
        loaded = []
        load = type(image).load
        monkeypatch.setattr(
            type(image), "load", lambda frame: loaded.append(frame.size) or load(frame)
        )
        if bound == "sum":
            monkeypatch.setattr(animations, "_PIXELS", 300_000)
        most = 100_000 if bound == "limit" else 10**8
        assert animations.telling(image, grown, 64, most) == 0
    assert (600, 600) not in loaded
