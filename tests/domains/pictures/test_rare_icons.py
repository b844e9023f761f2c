"""ICO files of 32 bits a pixel, with and without opacity of their own."""

import struct

import numpy as np
import pytest

from opensearch.domains.image import load_picture
from opensearch.domains.pictures import ico
from opensearch.limits import Limits

SIDE = 33  # rows of the mask are padded to 64 bits


def bitmap(colours, opacity, clear):
    """A picture of an icon: pixels from below, then a mask whose rows fill words of 32 bits."""
    pixels = np.dstack([colours[..., ::-1], opacity])[::-1].astype(np.uint8).tobytes()
    rows = np.zeros((SIDE, 64), bool)
    rows[:, :SIDE] = clear[::-1]
    header = struct.pack("<IiiHH24x", 40, SIDE, 2 * SIDE, 1, 32)
    return header + pixels + np.packbits(rows, axis=1).tobytes()


def icon(*pictures):
    """A file of pictures."""
    start, listed = 6 + 16 * len(pictures), b""
    for picture in pictures:
        listed += struct.pack("<BBBBHHII", SIDE, SIDE, 0, 0, 1, 32, len(picture), start)
        start += len(picture)
    return struct.pack("<HHH", 0, 1, len(pictures)) + listed + b"".join(pictures)


@pytest.fixture
def drawn():
    """A red square on black that the mask makes clear but for a rim about the square."""
    colours = np.zeros((SIDE, SIDE, 3), np.uint8)
    colours[12:20, 12:20] = (200, 30, 30)
    clear = np.ones((SIDE, SIDE), bool)
    clear[10:22, 10:22] = False
    return colours, clear


def test_the_mask_counts_where_no_pixel_has_opacity(tmp_path, drawn):
    colours, clear = drawn
    (tmp_path / "a.ico").write_bytes(icon(bitmap(colours, np.zeros((SIDE, SIDE)), clear)))
    seen = load_picture(tmp_path / "a.ico", Limits(), SIDE)
    np.testing.assert_array_equal(seen, np.where(clear[..., None], 255, colours))


def test_opacity_counts_where_there_is_any(tmp_path, drawn):
    colours, clear = drawn
    opacity = np.zeros((SIDE, SIDE))
    opacity[12:20, 12:20] = 255
    (tmp_path / "a.ico").write_bytes(icon(bitmap(colours, opacity, clear)))
    seen = load_picture(tmp_path / "a.ico", Limits(), SIDE)
    np.testing.assert_array_equal(seen, np.where(opacity[..., None] > 0, colours, 255))


def test_files_that_end_early_are_listed_as_they_are(drawn):
    whole = icon(bitmap(drawn[0], np.zeros((SIDE, SIDE)), drawn[1]))
    assert ico.best(whole) != whole
    for cut in range(4, len(whole), 97):
        assert ico.best(whole[:cut]) == whole[:cut]


def few_colours(side, bits, number, palette, *, behind=b""):
    """A picture of an icon, all of one of its colours, none of it clear."""
    row = np.full((side, side), number)[:, :, None] >> np.arange(bits)[::-1] & 1
    wide = -(-side * bits // 32) * 32
    packed = np.zeros((side, wide), np.uint8)
    packed[:, : side * bits] = row.reshape(side, -1)
    shades = b"".join(bytes([*colour[::-1], 0]) for colour in palette)
    header = struct.pack("<IiiHHI12xI4x", 40, side, 2 * side, 1, bits, 0, len(palette))
    mask = bytes(-(-side // 32) * 4 * side)
    return header + shades + np.packbits(packed, axis=1).tobytes() + mask + behind


def listed(*pictures, colours=0):
    """A file of pictures, each a side, bits and bytes."""
    start, table = 6 + 16 * len(pictures), b""
    for side, bits, picture in pictures:
        table += struct.pack("<BBBBHHII", side % 256, side % 256, colours, 0, 1, bits, 0, start)
        table = table[:-8] + struct.pack("<II", len(picture), start)
        start += len(picture)
    body = b"".join(picture for _, _, picture in pictures)
    return struct.pack("<HHH", 0, 1, len(pictures)) + table + body


def colour_seen(path, data):
    path.write_bytes(data)
    found = np.asarray(load_picture(path, Limits(), 64))
    assert (found == found[0, 0]).all()
    return found.shape[0], found[0, 0].tolist()


RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def test_of_the_largest_pictures_that_of_the_most_colours_is_taken(tmp_path):
    few = (48, 4, few_colours(48, 4, 0, [RED] * 16))
    many = (48, 8, few_colours(48, 8, 3, [GREEN] * 256))
    small = (16, 8, few_colours(16, 8, 3, [BLUE] * 256))
    for order in ((few, small, many), (many, few, small), (small, few, many)):
        assert colour_seen(tmp_path / "a.ico", listed(*order)) == (48, list(GREEN))
    unsaid = ((48, 0, few[2]), (48, 8, many[2]))
    assert colour_seen(tmp_path / "a.ico", listed(*unsaid, colours=16)) == (48, list(GREEN))


@pytest.mark.parametrize("bits", [1, 4, 8, 24])
def test_the_mask_is_looked_for_behind_the_pixels(tmp_path, bits):
    """It was looked for at the end, where some programs put a profile or nothing."""
    palette = [RED] * 2**bits if bits <= 8 else []
    number = 200 << 16 if bits == 24 else 0
    picture = few_colours(33, bits, number, palette, behind=bytes([255]) * 700)
    if bits == 24:
        picture = picture[:40] + (bytes((0, 0, 200)) * 33 + b"\0") * 33 + picture[40 + 100 * 33 :]
    assert colour_seen(tmp_path / "a.ico", listed((33, bits, picture))) == (33, list(RED))
