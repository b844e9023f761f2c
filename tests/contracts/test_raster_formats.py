"""What a format of pictures with a decoder of its own keeps, shown for one that the test adds."""

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import known_suffixes, open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.pictures import BY_PILLOW, FORMATS, PictureFormat, suffixes
from opensearch.engine import Engine
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SIGN = b"CELLS"


def load_cells(path, limits):
    """A made-up format: a sign, the side, and grey cells of a byte each."""
    data = path.read_bytes()
    side = data[len(SIGN)]
    if side**2 > limits.pixels:
        raise OverLimit(f"has {side**2:,} pixels, over the limit of {limits.pixels:,}")
    cells = np.frombuffer(data, np.uint8, side**2, len(SIGN) + 1)
    return Image.fromarray(cells.reshape(side, side))


CELLS = PictureFormat((".cells",), lambda head, suffix: head.startswith(SIGN), load_cells)


@pytest.fixture
def cells(monkeypatch):
    monkeypatch.setitem(FORMATS, "cells", CELLS)


def write_cells(path, number=0):
    pixels = np.full((20, 20), 255, np.uint8)
    pixels[4 + 3 * number, 3:17] = pixels[3:17, 9 - number] = 0
    path.write_bytes(SIGN + bytes([20]) + pixels.tobytes())
    return pixels


def test_every_suffix_has_one_format(cells):
    named = [*BY_PILLOW.values(), *(form.suffixes for form in FORMATS.values())]
    every = [suffix for group in named for suffix in group]
    assert len(set(every)) == len(every)
    assert set(every) == suffixes() <= known_suffixes()
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in every)


def test_no_format_claims_what_pillow_reads(cells, tmp_path):
    for name in ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "TIFF", "GIF", "JPEG2000", "PPM"):
        suffix = BY_PILLOW[name][0]
        Image.new("RGB", (16, 16)).save(tmp_path / f"a{suffix}", name)
        head = (tmp_path / f"a{suffix}").read_bytes()[:512]
        assert not any(form.claims(head, suffix) for form in FORMATS.values()), name


@pytest.mark.parametrize("reader", ["image", "sketch"])
def test_an_added_format_is_read_within_its_limits(cells, tmp_path, reader):
    path = tmp_path / "a.cells"
    pixels = write_cells(path)
    settings = ReaderSettings(reader=reader, size=20)
    views = open_reader(settings)(path).views
    assert views.shape == (1, 20, 20, 3)
    if reader == "image":
        np.testing.assert_array_equal(views[0, ..., 0], pixels)
    with pytest.raises(OverLimit, match=r"'a\.cells' has 400 pixels, over the limit of 399"):
        open_reader(settings, Limits(pixels=399))(path)
    path.write_bytes(SIGN + bytes([20]) + b"few")
    with pytest.raises(UnreadableFile, match=r"'a\.cells'"):
        open_reader(settings)(path)


def test_an_added_format_indexes_and_queries(cells, monkeypatch, toy_model, tmp_path):
    monkeypatch.setenv("OPENSEARCH_READERS", "0")  # other processes have not got the line
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        write_cells(folder / f"{number}.cells", number)
    assert guess_domain(folder / "0.cells").domain in ("photo", "sketch")
    assert len(list(find_sources(folder))) == 3
    with Engine.create(tmp_path / "index", toy_model) as engine:
        assert engine.add(folder, domain="photo").added == 3
        hits = engine.search(folder / "1.cells", source="photo", k=1)
        assert (hits[0].key, hits[0].distance) == ("1.cells", 0)
