"""Photoshop files of all depths and modes, by their merged picture or their preview."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.image import load_picture
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SIDE = 24
GREY, INDEXED, RGB, CMYK, INKS, BITMAP, LAB = 1, 2, 3, 4, 7, 0, 9


def packed(row):
    """A row of bytes in PackBits, as literals of at most 128."""
    parts = [row[at : at + 128] for at in range(0, len(row), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def section(data, size=4):
    return len(data).to_bytes(size, "big") + data


def note(number, data):
    return b"8BIM" + struct.pack(">H2x", number) + section(data) + bytes(len(data) % 2)


def photoshop(planes, mode=RGB, depth=8, *, runs=False, clear=False, large=False, **parts):
    """A file of planes, each a sequence of rows of bytes, and perhaps `notes` and a `palette`."""
    version, wide = (2, 8) if large else (1, 4)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", version, len(planes), SIDE, SIDE, depth, mode)
    layers = section(struct.pack(">h", -1 if clear else 1), wide)
    sections = section(parts.get("palette", b"")) + section(parts.get("notes", b""))
    rows = [bytes(row) for plane in planes for row in plane]
    if not runs:
        return header + sections + section(layers, wide) + bytes(2) + b"".join(rows)
    rows = [packed(row) for row in rows]
    lengths = b"".join(len(row).to_bytes(4 if large else 2, "big") for row in rows)
    return header + sections + section(layers, wide) + b"\0\1" + lengths + b"".join(rows)


def seen(tmp_path, data, limits=None, suffix=".psd"):
    (tmp_path / f"a{suffix}").write_bytes(data)
    return np.asarray(load_picture(tmp_path / f"a{suffix}", limits or Limits(), SIDE), int)


@pytest.fixture
def colours():
    """Red, green and blue planes of a gradient, shape (3, SIDE, SIDE)."""
    rising = np.tile(np.linspace(0, 255, SIDE, dtype=np.uint8), (SIDE, 1))
    return np.stack([rising, rising.T, 255 - rising])


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("runs", [False, True])
def test_channels_behind_the_colours_are_no_colours(tmp_path, colours, runs, large):
    more = np.random.default_rng(0).integers(0, 255, (2, SIDE, SIDE), np.uint8)
    data = photoshop([*colours, *more], runs=runs, large=large)
    found = seen(tmp_path, data, suffix=".psb" if large else ".psd")
    np.testing.assert_array_equal(found, np.moveaxis(colours, 0, 2))


def test_sixteen_bits(tmp_path, colours):
    deep = (colours.astype(np.uint16) * 257).astype(">u2")
    found = seen(tmp_path, photoshop([[*map(bytes, plane)] for plane in deep], depth=16))
    np.testing.assert_array_equal(found, np.moveaxis(colours, 0, 2))


def test_floats_are_light(tmp_path):
    light = np.full((SIDE, SIDE), 0.2140, ">f4")  # half of what a screen's values reach
    light[:2], light[2:4] = 0, 7
    found = seen(tmp_path, photoshop([[*map(bytes, light)]] * 3, depth=32))
    assert [set(part.ravel()) for part in (found[:2], found[2:4], found[4:])] == [{0}, {255}, {127}]


def test_what_is_half_clear_is_blended_with_white_once(tmp_path):
    planes = np.full((4, SIDE, SIDE), 255, np.uint8)
    planes[0, 4:20, 4:20], planes[1:3, 4:20, 4:20], planes[3] = 255, 127, 0
    planes[3, 4:20, 4:20] = 128
    found = seen(tmp_path, photoshop(planes, clear=True))
    assert found[10, 10].tolist() == [255, 127, 127]
    planes[:3, 4:20, 4:20] = 20  # of a program that blends nothing
    assert seen(tmp_path, photoshop(planes, clear=True))[10, 10].tolist() == [137, 137, 137]


def test_bits_are_ink(tmp_path):
    ink = np.zeros((SIDE, SIDE), bool)
    ink[3:9] = True
    found = seen(tmp_path, photoshop([np.packbits(ink, axis=1)], BITMAP, 1))
    np.testing.assert_array_equal(found[..., 0], np.where(ink, 0, 255))


def test_colours_of_a_palette(tmp_path, colours):
    palette = np.random.default_rng(1).integers(0, 255, (3, 256), np.uint8)
    found = seen(tmp_path, photoshop([colours[0]], INDEXED, palette=palette.tobytes()))
    np.testing.assert_array_equal(found, palette.T[colours[0]])


@pytest.mark.parametrize(("mode", "count"), [(CMYK, 4), (INKS, 3)])
def test_inks_are_stored_as_paper_without_them(tmp_path, mode, count):
    planes = np.full((count, SIDE, SIDE), 255, np.uint8)
    planes[0, :5] = 0  # all of cyan
    found = seen(tmp_path, photoshop(planes, mode))
    assert found[10, 10].tolist() == [255, 255, 255]
    assert found[2, 10].tolist() == [0, 255, 255]


def test_lab(tmp_path):
    planes = np.full((3, SIDE, SIDE), 128, np.uint8)
    planes[1, :5] = 200  # towards red
    found = seen(tmp_path, photoshop(planes, LAB))
    assert np.ptp(found[10, 10]) <= 2
    assert found[2, 10, 0] > found[2, 10, 1] + 100


def preview(colour):
    file = io.BytesIO()
    picture = Image.new("RGB", (SIDE, SIDE), colour)
    picture.paste((0, 0, 0), (0, 0, SIDE, 8))
    picture.save(file, "JPEG", quality=95)
    return note(1036, bytes(28) + file.getvalue())


def test_a_file_without_a_merged_picture_shows_its_preview(tmp_path, colours):
    unmerged = note(1057, bytes([0, 0, 0, 1, 0]))
    found = seen(tmp_path, photoshop(colours, notes=unmerged + preview((20, 200, 20))))
    assert abs(found[20, 10] - (20, 200, 20)).max() < 10
    with pytest.raises(UnreadableFile, match=r"without its merged picture; .* 'Maximize Comp"):
        seen(tmp_path, photoshop(colours, notes=unmerged))
    blank = np.full((3, SIDE, SIDE), 255, np.uint8)
    found = seen(tmp_path, photoshop(blank, notes=preview((20, 200, 20))))
    assert abs(found[20, 10] - (20, 200, 20)).max() < 10


@pytest.mark.parametrize("runs", [False, True])
def test_what_is_cut_short_is_refused(tmp_path, colours, runs):
    whole = photoshop(colours, runs=runs)
    for end in (len(whole) - 40, 60, 33, 20):
        with pytest.raises(UnreadableFile, match=r"cut short|not known|no pixels"):
            seen(tmp_path, whole[:end])


def test_limits_and_what_is_not_known(tmp_path, colours):
    with pytest.raises(OverLimit, match="has 576 pixels, over the limit of 575"):
        seen(tmp_path, photoshop(colours), Limits(pixels=SIDE**2 - 1))
    with pytest.raises(UnreadableFile, match="of mode 3 and 7 bits, not known"):
        seen(tmp_path, photoshop(colours, depth=7))
    with pytest.raises(UnreadableFile, match="lacks channels"):
        seen(tmp_path, photoshop(colours[:2]))


@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_row_of_runs_is_lost_alone_and_told(tmp_path, colours, monkeypatch, large):
    """Rows behind it were out of step, with nothing told."""
    monkeypatch.setitem(globals(), "SIDE", 60)
    rows = np.tile(np.arange(60, dtype=np.uint8) * 4, (60, 1))
    data = bytearray(photoshop([rows, rows, rows], runs=True, large=large))
    whole = seen(tmp_path, bytes(data))
    at = len(data) - 61 * 100  # one row of the second channel begins here
    assert data[at] == 59
    data[at] = 127  # more bytes than there are
    path = tmp_path / "b.psd"
    path.write_bytes(data)
    reading = open_reader(ReaderSettings(reader="image", size=60))(path, None)
    assert reading.lost == "1 of its 180 rows are damaged"
    found = np.asarray(load_picture(path, Limits(), 60), int)
    differs = (found != np.asarray(load_picture(tmp_path / "a.psd", Limits(), 60), int)).any(axis=2)
    assert differs.any(axis=1).sum() == 1
    assert whole.shape[2] == 3
    for row in range(4, 61 * 100, 61 * 10):
        data[len(data) - 61 * 100 + row // 61 * 61] = 127
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="is damaged in 10 of its rows"):
        load_picture(path, Limits(), 60)
