"""Pictures of every format are read right, by what their bytes say, or refused by name."""

import base64
import io
import struct
import sys
import zlib

import numpy as np
import pylibjxl
import pytest
import tifffile
from PIL import Image, ImageCms, ImageDraw

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.image import image_reader, load_picture
from opensearch.domains.pictures import BY_PILLOW, extras, png, suffixes
from opensearch.domains.pictures.coded_colours import CodePoints, profile_of
from opensearch.domains.sketch import sketch_reader
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# 60 by 40 pixels, red left and blue right, turned upright by the file's own property.
HEIC = """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAA
AAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAFEAAgAAAAACPQABAAAAAAAAACQAAAA4aWluZgAAAAAA
AgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADm
aXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAq
QgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQAN
AAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAADwAAAABAAAAKAAAAAH////8AAAAAv///+gAAAACAAAAEHBp
eGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEA
AQAAAH1tZGF0AAAATSgBrwngZ0Gjip//SeP/8sHZe+WpK9gJ/8QOLzjSulSkb7im33LfLKkjzuDJfj3ivoW3IFym5G5L
PjhT+QYVD+Tdrit0RUExlFyoWq2vAAAABkV4aWYAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA
"""
RAMP = 20 + 200 * np.arange(64) / 63
COLOURS = np.stack(
    [np.tile(RAMP, (48, 1)), np.tile(RAMP[:48, None], (1, 64)), np.full((48, 64), 120.0)], axis=-1
)
GREY = COLOURS[..., 0]


def read(path, **limits):
    return open_reader(ReaderSettings(reader="image", size=32), Limits(**limits))(path, None)


def shown(path):
    """What a file shows, at its own size, as floats."""
    return np.asarray(load_picture(path, Limits(), 64)).astype(float)


def halves(width=60, height=40):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (220, 10, 10)
    pixels[:, width // 2 :] = (10, 10, 220)
    return Image.fromarray(pixels)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def deep_png(values, kind, *more):
    """Sixteen-bit values (h, w, c) as PNG; Pillow writes grey alone so."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = [(b"IHDR", head), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def is_grey_ramp(path, within=2.0):
    picture = shown(path)
    assert np.abs(picture - GREY[..., None]).max() <= within


@pytest.mark.parametrize("bits", [9, 10, 11, 12, 14, 16])
def test_grey_of_any_depth_in_sixteen_bits_has_the_light_of_eight(tmp_path, bits):
    Image.fromarray((GREY / 255 * (2**bits - 1)).astype(np.uint16)).save(tmp_path / "a.png")
    is_grey_ramp(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("bits", "alpha"), [(10, False), (12, False), (16, False), (12, True), (16, True)]
)
def test_colours_of_any_depth_in_sixteen_bits_keep_them_all(tmp_path, bits, alpha):
    deep = (COLOURS / 255 * (2**bits - 1)).astype(np.uint16)
    if alpha:
        deep = np.dstack([deep, np.full(GREY.shape, 2**bits - 1, np.uint16)])
    (tmp_path / "a.png").write_bytes(deep_png(deep, 6 if alpha else 2))
    assert np.abs(shown(tmp_path / "a.png") - COLOURS).max() <= 2


@pytest.mark.parametrize("bits", [12, 16])
def test_deep_grey_with_alpha_is_white_where_transparent(tmp_path, bits):
    deep = (GREY / 255 * (2**bits - 1)).astype(np.uint16)
    alpha = np.full_like(deep, 2**bits - 1)
    alpha[:24] = 0
    (tmp_path / "a.png").write_bytes(deep_png(np.dstack([deep, alpha]), 4))
    picture = shown(tmp_path / "a.png")
    assert (picture[:24] == 255).all()
    assert np.abs(picture[24:] - GREY[24:, :, None]).max() <= 2


SIGNED = {
    "heights": (GREY + 1200).astype(np.float32),
    "doubles": (GREY + 1200).astype(np.float64),
    "signed": (16 * GREY - 2000).astype(np.int16),
    "signed bytes": (GREY - 128).astype(np.int8),
    "long": (1000 * GREY - 90000).astype(np.int32),
    "heights in whole metres": (GREY + 1200).astype(np.uint16),
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", SIGNED)
def test_values_with_a_sign_and_heights_are_spread_over_all_shades(tmp_path, name, order):
    tifffile.imwrite(tmp_path / "a.tif", SIGNED[name], byteorder=order)
    picture = shown(tmp_path / "a.tif")
    assert picture.min() < 5
    assert picture.max() > 250
    assert np.corrcoef(picture[..., 0].ravel(), GREY.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_samples_that_are_only_said_to_have_a_sign_have_none(tmp_path, kind, order):
    """As of Pillow's own 8bit.s.tif."""
    values = (GREY * (1 if kind == "u1" else 257)).astype(kind)
    said = values.view(kind.replace("u", "i"))
    tifffile.imwrite(tmp_path / "a.tif", said, byteorder=order)
    is_grey_ramp(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", ["i1", "i2"])
def test_a_drawing_from_end_to_end_of_signed_values_and_heights_about_the_sea_stay(tmp_path, kind):
    limit = np.iinfo(kind)
    drawing = np.full((48, 64), limit.max, kind)
    drawing[10:30:2, 5:40] = limit.min
    tifffile.imwrite(tmp_path / "a.tif", drawing)
    assert (shown(tmp_path / "a.tif")[..., 0] == np.where(drawing > 0, 255, 0)).all()
    tifffile.imwrite(tmp_path / "b.tif", (GREY / 8 - 15).astype(kind))
    assert np.corrcoef(shown(tmp_path / "b.tif")[..., 0].ravel(), GREY.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("mark", [np.nan, np.inf, -9999, -32768, -3.4028235e38, 1e38])
def test_what_was_not_measured_does_not_decide_the_shades(tmp_path, mark):
    heights = (GREY + 1200).astype(np.float32)
    heights[:20, :30] = mark
    tifffile.imwrite(tmp_path / "a.tif", heights)
    picture = shown(tmp_path / "a.tif")[20:, :, 0]
    assert np.ptp(picture) > 200
    assert np.corrcoef(picture.ravel(), GREY[20:].ravel())[0, 1] > 0.999


def test_a_value_that_the_file_calls_no_value_is_none(tmp_path):
    heights = (GREY + 1200).astype(np.float32)
    heights[:20, :30] = 7777
    tag = (42113, 2, 0, "7777", True)
    tifffile.imwrite(tmp_path / "a.tif", heights, extratags=[tag])
    assert np.ptp(shown(tmp_path / "a.tif")[20:, :, 0]) > 200


def test_a_hot_pixel_leaves_a_picture_as_light_as_it_is(tmp_path):
    deep = (GREY * 16).astype(np.uint16)
    deep[5, 5] = 65535
    Image.fromarray(deep).save(tmp_path / "a.png")
    picture = shown(tmp_path / "a.png")
    picture[5, 5] = GREY[5, 5]
    assert np.abs(picture - GREY[..., None]).max() <= 2


def test_thin_white_strokes_on_black_stay(tmp_path):
    deep = np.zeros((300, 300), np.uint16)
    deep[150, 100:150] = 60000
    Image.fromarray(deep).save(tmp_path / "a.png")
    picture = np.asarray(load_picture(tmp_path / "a.png", Limits(), 300))
    assert picture[150, 120, 0] > 200
    assert picture[10, 10, 0] == 0


@pytest.mark.parametrize("value", [0, 1, 700, 40000, 65535])
def test_a_picture_of_one_value_stays_one(tmp_path, value):
    Image.fromarray(np.full((40, 40), value, np.uint16)).save(tmp_path / "a.png")
    assert np.ptp(shown(tmp_path / "a.png")) == 0


def test_values_none_of_which_is_a_number_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.full((9, 9), np.nan, np.float32))
    with pytest.raises(UnreadableFile, match="no value that is a finite number"):
        read(tmp_path / "a.tif")


EIGHT, SIXTEEN = COLOURS.astype(np.uint8), (COLOURS * 257).astype(np.uint16)
TIFFS = {
    "colours of 16 bits": (SIXTEEN, {}),
    "dark colours of 16 bits": ((COLOURS * 16).astype(np.uint16), {}),
    "dark, deflated": ((COLOURS * 16).astype(np.uint16), {"compression": "zlib"}),
    "planes of 16 bits": (np.moveaxis(SIXTEEN, -1, 0), {"planarconfig": "separate"}),
    "planes of 8 bits": (np.moveaxis(EIGHT, -1, 0), {"planarconfig": "separate"}),
    "colours of floats": ((COLOURS / 255).astype(np.float32), {}),
    "colours of half floats": ((COLOURS / 255).astype(np.float16), {}),
    "tiles": (EIGHT, {"tile": (16, 16)}),
    "big": (EIGHT, {"bigtiff": True}),
    "with more samples": (np.dstack([EIGHT, EIGHT[..., :2]]), {"extrasamples": [0, 0]}),
}


@pytest.mark.parametrize("name", TIFFS)
def test_colours_in_tiff(tmp_path, name):
    values, options = TIFFS[name]
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", **options)
    assert np.abs(shown(tmp_path / "a.tif") - COLOURS).max() <= 2


@pytest.mark.parametrize("order", ["little", "big"])
def test_dark_colours_that_only_libtiff_unpacks_keep_their_low_bytes(tmp_path, order):
    """LZW, written by hand: codes of nine bits, the table cleared before it grows."""
    deep = (COLOURS * 16).astype("<u2" if order == "little" else ">u2")
    bits = []
    for at, byte in enumerate(deep.tobytes()):
        bits += [256, byte] if at % 200 == 0 else [byte]
    number = 0
    for code in [*bits, 257]:
        number = number << 9 | code
    spare = -9 * (len(bits) + 1) % 8
    packed = (number << spare).to_bytes((9 * (len(bits) + 1) + spare) // 8, "big")
    mark = "<" if order == "little" else ">"
    entries = [
        *((256, 3, 1, 64), (257, 3, 1, 48), (258, 3, 3, None), (259, 3, 1, 5), (262, 3, 1, 2)),
        *((273, 4, 1, None), (277, 3, 1, 3), (278, 3, 1, 48), (279, 4, 1, len(packed))),
    ]
    start = 8 + 2 + 12 * len(entries) + 4
    body = struct.pack(mark + "H", len(entries))
    for tag, kind, n, value in entries:
        value = {258: start, 273: start + 6}.get(tag, value)
        short = kind == 3 and n == 1
        body += struct.pack(mark + "HHI", tag, kind, n)
        body += struct.pack(mark + ("HH" if short else "I"), *((value, 0) if short else (value,)))
    head = (b"II*\0" if order == "little" else b"MM\0*") + struct.pack(mark + "I", 8)
    data = head + body + bytes(4) + struct.pack(mark + "HHH", 16, 16, 16) + packed
    (tmp_path / "a.tif").write_bytes(data)
    assert np.abs(shown(tmp_path / "a.tif") - COLOURS).max() <= 2


def test_grey_whose_white_is_zero_is_turned_at_any_depth(tmp_path):
    for number, full in enumerate((255, 65535)):
        values = (full - GREY * (full / 255)).astype((np.uint8, np.uint16)[number])
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
        is_grey_ramp(tmp_path / "a.tif")
    black = GREY > 120
    tifffile.imwrite(tmp_path / "b.tif", ~black, photometric="miniswhite")
    assert (shown(tmp_path / "b.tif")[..., 0] == 255 * black).all()


def test_many_samples_that_are_no_picture_are_refused_by_name(tmp_path):
    bands = np.zeros((6, 9, 9), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", bands, photometric="minisblack", planarconfig="separate")
    with pytest.raises(UnreadableFile, match=r"TIFF with samples or a compression"):
        read(tmp_path / "a.tif")


def test_lab_is_shown_in_its_colours(tmp_path):
    red = Image.new("RGB", (40, 40), (200, 30, 40))
    lab = ImageCms.createProfile("LAB")
    made = ImageCms.profileToProfile(red, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    made.save(tmp_path / "a.tif")
    assert np.abs(shown(tmp_path / "a.tif")[20, 20] - (200, 30, 40)).max() <= 3


def test_a_profile_of_other_colours_is_followed(tmp_path):
    """In a profile of D50 white whose red and green are swapped, red is green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    plain = bytes(profile).replace(b"s\0R\0G\0B", b"o\0t\0h\0e").replace(b"sRGB", b"othe")
    for suffix in ("png", "jpg", "tif", "webp"):
        path = tmp_path / f"a.{suffix}"
        Image.new("RGB", (40, 40), (250, 10, 10)).save(path, icc_profile=plain)
        red_shown, green_shown, _ = shown(path)[20, 20]
        assert green_shown > 200 > 60 > red_shown
    Image.new("RGB", (40, 40), (250, 10, 10)).save(tmp_path / "b.png", icc_profile=plain[:90])
    assert shown(tmp_path / "b.png")[20, 20, 0] > 200, "a damaged profile is left alone"


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt", b"tEXt"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_png_with_text_of_any_size_is_read(tmp_path, kind, behind):
    large = b"x" * 3 * 2**20
    bodies = {
        b"iCCP": b"p\0\0" + zlib.compress(large),
        b"zTXt": b"c\0\0" + zlib.compress(large),
        b"iTXt": b"c\0\1\0en\0\0" + zlib.compress(large),
        b"tEXt": b"c\0" + large,
    }
    data = io.BytesIO()
    halves().save(data, "PNG")
    at = data.getvalue().index(b"IEND" if behind and kind != b"iCCP" else b"IDAT") - 4
    whole = data.getvalue()
    (tmp_path / "a.png").write_bytes(whole[:at] + chunk(kind, bodies[kind]) + whole[at:])
    assert read(tmp_path / "a.png").views[0, 16, 4].tolist() == [220, 10, 10]


def test_of_many_large_texts_few_are_inflated(monkeypatch):
    """Each would be dropped only after a MiB of it was inflated."""
    inflated = []
    whole = png._text_size
    monkeypatch.setattr(
        png, "_text_size", lambda text: inflated.append(whole(text)) or inflated[-1]
    )
    text = chunk(b"zTXt", b"c\0\0" + zlib.compress(b"x" * 3 * 2**20))
    data = io.BytesIO()
    halves().save(data, "PNG")
    at = data.getvalue().index(b"IDAT") - 4
    bare, _ = png.bare(data.getvalue()[:at] + text * 200 + data.getvalue()[at:])
    assert bare == data.getvalue()
    assert sum(inflated) < 2**25


def test_damaged_or_unknown_text_does_not_stop_a_png(tmp_path):
    data = io.BytesIO()
    halves().save(data, "PNG")
    whole, at = data.getvalue(), data.getvalue().index(b"IDAT") - 4
    for more in (chunk(b"tEXt", b"a\0b")[:-1] + b"?", chunk(b"zTXt", b"a\0\0junk"),
                 chunk(b"prVt", b"own"), chunk(b"iCCP", b"")):  # fmt: skip
        (tmp_path / "a.png").write_bytes(whole[:at] + more + whole[at:])
        assert read(tmp_path / "a.png").aspect == 1.5
    (tmp_path / "a.png").write_bytes(whole[: whole.index(b"IEND") - 4])
    assert read(tmp_path / "a.png").aspect == 1.5, "only the end is missing"


def test_text_still_says_how_a_png_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    halves().save(tmp_path / "a.png", exif=exif)
    assert read(tmp_path / "a.png").aspect == 40 / 60


def test_heic_of_phones_is_read_upright(tmp_path):
    (tmp_path / "a.heic").write_bytes(base64.b64decode(HEIC))
    reading = read(tmp_path / "a.heic")
    assert reading.aspect == 40 / 60
    assert reading.views[0, 4, 16, 0] > 180 > 60 > reading.views[0, 4, 16, 2]
    assert reading.views[0, -4, 16, 2] > 180 > 60 > reading.views[0, -4, 16, 0]
    (tmp_path / "b.jpg").write_bytes(base64.b64decode(HEIC))
    assert (read(tmp_path / "b.jpg").views == reading.views).all(), "whatever its name"
    with pytest.raises(OverLimit, match="2,400 pixels"):
        read(tmp_path / "a.heic", pixels=2000)
    (tmp_path / "c.heic").write_bytes(base64.b64decode(HEIC)[:-150])
    with pytest.raises(UnreadableFile, match=r"c\.heic"):
        read(tmp_path / "c.heic")


def test_heic_that_tells_its_colours_by_code_points(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "code_points", lambda data: CodePoints(9, 16))
    (tmp_path / "a.heic").write_bytes(base64.b64decode(HEIC))
    image = extras.open_heif(tmp_path / "a.heic", Limits())
    assert image.info["icc_profile"] == profile_of(CodePoints(9, 16))


@pytest.mark.parametrize(
    "suffix", ["avif", "jp2", "tga", "ppm", "qoi", "ico", "dib", "jfif", "apng"]
)
def test_further_formats_are_read(tmp_path, suffix):
    named = {"jfif": "JPEG", "apng": "PNG"}
    halves(64, 64).save(tmp_path / f"a.{suffix}", format=named.get(suffix))
    view = read(tmp_path / f"a.{suffix}").views[0]
    assert view[16, 4, 0] > 180 > 60 > view[16, 4, 2]
    assert any(f".{suffix}" in group for group in BY_PILLOW.values())


def test_jpeg_xl_is_read_by_an_extra_or_says_which(tmp_path, monkeypatch):
    data = b"\xff\x0a" + b"\0" * 40
    (tmp_path / "a.jxl").write_bytes(data)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pylibjxl", None)
        with pytest.raises(UnreadableFile, match=r"pip install 'opensearch-visual\[jxl\]'"):
            read(tmp_path / "a.jxl")
    (tmp_path / "b.jxl").write_bytes(pylibjxl.encode(np.asarray(halves()), lossless=True))
    assert read(tmp_path / "b.jxl").views[0, 16, 4].tolist() == [220, 10, 10]
    with pytest.raises(OverLimit, match="2,400 pixels"):
        read(tmp_path / "b.jxl", pixels=2000)
    with pytest.raises(UnreadableFile, match=r"a\.jxl"):
        read(tmp_path / "a.jxl")


def raw_file(path, preview, light=60000):
    """A sensor's picture, red left and blue right, in a DNG file, with a preview or without."""
    sensor = np.zeros((64, 96), np.uint16)
    sensor[::2, :48:2] = light
    sensor[1::2, 49::2] = light
    common = [
        *((50706, 1, 4, b"\1\4\0\0", True), (50708, 2, 0, "Made up", True)),
        (50721, 10, 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), True),
        *((50728, 5, 3, (1, 1, 1, 1, 1, 1), True), (50778, 3, 1, 21, True)),
    ]
    pattern = [(33421, 3, 2, (2, 2), True), (33422, 1, 4, b"\0\1\1\2", True)]
    with tifffile.TiffWriter(path) as file:
        if preview:
            small = np.asarray(preview)
            file.write(small, photometric="rgb", subfiletype=1, subifds=1, extratags=common)
            file.write(sensor, photometric=32803, subfiletype=0, extratags=pattern)
        else:
            file.write(sensor, photometric=32803, subfiletype=0, extratags=[*pattern, *common])


@pytest.mark.parametrize("preview", [halves(480, 320), Image.new("RGB", (48, 32)), None])
def test_raw_files_show_their_preview_or_what_the_sensor_saw(tmp_path, preview):
    raw_file(tmp_path / "a.dng", preview)
    view = read(tmp_path / "a.dng").views[0]
    assert view[16, 4, 0] > 180 > 100 > view[16, 4, 2]
    assert view[16, -4, 2] > 180 > 100 > view[16, -4, 0]


def test_raw_files_whose_pixels_are_gone_show_a_small_preview_or_are_refused(tmp_path):
    raw_file(tmp_path / "a.dng", halves(48, 32), light=0)
    assert read(tmp_path / "a.dng").views[0][16, 4, 0] > 180
    raw_file(tmp_path / "b.dng", None, light=0)
    with pytest.raises(UnreadableFile, match="nothing of its picture is left"):
        read(tmp_path / "b.dng")
    (tmp_path / "b.dng").write_bytes((tmp_path / "b.dng").read_bytes()[:400])
    with pytest.raises(UnreadableFile, match="cut short, or from a camera"):
        read(tmp_path / "b.dng")


def test_raw_files_say_which_extra_they_need(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    (tmp_path / "a.nef").write_bytes(b"MM\0*" + bytes(60))
    with pytest.raises(
        UnreadableFile, match=r"needs rawpy.*pip install 'opensearch-visual\[raw\]'"
    ):
        read(tmp_path / "a.nef")
    halves().save(tmp_path / "b.cr2", format="JPEG")
    assert read(tmp_path / "b.cr2").aspect == 1.5, "a JPEG under its name is read"


@pytest.mark.parametrize("suffix", ["gif", "webp", "tif", "png", "avif"])
def test_of_an_animation_the_first_frame_that_is_not_blank_is_shown(tmp_path, suffix):
    frames = [Image.new("RGB", (60, 40), "white"), Image.new("RGB", (60, 40), "black"), halves()]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    view = read(path).views[0]
    assert view[16, 4, 0] > 180 > 60 > view[16, 4, 2]


def test_a_transparent_first_frame_is_blank_and_so_may_all_be(tmp_path):
    clear = Image.new("RGBA", (60, 40), (200, 0, 0, 0))
    clear.save(tmp_path / "a.webp", save_all=True, append_images=[halves().convert("RGBA")])
    assert read(tmp_path / "a.webp").views[0, 16, 4, 0] > 180
    plain = [Image.new("RGB", (60, 40), colour) for colour in ("#123456", "#654321")]
    for suffix, frames in (
        ("gif", plain),
        ("png", plain),
        ("tif", plain),
        ("png", palettes(plain)),
    ):
        frames[0].save(tmp_path / f"b.{suffix}", save_all=True, append_images=frames[1:])
        assert read(tmp_path / f"b.{suffix}").views[0, 16, 16].tolist() == [0x12, 0x34, 0x56]


def palettes(frames):
    return [frame.quantize(4) for frame in frames]


def test_pages_of_deep_grey_are_looked_at_in_turn(tmp_path):
    pages = np.stack([np.zeros_like(GREY), GREY * 16]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    is_grey_ramp(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        (b"\xef\xbb\xbf\n <HTML>", "an HTML page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript document; save it as PDF or SVG"),
        (b"PK\x03\x04" + bytes(30), "a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\0\0\0\x18ftypmp42" + bytes(30), "video"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "name it .svg"),
        (bytes(900), "nothing but zero bytes"),
        (b'{"error": "not found"}', "JSON text"),
        (b"Access denied", "text"),
        (b"gimp xcf v011", "a GIMP project"),
    ],
)
def test_what_is_no_picture_is_refused_by_what_it_is(tmp_path, head, told):
    (tmp_path / "a.jpg").write_bytes(head)
    with pytest.raises(UnreadableFile, match="holds no picture of a known format, but ") as caught:
        read(tmp_path / "a.jpg")
    assert told in str(caught.value)


@pytest.mark.parametrize("suffix", sorted(suffixes()))
def test_no_suffix_makes_noise_a_picture(tmp_path, suffix):
    noise = np.random.default_rng(3).integers(0, 255, 4000, np.uint8).tobytes()
    (tmp_path / f"a{suffix}").write_bytes(noise)
    with pytest.raises(UnreadableFile, match=rf"^picture 'a\{suffix}'"):
        read(tmp_path / f"a{suffix}")


def jpeg(**options):
    data = io.BytesIO()
    picture = np.random.default_rng(0).normal(128, 40, (256, 256, 3)).clip(0, 255)
    Image.fromarray(picture.astype(np.uint8)).save(data, "JPEG", **options)
    return data.getvalue()


def apart(path, whole):
    """How far the view of a file is from that of the whole picture, in shades."""
    path.with_name("whole.jpg").write_bytes(whole)
    return np.abs(read(path).views.astype(int) - read(path.with_name("whole.jpg")).views).max()


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_its_last_bytes_is_read(tmp_path, cut, progressive):
    whole = jpeg(progressive=progressive)
    (tmp_path / "a.jpg").write_bytes(whole[:-cut])
    assert apart(tmp_path / "a.jpg", whole) <= 30


def scene(**options):
    """Smooth colours with a few shapes, as a JPEG."""
    data = io.BytesIO()
    coarse = np.random.default_rng(4).integers(0, 255, (9, 12, 3), np.uint8)
    picture = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
    ImageDraw.Draw(picture).ellipse((200, 150, 420, 400), fill="navy", outline="white", width=5)
    picture.save(data, "JPEG", quality=90, **options)
    return data.getvalue()


@pytest.mark.parametrize("kind", [image_reader, sketch_reader])
@pytest.mark.parametrize(("cut", "told"), [(0, ""), (2, ""), (40, "details"), (400, "details")])
def test_a_progressive_jpeg_without_its_last_bits_is_read_and_told(tmp_path, kind, cut, told):
    whole = scene(progressive=True)
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) - cut])
    (tmp_path / "whole.jpg").write_bytes(whole)
    reader = kind(ReaderSettings(reader="x", size=96), Limits())
    cut_short, entire = reader(tmp_path / "a.jpg", None), reader(tmp_path / "whole.jpg", None)
    if kind is image_reader:  # ink is told from paper by less
        assert np.abs(cut_short.views.astype(int) - entire.views).max() <= 12
    assert told in cut_short.lost
    assert bool(cut_short.lost) == bool(told)


def test_a_jpeg_that_lacks_its_end_says_so(tmp_path):
    whole = scene()
    (tmp_path / "a.jpg").write_bytes(whole[:-100])
    assert read(tmp_path / "a.jpg").lost == "its file ends early, so its lower right is missing"


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_a_jpeg_that_lacks_more_is_refused(tmp_path, share):
    data = jpeg()
    (tmp_path / "a.jpg").write_bytes(data[: int(share * len(data))])
    with pytest.raises(UnreadableFile, match="truncated"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5, 0.3, 0.1])
def test_a_progressive_jpeg_cut_short_is_refused_or_looks_whole(tmp_path, share):
    """Its first passes show all of it, the later ones only make it finer."""
    data = jpeg(progressive=True)
    (tmp_path / "a.jpg").write_bytes(data[: int(share * len(data))])
    try:
        far = apart(tmp_path / "a.jpg", data)
    except UnreadableFile:
        far = 0
    assert far <= 12


def test_a_wide_profile_that_names_srgb_is_followed(tmp_path):
    """As `DCI-P3 D65 Gamut with sRGB Transfer`, which browsers write."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = bytearray(plain)
    columns = {b"r": (0.5151, 0.2412, -0.0011), b"g": (0.2920, 0.6922, 0.0419)}
    columns |= {b"b": (0.1571, 0.0666, 0.7841)}
    for name, xyz in columns.items():
        entry = plain.index(name + b"XYZ")
        start = int.from_bytes(plain[entry + 4 : entry + 8], "big") + 8
        wide[start : start + 12] = struct.pack(">3i", *(round(65536 * each) for each in xyz))
    for name, profile in (("plain", plain), ("wide", bytes(wide))):
        Image.new("RGB", (40, 40), (0, 200, 0)).save(tmp_path / f"{name}.png", icc_profile=profile)
    assert read(tmp_path / "plain.png").views[0, 16, 16].tolist() == [0, 200, 0]
    assert read(tmp_path / "wide.png").views[0, 16, 16, 1] >= 203
