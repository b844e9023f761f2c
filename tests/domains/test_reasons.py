"""Why a file cannot be read is said in words, whatever its decoder says."""

import io
import logging
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from opensearch.config import Limits, ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.files import reading
from opensearch.errors import UnreadableFile


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("decoder error -2"), "it is damaged (OSError: decoder error -2)"),
        (KeyError("f"), "it is damaged (KeyError: 'f')"),
        (IndexError(), "it is damaged (IndexError)"),
        (AssertionError(), "it is damaged (AssertionError)"),
        (ValueError("f"), "it is damaged (ValueError: f)"),
        (OSError("image file is truncated"), "it is cut short (image file is truncated)"),
        (EOFError(), "it is cut short (EOFError)"),
        (struct.error("unpack requires a buffer of 4 bytes"), "it is cut short (unpack"),
        (ValueError("Unsupported BMP header type (9)"), "Unsupported BMP header type (9)"),
    ],
)
def test_a_reason_is_in_words(error, told):
    with pytest.raises(UnreadableFile) as caught, reading(Path("a.x"), "picture"):
        raise error
    assert str(caught.value).startswith(f"picture 'a.x' cannot be read: {told}")


def pictures():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8))
    for kind, suffix in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("WEBP", "webp"),
        ("AVIF", "avif"),
        ("GIF", "gif"),
        ("TIFF", "tif"),
        ("JPEG2000", "jp2"),
        ("QOI", "qoi"),
    ):
        data = io.BytesIO()
        image.save(data, kind)
        yield suffix, data.getvalue()


FILES = dict(pictures())


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    st.floats(0.02, 1),
)
def test_damaged_pictures_are_read_or_refused_in_one_line(tmp_path_factory, suffix, bytes_, kept):
    data = bytearray(FILES[suffix])
    for place, value in bytes_:
        data[int(place * len(data))] = value
    path = tmp_path_factory.mktemp("damaged") / f"a.{suffix}"
    path.write_bytes(data[: max(1, int(kept * len(data)))])
    reader = open_reader(ReaderSettings(reader="image", size=16), Limits(pixels=10**6))
    try:
        assert reader(path, None).views.shape == (1, 16, 16, 3)
    except UnreadableFile as error:
        reason = str(error)
        assert reason.startswith(f"picture 'a.{suffix}' ")
        assert len(reason) > len(f"picture 'a.{suffix}' ") + 8
        assert "\n" not in reason


def test_damaged_tiff_writes_nothing_to_the_terminal(tmp_path, capfd):
    (tmp_path / "a.tif").write_bytes(FILES["tif"][:60])
    with pytest.raises(UnreadableFile, match="is cut short"):
        open_reader(ReaderSettings(reader="image", size=16))(tmp_path / "a.tif", None)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("tifffile").handlers
