"""What a file is taken for: the other kind of picture only where content alone told."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from opensearch.config import ReaderSettings
from opensearch.domains.opening.opener import Opener
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

SETTINGS = {
    "sketch": ReaderSettings(reader="sketch", size=48),
    "photo": ReaderSettings(reader="image", size=48),
}
BOTH = Opener(SETTINGS, Limits())
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def test_a_blank_drawing_is_no_picture(tmp_path):
    blank = tmp_path / "blank.svg"
    blank.write_text(SVG.format(""))
    with pytest.raises(UnreadableFile, match="ink"):
        BOTH.open(blank)
    strokes = tmp_path / "blank.ndjson"
    strokes.write_text('{"drawing": []}\n')
    with pytest.raises(UnreadableFile, match="ink"):
        BOTH.open(strokes, 1)


def test_a_picture_without_ink_that_looked_like_a_sketch_is_a_photo(tmp_path):
    pale = tmp_path / "pale.png"
    Image.new("RGB", (64, 64), (255, 255, 255)).save(pale)
    assert BOTH.open(pale).domain == "photo"


def test_an_svg_with_ink_is_a_sketch_for_sure(tmp_path):
    file = tmp_path / "disc.svg"
    file.write_text(SVG.format('<circle cx="5" cy="5" r="3" fill="none" stroke="#000"/>'))
    opened = BOTH.open(file)
    assert (opened.domain, opened.sure) == ("sketch", True)


FACE = (
    '<circle cx="5" cy="5" r="4" fill="#fc0"/><rect x="2" y="3" width="2" height="2"/>'
    '<rect x="6" y="3" width="2" height="2"/>'
)


@pytest.mark.parametrize("ground", ["", '<rect width="10" height="10" fill="#fff"/>'])
def test_an_svg_painted_in_colours_is_a_cartoon_where_there_is_one(tmp_path, ground):
    file = tmp_path / "face.svg"
    file.write_text(SVG.format(ground + FACE))
    assert BOTH.open(file).domain == "sketch"
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    opened = three.open(file)
    assert (opened.domain, opened.sure) == ("cartoon", True)
    assert opened.reading.views[..., 0].max() - opened.reading.views[..., 2].min() > 200


@pytest.mark.parametrize(
    "drawn",
    [
        '<g stroke-width=".4" fill="none"><path d="M1 1h8v8" stroke="#c00"/>'
        '<path d="M1 4l4 5" stroke="#00c"/></g>',
        '<circle cx="5" cy="5" r="4" fill="#c00"/>',
        '<rect x="1" width="4" height="8"/><rect x="5" width="4" height="8" fill="#999"/>',
        FACE.replace("#fc0", "none"),
        '<rect width="10" height="10" fill="#00a"/><path d="M1 1l8 8M2 8l6-6" stroke="#fe9"/>',
    ],
    ids=["coloured lines", "one colour", "greys", "small marks", "lines on coloured paper"],
)
def test_other_svgs_are_sketches(tmp_path, drawn):
    file = tmp_path / "drawn.svg"
    file.write_text(SVG.format(drawn))
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    assert three.open(file).domain == "sketch"


def test_an_svg_that_cannot_be_drawn_is_refused_as_a_sketch(tmp_path):
    file = tmp_path / "odd.svg"
    file.write_bytes(b'<?xml version="1.0" encoding="undefined"?><svg/>')
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    with pytest.raises(UnreadableFile, match=r"sketch 'odd\.svg'"):
        three.open(file)


def fish(ground="#fff"):
    """A fish in two colours."""
    picture = Image.new("RGB", (320, 240), ground)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((40, 50, 230, 190), fill="#e86a17")
    pen.polygon([(210, 120), (290, 60), (290, 180)], fill="#1a6fb0")
    pen.ellipse((80, 95, 100, 115), fill="#222")
    return picture


def disc(ink="#e86a17"):
    picture = Image.new("RGB", (320, 240), "#fff")
    ImageDraw.Draw(picture).ellipse((40, 50, 230, 190), fill=ink)
    return picture


def lit(picture):
    """What is drawn, lit from above."""
    values = np.asarray(picture)
    darker = values * (1 - 0.7 * np.linspace(0, 1, len(values))[:, None, None])
    drawn = (values != values[0, 0]).any(axis=2, keepdims=True)
    return Image.fromarray(np.where(drawn, darker, values).astype(np.uint8))


@pytest.mark.parametrize("ground", ["#fff", "#2b2b40"])
@pytest.mark.parametrize("name", ["fish.png", "fish.jpg", "fish.gif"])
def test_clip_art_in_pixels_is_a_cartoon_where_there_is_one(tmp_path, name, ground):
    sheet = Image.new("RGB", (1200, 900), ground)
    sheet.paste(fish(ground), (500, 300))
    sheet.save(tmp_path / f"small {name}")
    fish(ground).save(tmp_path / name)
    assert BOTH.open(tmp_path / name).domain == "photo"
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    for file in (name, f"small {name}"):
        opened = three.open(tmp_path / file)
        assert (opened.domain, opened.sure) == ("cartoon", False)


def test_things_that_are_photographed_on_even_ground_are_no_cartoons(tmp_path):
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    framed = Image.new("RGB", (340, 260), "#ccc")
    framed.paste(fish(), (10, 10))  # what lies on white in a frame is no area on grey
    for number, picture in enumerate([lit(fish()), grained(fish()), framed, lit(disc())]):
        picture.save(tmp_path / f"{number}.png")
        assert three.open(tmp_path / f"{number}.png").domain == "photo", number


def lines(width, *inks, ground="#fff"):
    """A drawing whose lines are of these inks in turn, softened as drawing programs do."""
    picture = Image.new("RGB", (640, 640), ground)
    pen = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate([(60, 90), (200, 60), (90, 260), (240, 250)]):
        box = (x, y, x + 240, y + 260)
        pen.ellipse(box, outline=inks[number % len(inks)], width=width)
    return picture.resize((320, 320), Image.Resampling.LANCZOS)


INKED = {
    "thin, red": lines(6, "#d33"),
    "thin, in three inks": lines(6, "#d33", "#13c", "#182"),
    "broad": lines(24, "#000"),
    "broad, in two inks": lines(24, "#b0a", "#05c"),
    "broad and white on black": lines(30, "#fff", ground="#000"),
    "a silhouette": disc("#111"),
    "a disc of one colour": disc(),
}


@pytest.mark.parametrize("what", INKED)
def test_drawings_in_ink_of_any_width_and_colour_are_sketches(tmp_path, what):
    three = Opener({**SETTINGS, "cartoon": ReaderSettings(reader="image", size=48)}, Limits())
    for name in ("a.png", "a.jpg"):
        INKED[what].save(tmp_path / name)
        opened = three.open(tmp_path / name)
        assert opened.domain == "sketch"
        assert not opened.sure or "thin" in what
        assert opened.reading.views.min() < 128  # something of it is left


def grained(picture):
    """A picture with a sensor's grain."""
    grain = np.random.default_rng(0).normal(0, 12, (*picture.size[::-1], 1))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def thing():
    """Soft blobs of colour, as photos have."""
    blobs = np.random.default_rng(0).integers(0, 255, (6, 6, 3), np.uint8)
    soft = Image.fromarray(blobs).resize((320, 320), Image.Resampling.BICUBIC)
    return grained(soft.filter(ImageFilter.GaussianBlur(2)))


def drawing(ground=(255, 255, 255)):
    picture = Image.new("RGB", (320, 320), ground)
    ImageDraw.Draw(picture).ellipse((60, 90, 250, 240), outline=(30, 30, 30), width=5)
    return picture


def test_a_query_given_as_a_drawing_that_looks_like_a_photo_is_doubted(tmp_path):
    files = {"thing": thing(), "clean": drawing(), "paper": grained(drawing((215, 210, 200)))}
    page = thing()
    page.paste(drawing((240, 236, 225)).resize((230, 230)), (40, 50))
    files["page"] = page
    for name, picture in files.items():
        picture.save(tmp_path / f"{name}.png")
        assert BOTH.open(tmp_path / f"{name}.png", domain="sketch").doubt == (name == "thing")
    assert not BOTH.open(tmp_path / "thing.png").doubt
    assert not BOTH.open(tmp_path / "thing.png", domain="photo").doubt


def test_a_drawing_without_ink_that_looks_like_a_photo_is_told_to_be_one(tmp_path):
    page = thing()
    page.paste((240, 236, 225), (40, 50, 270, 280))
    page.save(tmp_path / "empty.png")
    with pytest.raises(UnreadableFile, match=r"no ink.*of an object, its domain is photo$"):
        BOTH.open(tmp_path / "empty.png", domain="sketch")
    Image.new("RGB", (64, 64), (255, 255, 255)).save(tmp_path / "blank.png")
    with pytest.raises(UnreadableFile, match=r"blank$"):
        BOTH.open(tmp_path / "blank.png", domain="sketch")
