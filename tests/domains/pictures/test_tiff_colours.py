"""TIFF pages of inks and of Lab, with opacity or without, and palettes of bytes."""

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
