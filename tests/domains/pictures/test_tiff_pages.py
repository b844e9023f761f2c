"""TIFF files in which a reduced copy or a mask comes before the picture."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from opensearch.domains.image import load_picture
from opensearch.errors import OverLimit
from opensearch.limits import Limits

SIDE = 32
GREY = np.full((SIDE, SIDE), 40, np.uint8)
GREY[SIDE // 2 :] = 180
COLOURS = np.dstack([GREY, GREY // 2, GREY // 4])
DEEP = GREY.astype(np.uint16) * 257
MASK = np.ones((SIDE, SIDE), bool)  # as tifffile asks for
MASK[8:24, 8:24] = False
SMALL = np.ascontiguousarray(255 - GREY[::4, ::4])
REDUCED, OF_PAGES, TRANSPARENCY = 1, 2, 4


def seen(path, **limits):
    return np.asarray(load_picture(path, Limits(**limits), SIDE))[..., 0].astype(int)


def is_picture(path):
    """Whether the picture was read: dark above light, not its small negative nor the mask."""
    picture = seen(path)
    return picture.shape == (SIDE, SIDE) and (picture[4, 4], picture[-4, 4]) == (40, 180)


def write(path, *pages, **options):
    """Pages, each with the kind that its tag says."""
    with tifffile.TiffWriter(path, **options) as file:
        for values, kind in pages:
            file.write(
                values,
                subfiletype=kind,
                photometric="rgb" if values.ndim == 3 else "minisblack",
                metadata=None,
            )


@pytest.mark.parametrize("picture", [GREY, COLOURS, DEEP], ids=["grey", "colours", "deep"])
@pytest.mark.parametrize(
    ("aside", "kind"),
    [
        (SMALL, REDUCED),
        (SMALL.astype(np.uint16) * 257, REDUCED),
        (MASK, TRANSPARENCY),
        (MASK[::4, ::4].copy(), REDUCED | TRANSPARENCY),
        (SMALL, REDUCED | OF_PAGES),
    ],
    ids=["small", "small and deep", "mask", "small mask", "small page"],
)
def test_the_picture_behind_a_reduced_copy_or_mask_is_read(tmp_path, aside, kind, picture):
    write(tmp_path / "a.tif", (aside, kind), (aside, kind), (picture, 0))
    assert is_picture(tmp_path / "a.tif")


def test_a_file_that_pillow_does_not_know_is_read_so_too(tmp_path):
    write(tmp_path / "a.tif", (SMALL, REDUCED), (COLOURS, 0), bigtiff=True, byteorder=">")
    assert is_picture(tmp_path / "a.tif")


def test_compressed_pages_are_read_so_too(tmp_path):
    small, picture = Image.fromarray(SMALL), Image.fromarray(GREY)
    small.save(
        tmp_path / "a.tif",
        save_all=True,
        append_images=[picture],
        compression="tiff_lzw",
        tiffinfo={254: REDUCED},
    )
    data = bytearray((tmp_path / "a.tif").read_bytes())
    retag(data, 1, 254, 254, 0)
    (tmp_path / "a.tif").write_bytes(data)
    assert is_picture(tmp_path / "a.tif")


def retag(data, page, tag, new, value):
    """Give an entry of one number another tag and value."""
    at = struct.unpack_from("<I", data, 4)[0]
    for _ in range(page):
        count = struct.unpack_from("<H", data, at)[0]
        at = struct.unpack_from("<I", data, at + 2 + 12 * count)[0]
    for number in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * number
        if struct.unpack_from("<H", data, entry)[0] == tag:
            kind = struct.unpack_from("<H", data, entry + 2)[0]
            struct.pack_into("<H", data, entry, new)
            struct.pack_into("<I" if kind == 4 else "<H", data, entry + 8, value)


@pytest.mark.parametrize(
    ("tag", "new", "value"), [(254, 255, 2), (262, 262, 4)], ids=["old tag", "mask by its colours"]
)
def test_older_ways_to_say_so_count(tmp_path, tag, new, value):
    write(tmp_path / "a.tif", (SMALL, 0 if tag == 262 else REDUCED), (COLOURS, 0))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    retag(data, 0, tag, new, value)
    (tmp_path / "a.tif").write_bytes(data)
    assert is_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("deep", [False, True])
def test_where_nothing_else_follows_they_are_read(tmp_path, deep):
    scale, kind = (257, np.uint16) if deep else (1, np.uint8)
    write(tmp_path / "a.tif", *[(SMALL.astype(kind) * scale, REDUCED)] * 2)
    assert seen(tmp_path / "a.tif").tolist() == SMALL.tolist()


@pytest.mark.parametrize("picture", [GREY, COLOURS, DEEP], ids=["grey", "colours", "deep"])
def test_of_a_pyramid_the_whole_picture_is_read(tmp_path, picture):
    write(tmp_path / "a.tif", (picture, 0), (SMALL, REDUCED), (SMALL[::2, ::2].copy(), REDUCED))
    assert is_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("picture", [COLOURS, DEEP], ids=["colours", "deep"])
def test_behind_a_blank_page_they_are_passed_over(tmp_path, picture):
    write(tmp_path / "a.tif", (picture * 0, 0), (SMALL, REDUCED), (picture, 0))
    assert is_picture(tmp_path / "a.tif")


def test_a_reduced_copy_stands_for_no_picture_over_the_limit(tmp_path):
    write(tmp_path / "a.tif", (SMALL, REDUCED), (COLOURS, 0))
    with pytest.raises(OverLimit, match="1,024 pixels, over the limit of 1,000"):
        seen(tmp_path / "a.tif", pixels=1000)


def test_a_reduced_copy_is_read_where_the_directory_behind_it_is_lost(tmp_path):
    write(tmp_path / "a.tif", (SMALL, REDUCED), (COLOURS, 0))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = struct.unpack_from("<I", data, 4)[0]
    behind = at + 2 + 12 * struct.unpack_from("<H", data, at)[0]
    struct.pack_into("<I", data, behind, len(data) + 100)
    (tmp_path / "a.tif").write_bytes(data)
    assert seen(tmp_path / "a.tif").shape == SMALL.shape
