"""TIFF files that Pillow or tifffile alone can read."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.limits import Limits

SIDE = 32


def view(path):
    return open_reader(ReaderSettings(reader="image", size=SIDE), Limits())(path, None).views[0]


def halves():
    """Dark above light, shape (side, side)."""
    grey = np.full((SIDE, SIDE), 40, np.uint8)
    grey[SIDE // 2 :] = 180
    return grey


@pytest.mark.parametrize("orientation", [1, 3])
def test_grey_that_is_multiplied_with_its_opacity_is_read(tmp_path, orientation):
    opacity = np.full((SIDE, SIDE), 128, np.uint8)
    both = np.dstack([halves() // 2, opacity])
    tifffile.imwrite(
        tmp_path / "a.tif",
        both,
        photometric="minisblack",
        extrasamples=["assocalpha"],
        extratags=[(274, "H", 1, orientation, True)],
    )
    seen = view(tmp_path / "a.tif")[..., 0].astype(int)
    above, below = (seen if orientation == 1 else seen[::-1])[[4, -4], 5]
    assert abs(above - (40 + 255) / 2) < 4
    assert abs(below - (180 + 255) / 2) < 4


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("colours", [1, 3])
def test_big_tiffs_of_either_byte_order_are_read(tmp_path, byteorder, colours):
    values = np.dstack([halves()] * colours)[..., 0] if colours == 1 else np.dstack([halves()] * 3)
    kind = "minisblack" if colours == 1 else "rgb"
    tifffile.imwrite(
        tmp_path / "a.tif", values, bigtiff=True, byteorder=byteorder, photometric=kind
    )
    seen = view(tmp_path / "a.tif")[..., 0]
    assert (seen[4, 5], seen[-4, 5]) == (40, 180)


@pytest.mark.parametrize("compression", ["zstd", "tiff_lzw", "lzma"])
def test_deep_grey_of_a_compression_that_one_library_knows_is_read(tmp_path, compression):
    Image.fromarray(halves().astype(np.uint16) * 257).save(
        tmp_path / "a.tif", compression=compression
    )
    seen = view(tmp_path / "a.tif")[..., 0]
    assert (seen[4, 5], seen[-4, 5]) == (40, 180)
