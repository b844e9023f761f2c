"""Pictures that tell their colours by code points or chromaticities, not by a profile."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from opensearch.domains.image import load_picture
from opensearch.domains.pictures import coded_colours, heif
from opensearch.limits import Limits

SIDE = 24
PQ, HLG, SRGB, LINEAR = 16, 18, 13, 8


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(image, *chunks):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()[:33] + b"".join(chunks) + buffer.getvalue()[33:]


def codes(primaries, transfer):
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


def avif(image, primaries, transfer):
    buffer = io.BytesIO()
    image.save(buffer, "AVIF", quality=100, subsampling="4:4:4")
    before, after = buffer.getvalue().split(b"colrnclx")
    return before + b"colrnclx" + struct.pack(">2H", primaries, transfer) + after[4:]


def seen(path, data):
    path.write_bytes(data)
    return np.asarray(load_picture(path, Limits(), SIDE), int)


def steps(*values):
    return Image.fromarray(
        np.repeat(np.array(values, np.uint8), SIDE // len(values))[None].repeat(SIDE, 0)
    ).convert("RGB")


def test_paper_of_pq_is_light(tmp_path):
    """White paper (203 cd/m2 is 148 of 255 in PQ) was shown as middle grey."""
    found = seen(tmp_path / "a.png", png(steps(0, 75, 148, 192), codes(1, PQ)))[0, ::6, 0]
    assert found[0] == 0
    assert found[1] < 75 < 148 + 30 < found[2] < 200 < 250 < found[3]


@pytest.mark.parametrize("transfer", [PQ, HLG, LINEAR])
def test_light_rises_with_values_and_fills_the_range(tmp_path, transfer):
    ramp = Image.fromarray(np.linspace(0, 255, SIDE).astype(np.uint8)[None].repeat(SIDE, 0))
    found = seen(tmp_path / "a.png", png(ramp.convert("RGB"), codes(1, transfer)))[0, :, 0]
    assert (np.diff(found) >= 0).all()
    assert found[0] == 0
    assert found[-1] >= 254


@pytest.mark.parametrize("write", [avif, lambda image, *said: png(image, codes(*said))])
def test_wide_colours_are_brought_to_a_screen(tmp_path, write):
    """Reference: BT.2087, the inverse matrix of BT.2020's primaries, on light."""
    colour = np.array([120, 140, 130])
    path = tmp_path / ("a.avif" if write is avif else "a.png")
    found = seen(path, write(Image.new("RGB", (SIDE, SIDE), tuple(colour)), 9, SRGB))[9, 9]
    light = ((colour / 255 + 0.055) / 1.055) ** 2.4
    matrix = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    wanted = 255 * (1.055 * (matrix @ light) ** (1 / 2.4) - 0.055)
    assert abs(found - wanted).max() <= (4 if write is avif else 2)


@pytest.mark.parametrize("said", [(1, SRGB), (1, 1), (2, 2), (6, 6)])
def test_usual_colours_stay(tmp_path, said):
    colours = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    found = seen(tmp_path / "a.png", png(Image.fromarray(colours), codes(*said)))
    np.testing.assert_array_equal(found, colours)
    assert heif.code_points(avif(Image.fromarray(colours), *said)) == said
    assert coded_colours.profile_of(coded_colours.CodePoints(*said)) == b""


def test_code_points_are_those_of_the_primary_picture():
    data = avif(steps(0, 255), 9, PQ)
    assert heif.code_points(data) == (9, PQ)
    buffer = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    steps(0, 255).save(buffer, "AVIF", icc_profile=profile)
    assert heif.code_points(buffer.getvalue()) is None
    for other in (data.replace(b"pitm", b"free"), data[:60], b"", data.replace(b"colr", b"free")):
        assert heif.code_points(other) is None


def test_chromaticities_beside_gamma(tmp_path):
    """Red and green changed places; without gAMA they say nothing."""
    swapped = (31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000)
    places = chunk(b"cHRM", struct.pack(">8I", *swapped))
    gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    red = Image.new("RGB", (SIDE, SIDE), (250, 20, 20))
    assert abs(seen(tmp_path / "a.png", png(red, gamma, places))[9, 9] - (20, 250, 20)).max() <= 2
    assert seen(tmp_path / "a.png", png(red, places))[9, 9].tolist() == [250, 20, 20]
    known = chunk(b"sRGB", b"\0")
    assert seen(tmp_path / "a.png", png(red, known, gamma, places))[9, 9].tolist() == [250, 20, 20]
    broken = chunk(b"cHRM", bytes(32))
    assert seen(tmp_path / "a.png", png(red, gamma, broken))[9, 9].tolist() == [250, 20, 20]


def clear_avif():
    """An AVIF of half clear red whose properties are listed in two tables, as early ones are."""
    buffer = io.BytesIO()
    Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 128)).save(buffer, "AVIF", quality=100)
    data = buffer.getvalue()
    at = data.index(b"ipma") - 4
    size, version, count = struct.unpack_from(">I4xII", data, at)
    assert (version, count) == (0, 2)
    first = at + 16 + 3 + data[at + 18]  # an item's number, how many properties, and these
    tables = [data[at + 16 : first], data[first : at + size]]
    table = b"".join(
        struct.pack(">I4sII", 16 + len(items), b"ipma", 0, 1) + items for items in tables
    )
    more = len(table) - size
    made = bytearray(data[:at] + table + data[at + size :])
    for name in (b"meta", b"iprp"):  # which are longer now
        place = made.index(name) - 4
        struct.pack_into(">I", made, place, struct.unpack_from(">I", made, place)[0] + more)
    place = made.index(b"iloc") + 4  # where the pictures lie, further back
    items = struct.unpack_from(">H", made, place + 6)[0]
    for item in range(items):
        extent = place + 8 + 14 * item + 6
        struct.pack_into(">I", made, extent, struct.unpack_from(">I", made, extent)[0] + more)
    return bytes(made)


def test_properties_in_two_tables(tmp_path):
    data = clear_avif()
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(data))
    assert abs(seen(tmp_path / "a.avif", data)[9, 9] - (255, 127, 127)).max() <= 3
    assert heif.code_points(data) == (1, SRGB)
    whole = avif(steps(0, 255), 1, SRGB)
    assert heif.told_apart(whole) is whole
