"""Colour profiles in files and of pictures that Pillow has none for."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from opensearch.domains.image import load_picture
from opensearch.limits import Limits

SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
GAMMA = 1.2


def fixed(*numbers):
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def icc(space, gamma=2.2, columns=()):
    """A profile of one gamma; of colours with these primaries."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=False):
        tags[name] = b"XYZ \0\0\0\0" + fixed(*column)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if columns else (b"kTRC",), curve)
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x2400000, b"mntr", space, b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + table + body


TURNED = icc(b"RGB ", columns=(SRGB[1], SRGB[2], SRGB[0]))
"""Its red is green, its green blue, its blue red."""


def shown(path, data):
    path.write_bytes(data)
    return np.asarray(load_picture(path, Limits(), 4096)).astype(int)


def jpeg_2000(colours, profile=None, way=2):
    """A file whose box of colours, of 15 bytes, is put in place by one with a profile."""
    buffer = io.BytesIO()
    colours.save(buffer, "JPEG2000")
    data = buffer.getvalue()
    if profile is None:
        return data
    start, head = data.index(b"colr") - 4, data.index(b"jp2h") - 4
    box = struct.pack(">I4sBBB", 11 + len(profile), b"colr", way, 0, 0) + profile
    size = struct.unpack_from(">I", data, head)[0] + len(box) - 15
    whole = data[:start] + box + data[start + 15 :]
    return whole[:head] + struct.pack(">I", size) + whole[head + 4 :]


@pytest.mark.parametrize("way", [2, 3])
def test_the_profile_of_a_jpeg_2000_file_is_followed(tmp_path, way):
    red = Image.new("RGB", (64, 64), (250, 10, 10))
    assert shown(tmp_path / "a.jp2", jpeg_2000(red))[9, 9].argmax() == 0
    assert shown(tmp_path / "a.jp2", jpeg_2000(red, TURNED, way))[9, 9].argmax() == 1
    assert shown(tmp_path / "a.jp2", jpeg_2000(red, TURNED[:90], way))[9, 9].argmax() == 0


@pytest.mark.parametrize("opacity", [255, 100])
def test_the_profile_of_grey_with_opacity_is_followed(tmp_path, opacity):
    profile = icc(b"GRAY", GAMMA)
    grey = Image.fromarray(np.tile(np.arange(0, 256, 3, dtype=np.uint8), (40, 1)))
    grey.save(tmp_path / "plain.png", icc_profile=profile)
    plain = np.asarray(load_picture(tmp_path / "plain.png", Limits(), 4096)).astype(float)
    assert np.abs(plain[0, :, 0] - np.arange(0, 256, 3)).max() > 30
    pair = Image.merge("LA", (grey, Image.new("L", grey.size, opacity)))
    buffer = io.BytesIO()
    pair.save(buffer, "PNG", icc_profile=profile)
    wanted = (plain * opacity + 255 * (255 - opacity)) / 255
    assert np.abs(shown(tmp_path / "a.png", buffer.getvalue()) - wanted).max() <= 2


def test_colours_with_a_profile_of_grey_stay(tmp_path):
    red = Image.new("RGBA", (9, 9), (250, 10, 10, 255))
    buffer = io.BytesIO()
    red.save(buffer, "PNG", icc_profile=icc(b"GRAY", GAMMA))
    assert shown(tmp_path / "a.png", buffer.getvalue())[4, 4].tolist() == [250, 10, 10]
    ImageCms.ImageCmsProfile(io.BytesIO(icc(b"GRAY", GAMMA)))  # which is a whole one


@pytest.mark.parametrize("columns", [((0, 0, 0), (-0.5, 0, 0), (0, 0, 0)), ((1, 1, 1),) * 3])
def test_a_profile_whose_white_is_none_is_left_aside(tmp_path, columns):
    colours = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(colours).save(buffer, "PNG", icc_profile=icc(b"RGB ", columns=columns))
    np.testing.assert_array_equal(shown(tmp_path / "a.png", buffer.getvalue()), colours)
