import io
import struct

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.image import load_picture
from opensearch.domains.pictures.deep import to_bytes
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SETTINGS = ReaderSettings(reader="image", size=32)


def read(path, **limits):
    return open_reader(SETTINGS, Limits(**limits))(path, None)


def halves(width=60, height=40):
    """Left half red, right half blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (220, 10, 10)
    pixels[:, width // 2 :] = (10, 10, 220)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff", "gif", "JPEG"])
def test_every_format_is_read_squashed_with_its_aspect(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    halves().save(path)
    reading = read(path)
    assert reading.views.shape == (1, 32, 32, 3)
    assert reading.aspect == 1.5
    left, right = reading.views[0, :, 4].mean(axis=0), reading.views[0, :, -4].mean(axis=0)
    assert left[0] > 180 > 60 > left[2]
    assert right[2] > 180 > 60 > right[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_respected(tmp_path, orientation):
    shown = Image.fromarray(np.random.default_rng(0).integers(0, 255, (3, 4, 3), np.uint8))
    shown = shown.resize((40, 30), Image.Resampling.NEAREST)
    undo = {
        1: [], 2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4],
    }[orientation]  # fmt: skip
    stored = shown
    for step in undo:
        stored = stored.transpose(Image.Transpose(step))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    shown.save(tmp_path / "b.png")
    turned, plain = read(tmp_path / "a.png"), read(tmp_path / "b.png")
    assert turned.aspect == plain.aspect == 40 / 30
    assert np.abs(turned.views.astype(int) - plain.views).mean() < 2


def test_damaged_exif_counts_as_upright(tmp_path):
    halves().save(tmp_path / "a.jpg", exif=b"Exif\x00\x00garbage that is no TIFF header")
    assert read(tmp_path / "a.jpg").aspect == 1.5


def clear(mode, ink):
    """Nothing, with a corner of opaque ink, and what tells a writer of PNG that it is nothing."""
    alpha = {"RGBA": (90, 90, 90, 255), "LA": (90, 255)}
    image = Image.new(mode, (20, 20), 0)
    if ink:
        image.paste(alpha.get(mode, 1 if mode == "P" else (90,) * len(mode)), (0, 0, 5, 5))
    return image, {} if mode in alpha else {"transparency": (0, 0, 0) if mode == "RGB" else 0}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB"])
def test_transparent_becomes_white(tmp_path, mode):
    image, told = clear(mode, ink=True)
    image.save(tmp_path / "a.png", **told)
    views = read(tmp_path / "a.png").views[0]
    assert (views[12:] == 255).all()
    assert views[3, 3].max() < 128


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB"])
def test_nothing_at_all_is_refused(tmp_path, mode):
    image, told = clear(mode, ink=False)
    image.save(tmp_path / "a.png", **told)
    with pytest.raises(UnreadableFile, match="is transparent all over"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize(("shade", "behind"), [(255, 190), (247, 190), (246, 255), (0, 255)])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_white_would_hide_is_shown_on_grey_and_all_else_on_white(
    tmp_path, mode, shade, behind
):
    image = Image.new(mode, (20, 20), 0)
    image.paste((shade,) * (len(mode) - 1) + (255,), (0, 0, 10, 20))
    image.save(tmp_path / "a.png")
    views = read(tmp_path / "a.png").views[0]
    assert np.abs(views[16, 4].astype(int) - shade).max() <= 1
    assert (views[16, 28] == behind).all()


def test_a_few_darker_pixels_are_enough_for_white(tmp_path):
    image = Image.new("LA", (20, 20), 0)
    image.paste((255, 255), (0, 0, 10, 20))
    for dark, behind in ((1, 190), (8, 255)):  # of 200
        image.paste((100, 255), (0, 0, dark, 1))
        image.save(tmp_path / "a.png")
        assert (read(tmp_path / "a.png").views[0][16, 28] == behind).all()


@pytest.mark.parametrize("name", ["a.tga", "a.bmp", "a.png", "a.ico", "a.tif", "a.webp"])
def test_where_opacity_is_zero_all_over_the_colours_count(tmp_path, name):
    picture = halves().convert("RGBA").resize((32, 32))
    wanted = np.asarray(picture.convert("RGB"))
    picture.putalpha(0)
    options = {"a.ico": {"sizes": [(32, 32)]}, "a.webp": {"exact": True, "lossless": True}}
    picture.save(tmp_path / name, **options.get(name, {}))
    assert np.abs(read(tmp_path / name).views[0].astype(int) - wanted).max() < 3


@pytest.mark.parametrize(("order", "scale"), [("<f4", b"-1.0"), (">f4", b"1")])
def test_float_maps_in_colour_are_read_from_the_bottom_up(tmp_path, order, scale):
    wanted = np.asarray(halves(32, 32).transpose(Image.Transpose.ROTATE_90))
    rows = (wanted[::-1] / np.float32(255)).astype(order)
    data = b"PF\n32 32\n" + scale + b"\n" + rows.tobytes()
    (tmp_path / "a.pfm").write_bytes(data)
    assert np.abs(read(tmp_path / "a.pfm").views[0].astype(int) - wanted).max() < 2
    with pytest.raises(OverLimit, match="1,024 pixels"):
        read(tmp_path / "a.pfm", pixels=1000)
    (tmp_path / "a.pfm").write_bytes(data[:-9])
    with pytest.raises(UnreadableFile, match="is cut short: 32 x 32 pixels"):
        read(tmp_path / "a.pfm")


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(64, axis=0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    row = read(tmp_path / "a.png").views[0, 16, :, 0].astype(int)
    assert row[0] < 10
    assert row[-1] > 245
    assert abs(row[16] - 128) < 8


def test_deep_greys_have_their_own_full_scale():
    assert to_bytes(np.array([[0, 65535]], np.uint16)).tolist() == [[0, 255]]
    assert to_bytes(np.array([[0, 0.5, 1]], np.float32)).tolist() == [[0, 128, 255]]
    assert to_bytes(np.array([[0, 100]], np.int32)).tolist() == [[0, 100]]
    assert to_bytes(np.array([[0, 65535]], np.int32)).tolist() == [[0, 255]]
    assert to_bytes(np.array([[np.nan, 1]], np.float32)).tolist() == [[0, 255]]


def test_cmyk_comes_out_in_its_colours(tmp_path):
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red, green, _ = read(tmp_path / "a.jpg").views[0, 16, 16].astype(int)
    assert red > 200 > 60 > green


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation_shows_its_first_frame(tmp_path, suffix):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("#ff0000", "#0000ff")]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
    assert read(tmp_path / f"a.{suffix}").views[0, 16, 16, 0] > 240


def test_content_counts_not_suffix(tmp_path):
    halves().save(tmp_path / "a.jpg", format="PNG")
    assert read(tmp_path / "a.jpg").aspect == 1.5


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_a_truncated_file_is_refused_not_half_decoded(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnreadableFile, match=r"a\..*(truncated|cut short)"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.png", b"", "is empty"),
        ("a.png", b"no picture at all", "no picture of a known format"),
        ("a.txt", b"words", "suffix '.txt'"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "cannot be read|known format"),
        ("a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "known format"),
    ],
)
def test_what_is_no_picture_says_so_in_one_line(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_unreadable(tmp_path):
    with pytest.raises(UnreadableFile, match="No such file"):
        read(tmp_path / "none.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read(tmp_path / "folder.png")


def test_pixels_and_bytes_are_limited(tmp_path):
    halves().save(tmp_path / "a.png")
    with pytest.raises(OverLimit, match=r"2,400 pixels, over the limit of 2,399"):
        read(tmp_path / "a.png", pixels=2399)
    with pytest.raises(OverLimit, match="bytes, over the limit of 10"):
        read(tmp_path / "a.png", bytes=10)


def test_jpeg_drafts_are_counted_after_shrinking_the_header_before(tmp_path):
    Image.new("L", (800, 800), 200).save(tmp_path / "a.jpg")
    assert read(tmp_path / "a.jpg", pixels=100_000).views[0, 0, 0, 0] == 200
    with pytest.raises(OverLimit, match="640,000 pixels"):
        read(tmp_path / "a.jpg", pixels=30_000)


def test_a_decompression_bomb_is_over_the_limit(tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(OverLimit, match="pixels"):
        read(tmp_path / "a.png")


def test_a_name_that_is_not_ascii_is_named(tmp_path):
    path = tmp_path / "стул.png"
    path.write_bytes(b"damaged")
    with pytest.raises(UnreadableFile, match=r"стул\.png"):
        read(path)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (5, 9)])
def test_around_the_first_frame_of_a_gif_there_is_paper(tmp_path, left, top):
    """As in browsers; the background colour, often black, stood there."""
    buffer = io.BytesIO()
    frame = Image.new("P", (12, 8), 1)
    frame.putpalette([0, 0, 0, 20, 90, 200])
    frame.save(buffer, "GIF")
    data = bytearray(buffer.getvalue())
    data[6:10] = struct.pack("<2H", 24, 24)
    place = data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    data[place + 1 : place + 5] = struct.pack("<2H", left, top)
    (tmp_path / "a.gif").write_bytes(data)
    wanted = np.full((24, 24, 3), 255)
    wanted[top : top + 8, left : left + 12] = (20, 90, 200)
    np.testing.assert_array_equal(load_picture(tmp_path / "a.gif", Limits(), 24), wanted)
