import numpy as np
import pytest
import trimesh
from PIL import Image, ImageDraw, ImageFilter

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.opening.guess import RULE, Guess, guess_domain, guess_picture
from opensearch.domains.opening.rule import shipped_rule
from opensearch.domains.opening.traits import NAMES, traits
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def doodle(rng, side=120):
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(5):
        points = [tuple(point) for point in rng.uniform(10, side - 10, (4, 2))]
        pen.line(points, fill=0, width=2, joint="curve")
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)


def scene(rng, side=120):
    """Soft coloured blobs under fine texture, as photos have."""
    blobs = rng.integers(0, 255, (6, 6, 3), np.uint8)
    image = Image.fromarray(blobs).resize((side, side), Image.Resampling.BICUBIC)
    texture = rng.normal(scale=12, size=(side, side, 1))
    return (
        (np.asarray(image.filter(ImageFilter.GaussianBlur(2))) + texture)
        .clip(0, 255)
        .astype(np.uint8)
    )


def photographed(drawing, rng):
    light = np.linspace(0.9, 0.55, drawing.shape[1])[None, :, None]
    grain = 1 + 0.015 * rng.normal(size=(*drawing.shape[:2], 1))
    return (drawing.clip(60) * light * grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_drawings_and_scenes_are_told_apart(seed):
    rng = np.random.default_rng(seed)
    drawing = doodle(rng)
    for sketch in (drawing, 255 - drawing, photographed(drawing, rng)):
        assert guess_picture(sketch).domain == "sketch"
    colour = scene(rng)
    grey = np.repeat(colour.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    for picture in (colour, grey):
        assert guess_picture(picture).domain == "photo"


def test_a_render_is_a_picture(tmp_path):
    trimesh.creation.icosphere().export(tmp_path / "a.ply")
    read = open_reader(ReaderSettings(reader="mesh", size=128, views=1))
    guess = guess_picture(read(tmp_path / "a.ply", None).views[0])
    assert guess.domain == "photo"


def test_suffixes_need_no_look_inside(tmp_path):
    assert guess_domain(tmp_path / "none.OBJ").domain == "shape"
    for name in ("none.svg", "none.ndjson"):
        guess = guess_domain(tmp_path / name)
        assert (guess.domain, guess.sure) == ("sketch", True)


def test_a_file_is_guessed_by_content_and_large_ones_too(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(doodle(rng, 700)).save(tmp_path / "a.jpg")
    Image.fromarray(scene(rng, 700)).save(tmp_path / "b.png")
    assert guess_domain(tmp_path / "a.jpg").domain == "sketch"
    assert guess_domain(tmp_path / "b.png").domain == "photo"


def test_unreadable_files_are_not_guessed(tmp_path):
    (tmp_path / "a.png").write_bytes(b"damaged")
    with pytest.raises(UnreadableFile, match=r"a\.png"):
        guess_domain(tmp_path / "a.png")
    Image.new("L", (50, 50)).save(tmp_path / "b.png")
    with pytest.raises(OverLimit, match="2,500 pixels"):
        guess_domain(tmp_path / "b.png", limits=Limits(pixels=100))


def test_sure_means_a_margin_over_the_threshold():
    rule = shipped_rule(RULE)
    assert rule.weights.shape == (2 * len(NAMES),)
    for picture in (doodle(np.random.default_rng(0)), scene(np.random.default_rng(0))):
        guess = guess_picture(picture)
        assert guess.margin == pytest.approx(abs(rule.logit(traits(picture))))
        assert guess.sure == (guess.margin >= rule.threshold)


@pytest.mark.parametrize("shape", [(1, 1), (1, 128), (4, 4), (128, 128)])
@pytest.mark.parametrize("fill", [0, 128, 255])
def test_traits_are_finite_for_any_picture(shape, fill):
    measured = traits(np.full((*shape, 3), fill, np.uint8))
    assert measured.shape == (len(NAMES),)
    assert np.isfinite(measured).all()
    assert (measured >= 0).all()
    assert (measured <= 1.001).all()


def on_ground(sheet, shade):
    """A picture of 128 by 128 pixels whose middle is a sheet of 128 by 80, as in a screenshot."""
    whole = np.full((128, 128, 3), shade, np.uint8)
    whole[24:104] = np.asarray(Image.fromarray(sheet).resize((128, 80), Image.Resampling.BOX))
    return whole


@pytest.mark.parametrize("shade", [0, 90, 170])
def test_a_drawing_on_a_sheet_in_a_screenshot_is_a_sketch_though_not_for_sure(shade):
    for seed in range(3):
        guess = guess_picture(on_ground(doodle(np.random.default_rng(seed)), shade))
        assert guess == Guess("sketch", 0, False)


@pytest.mark.parametrize("shade", [0, 90, 170, 240])
def test_a_photo_between_bars_is_a_photo(shade):
    for seed in range(3):
        bright = scene(np.random.default_rng(seed)) // 2 + 120
        assert guess_picture(on_ground(bright, shade)).domain == "photo"


def disk(colour, ground, lit):
    """A disk of one colour, with some grain, on even ground; `lit` from one side."""
    y, x = np.mgrid[:128, :128] - 63.5
    grain = np.random.default_rng(0).normal(size=(128, 128))
    shade = 1 + lit * ((0.15 * (0.8 * x + 0.6 * y) / 56) + 0.04 * grain)
    rgb = np.asarray(colour) * shade[..., None]
    rgb[np.hypot(x, y) > 58] = ground
    return rgb.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("colour", [(230, 120, 60), (180, 60, 20), (60, 120, 210)])
def test_a_lit_thing_of_one_colour_is_a_photo_and_its_silhouette_a_sketch(colour):
    """As the back of an eye, which reaches the border of the light on black."""
    assert guess_picture(disk(colour, 0, 1.0)).domain == "photo"
    assert guess_picture(disk(colour, 0, 0.0)).domain == "sketch"


@pytest.mark.parametrize(
    ("top", "bottom"), [((250, 90, 60), (200, 30, 30)), ((70, 80, 110), (20, 25, 40))]
)
def test_a_disk_of_a_gradient_with_a_white_figure_is_a_sketch(top, bottom):
    fine = Image.new("L", (512, 512))
    pen = ImageDraw.Draw(fine)
    pen.ellipse((48, 48, 464, 464), fill=255)
    pen.polygon([(200, 160), (360, 256), (200, 352)], fill=0)
    covered = np.asarray(fine.resize((128, 128), Image.Resampling.BICUBIC))[..., None] / 255
    shade = np.array(top) + (np.array(bottom) - top) * np.linspace(0, 1, 128)[:, None, None]
    rgb = (255 - covered * (255 - shade)).round().astype(np.uint8)
    assert guess_picture(rgb).domain == "sketch"
