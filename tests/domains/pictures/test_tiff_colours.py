"""TIFF pages of inks, Lab and YCbCr, with opacity or without, and palettes of bytes."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from opensearch.domains.image import load_picture
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

SIDE = 24


def seen(path):
    return np.asarray(load_picture(path, Limits(), SIDE), int)


@pytest.fixture
def inks():
    """Cyan above, black on the left; shape (SIDE, SIDE, 4), shares of a whole ink."""
    shares = np.zeros((SIDE, SIDE, 4))
    shares[:8, :, 0] = 1
    shares[:, :6, 3] = 0.5
    return shares


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_inks_of_sixteen_bits(tmp_path, inks, planar, compression):
    path = tmp_path / "a.tif"
    deep = (inks * 65535).round().astype(np.uint16)
    plain = np.moveaxis(deep, 2, 0) if planar == "separate" else deep
    if compression == "lzw":
        Image.fromarray((inks * 255).astype(np.uint8), "CMYK").save(path, compression="tiff_lzw")
    else:
        tifffile.imwrite(
            path, plain, photometric="separated", planarconfig=planar, compression=compression
        )
    found = seen(path)
    assert found[20, 20].tolist() == [255, 255, 255]
    assert found[4, 20].tolist() == [0, 255, 255]
    assert abs(found[20, 2] - 127).max() <= 1


def test_inks_that_are_floats(tmp_path, inks):
    tifffile.imwrite(tmp_path / "a.tif", inks.astype(np.float32), photometric="separated")
    assert seen(tmp_path / "a.tif")[4, 20].tolist() == [0, 255, 255]


def test_opacity_beside_inks(tmp_path, inks):
    clear = np.full((SIDE, SIDE, 1), 255)
    clear[:, 12:] = 0
    samples = np.dstack([inks * 255, clear]).astype(np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, samples, photometric="separated", extrasamples=["unassalpha"])
    found = seen(path)
    assert found[4, 8].tolist() == [0, 255, 255]
    assert found[4, 20].tolist() == [255, 255, 255]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("clear", [False, True])
def test_lab(tmp_path, bits, clear):
    kind, shift = np.dtype(f"u{bits // 8}"), bits - 8
    samples = np.zeros((SIDE, SIDE, 4), np.int64)
    samples[..., 0], samples[..., 3] = 128, 255
    samples[:8, :, 1] = 70  # towards red; the rest is grey
    samples[8:16, :, 2] = -70 % 256  # towards blue
    samples = (samples << shift).astype(kind)
    samples[..., 3] = np.iinfo(kind).max
    samples[:, 12:, 3] = 0
    extra = {"extrasamples": ["unassalpha"]} if clear else {}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, samples[..., : 3 + clear], photometric="cielab", **extra)
    found = seen(path)
    assert np.ptp(found[20, 4]) <= 2
    assert found[4, 4, 0] > found[4, 4, 1] + 90
    assert found[12, 4, 2] > found[12, 4, 0] + 90
    assert (found[:, 20] == 255).all() == clear


def test_signed_inks_are_refused(tmp_path, inks):
    tifffile.imwrite(tmp_path / "a.tif", (inks * 127).astype(np.int16), photometric="separated")
    with pytest.raises(UnreadableFile, match="holds 4 samples a pixel of int16, not known"):
        seen(tmp_path / "a.tif")


@pytest.mark.parametrize("full", [255, 65535])
def test_palettes_of_bytes_and_of_words(tmp_path, full):
    """Some programs write 0 to 255 where 0 to 65535 belongs; all of that would be black."""
    shades = np.zeros((3, 256), np.uint16)
    shades[:, 1], shades[:, 2] = full, (full, 0, 0)
    numbers = np.ones((SIDE, SIDE), np.uint8)
    numbers[4:9] = 2
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers, photometric="palette", colormap=shades)
    found = seen(path)
    assert found[20, 20].tolist() == [255, 255, 255]
    assert found[6, 20].tolist() == [255, 0, 0]


def thinned(across, down, high=20, wide=27, rows=8):
    """A page as cameras wrote it: blocks of samples of light, each with one of either colour."""
    y = np.random.default_rng(0).integers(0, 255, (high, wide), np.uint8)
    strips = []
    for top in range(0, high, rows):
        part = np.pad(y[top : top + rows], ((0, down), (0, across)))
        for block in range(-(-min(rows, high - top) // down)):
            row = part[block * down :][:down]
            for left in range(0, wide, across):
                red = 200 if left < wide // 2 else 90
                strips.append((top, row[:, left : left + across].tobytes() + bytes([100, red])))
    strips = [b"".join(each for at, each in strips if at == top) for top in range(0, high, rows)]
    count = len(strips)
    start = 8 + 2 + 12 * 11 + 4
    places = start + 8 * count + 8
    starts = [places + sum(map(len, strips[:at])) for at in range(count)]
    tags = [(256, 3, 1, wide), (257, 3, 1, high), (258, 3, 3, start + 8 * count)]
    tags += [(259, 3, 1, 1), (262, 3, 1, 6), (273, 4, count, start), (277, 3, 1, 3)]
    tags += [(278, 3, 1, rows), (279, 4, count, start + 4 * count), (284, 3, 1, 1)]
    tags += [(530, 3, 2, across | down << 16)]
    table = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    lengths = [len(strip) for strip in strips]
    numbers = struct.pack(f"<{2 * count}I4H", *starts, *lengths, 8, 8, 8, 0)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + table + bytes(4)
    return y, head + numbers + b"".join(strips)


@pytest.mark.parametrize(("across", "down"), [(2, 1), (2, 2), (1, 2), (4, 2)])
def test_blocks_that_share_their_colour(tmp_path, across, down):
    y, data = thinned(across, down)
    (tmp_path / "a.tif").write_bytes(data)
    found = np.asarray(load_picture(tmp_path / "a.tif", Limits(), 27))
    colours = np.empty((20, 27, 3), np.uint8)
    colours[..., 0], colours[..., 1] = y, 100
    reds = np.where(np.arange(27) // across * across < 13, 200, 90)
    colours[..., 2] = reds
    np.testing.assert_array_equal(found, Image.fromarray(colours, "YCbCr").convert("RGB"))
    (tmp_path / "a.tif").write_bytes(data[:-40])
    with pytest.raises(UnreadableFile, match="cut short"):
        load_picture(tmp_path / "a.tif", Limits(), 27)
