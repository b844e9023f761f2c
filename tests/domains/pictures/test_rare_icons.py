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


def test_files_that_end_early_stay_as_they_are(drawn):
    whole = icon(bitmap(drawn[0], np.zeros((SIDE, SIDE)), drawn[1]))
    assert ico.masked(whole) != whole
    for cut in range(4, len(whole), 97):
        assert ico.masked(whole[:cut]) == whole[:cut]


def test_pictures_that_lie_over_one_another_are_not_looked_at_again_and_again(drawn):
    picture = bitmap(drawn[0], np.zeros((SIDE, SIDE)), drawn[1])
    start = 6 + 16 * 3
    entry = struct.pack("<BBBBHHII", SIDE, SIDE, 0, 0, 1, 32, len(picture), start)
    made = ico.masked(struct.pack("<HHH", 0, 1, 3) + 3 * entry + picture)
    bits = [struct.unpack_from("<H", made, 6 + 16 * at + 6)[0] for at in range(3)]
    assert bits == [24, 32, 32]
