"""BMP files whose bits are divided in other ways than the usual ones."""

import struct

import numpy as np
import pytest

from opensearch.domains.image import load_picture
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

WIDTH, HEIGHT = 5, 4
MASKS = [
    (16, 0xF00, 0xF0, 0xF, 0),
    (16, 0xF00, 0xF0, 0xF, 0xF000),
    (16, 0x7C00, 0x3E0, 0x1F, 0x8000),
    (16, 0x3, 0x1C, 0x20, 0),
    (16, 0x001F, 0x07E0, 0xF800, 0),
    (32, 0x3FF00000, 0xFFC00, 0x3FF, 0),
    (32, 0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000),
    (32, 0xFF00, 0xFF0000, 0xFF000000, 0xFF),
    (32, 0xFFFF, 0, 0xFFFF0000, 0),
]


def bmp(values, masks, *, size=56, down=False, kind=3):
    """A file of values (h, w), its header of `size` bytes, the last row first or `down`."""
    bits = masks[0]
    rows = values.astype("<u2" if bits == 16 else "<u4")
    row = b"".join(each.tobytes().ljust(-(-WIDTH * bits // 32) * 4, b"\0")
                   for each in (rows if down else rows[::-1]))  # fmt: skip
    header = struct.pack("<IiiHHI20x", size, WIDTH, -HEIGHT if down else HEIGHT, 1, bits, kind)
    count = 3 if size == 40 and kind == 3 else 4
    header = (header + struct.pack(f"<{count}I", *masks[1 : 1 + count])).ljust(size, b"\0")
    start = 14 + len(header)
    return b"BM" + struct.pack("<I4xI", start + len(row), start) + header + row


def level(value, mask):
    """Reference: what stands under a mask, bit by bit, 0 to 255."""
    bits = [at for at in range(32) if mask >> at & 1]
    number = sum((value >> at & 1) << place for place, at in enumerate(bits))
    return round(255 * number / (2 ** len(bits) - 1)) if bits else 0


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(("size", "kind"), [(40, 3), (40, 6), (56, 3), (108, 3), (124, 3)])
@pytest.mark.parametrize("down", [False, True])
def test_any_masks_are_read(tmp_path, masks, size, kind, down):
    values = np.random.default_rng(1).integers(0, 2 ** masks[0], (HEIGHT, WIDTH), np.uint64)
    (tmp_path / "a.bmp").write_bytes(bmp(values, masks, size=size, down=down, kind=kind))
    seen = np.asarray(load_picture(tmp_path / "a.bmp", Limits(), 100))
    opaque = not masks[4] or (size == 40 and kind == 3)
    for (y, x), value in np.ndenumerate(values):
        share = 1 if opaque else level(int(value), masks[4]) / 255
        for colour, mask in enumerate(masks[1:4]):
            expected = 255 * (1 - share) + share * level(int(value), mask)
            assert abs(int(seen[y, x, colour]) - expected) <= 1.5


def test_odd_bmps_are_weighed_and_whole_or_refused(tmp_path):
    values = np.zeros((HEIGHT, WIDTH), np.uint64)
    whole = bmp(values, MASKS[0])
    (tmp_path / "a.bmp").write_bytes(whole[:-3])
    with pytest.raises(UnreadableFile, match="is cut short: 5 x 4 pixels do not fit in"):
        load_picture(tmp_path / "a.bmp", Limits(), 100)
    (tmp_path / "a.bmp").write_bytes(whole)
    with pytest.raises(OverLimit, match="has 20 pixels"):
        load_picture(tmp_path / "a.bmp", Limits(pixels=19), 100)


@pytest.mark.parametrize("name", ["a.bmp", "a.ico"])
def test_the_first_picture_of_an_array_of_os2_is_read(tmp_path, name):
    lines = np.random.default_rng(1).integers(0, 255, (HEIGHT, 4, 3), np.uint8)
    header = struct.pack("<IHHHH", 12, 4, HEIGHT, 1, 24)  # of OS/2 1
    pixels = lines[::-1, :, ::-1].tobytes()
    picture = b"BM" + struct.pack("<I4xI", 26, 14 + 26) + header + pixels
    array = b"BA" + struct.pack("<IIHH", 40, 0, 0, 0) + picture
    (tmp_path / name).write_bytes(array)
    assert (np.asarray(load_picture(tmp_path / name, Limits(), 64)) == lines).all()


@pytest.mark.parametrize("array", [b"", b"BA" + struct.pack("<IIHH", 40, 0, 0, 0)])
@pytest.mark.parametrize("kind", [b"CI", b"IC"])
def test_an_icon_of_os2_is_refused_by_its_name(tmp_path, array, kind):
    icon = kind + struct.pack("<IHHI", 26, 16, 16, 120) + struct.pack("<IHHHH", 12, 32, 64, 1, 1)
    (tmp_path / "a.ico").write_bytes(array + icon + bytes(300))
    with pytest.raises(UnreadableFile, match="but an OS/2 icon; save it as PNG"):
        load_picture(tmp_path / "a.ico", Limits(), 64)
