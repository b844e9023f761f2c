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

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.files import reading
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits


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


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.stl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("a.obj", b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        ("a.svg", b"\n<html><body>404</body></html>", "an HTML page"),
        ("a.svg", b"\x89PNG\r\n\x1a\n" + bytes(30), "is a PNG picture"),
        ("a.ply", b"\x1f\x8b\x08" + bytes(30), "gzip-compressed data"),
        ("a.off", b"PK\x03\x04" + bytes(30), "a zip archive"),
        ("a.obj", b"glTF\x02\0\0\0" + bytes(30), "name it .glb"),
        ("a.ndjson", b"%PDF-1.7\n", "a PDF document"),
        ("a.glb", b"RIFF\0\0\0\0WEBP" + bytes(30), "is a WebP picture"),
    ],
)
def test_what_is_no_mesh_or_drawing_is_told_by_what_it_is(tmp_path, name, data, told):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=told) as caught:
        open_reader(ReaderSettings(reader=reader_of(name)))(tmp_path / name, None)
    assert str(caught.value).count(name) == 1


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.3mf", b"PK\x03\x04" + bytes(30), "is not a whole zip"),
        ("a.stl", b"solid \nfacet normal 0 0 1\nouter loop\n", "no faces"),
        ("a.svg", b"<svg><path", "is cut short: its XML ends"),
        ("a.ply", b"ply\nformat ascii 1.0\n", "header"),
    ],
)
def test_a_damaged_file_of_the_kind_it_should_be_is_told_by_its_damage(tmp_path, name, data, told):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=told):
        open_reader(ReaderSettings(reader=reader_of(name)))(tmp_path / name, None)


def reader_of(name):
    return "sketch" if name.endswith((".svg", ".ndjson")) else "mesh"
