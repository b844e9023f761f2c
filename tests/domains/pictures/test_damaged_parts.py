"""Parts of pictures whose loss or damage was taken for something else."""

import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from opensearch.domains.image import load_picture
from opensearch.domains.pictures import heif
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits


def encoded(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def ramp():
    return Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4)


def seen(path, data):
    path.write_bytes(data)
    return load_picture(path, Limits(), 8)


def test_a_png_without_its_palette_is_refused_and_not_black(tmp_path):
    data = encoded(ramp().convert("P"), "PNG")
    assert seen(tmp_path / "a.png", data).getextrema() == ((0, 252),) * 3
    (start,) = (found.start() - 4 for found in re.finditer(b"PLTE", data))
    length = struct.unpack_from(">I", data, start)[0]
    for other in (b"", b"prIV"):
        body = other + data[start + 8 : start + 8 + length]
        chunk = struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body))
        spoilt = data[:start] + (chunk if other else b"") + data[start + 12 + length :]
        with pytest.raises(UnreadableFile, match="lacks the palette that its pixels name"):
            seen(tmp_path / "a.png", spoilt)


@pytest.mark.parametrize("error", [IndexError, ZeroDivisionError, struct.error])
def test_damage_behind_the_first_frame_is_none_of_it(tmp_path, monkeypatch, error):
    """Decoders raise nearly anything as they look for more."""
    data = encoded(ramp(), "GIF", save_all=True, append_images=[ramp().rotate(90)])
    blank = encoded(Image.new("L", (8, 8)), "GIF", save_all=True, append_images=[ramp()])
    first = seen(tmp_path / "a.gif", data)

    def broken(image, number=0):
        raise error

    kind = GifImagePlugin.GifImageFile
    with monkeypatch.context() as patch:
        patch.setattr(kind, "is_animated", property(broken))
        assert seen(tmp_path / "a.gif", data).tobytes() == first.tobytes()
    with monkeypatch.context() as patch:
        patch.setattr(kind, "seek", broken)
        assert seen(tmp_path / "b.gif", blank).getextrema() == ((0, 0),) * 3


@pytest.mark.parametrize("length", range(8))
def test_tables_of_properties_that_end_early_say_nothing(length):
    def box(name, *parts):
        body = b"".join(parts)
        return struct.pack(">I4s", 8 + len(body), name) + body

    table = box(b"ipma", bytes(length))
    colours = box(b"ipco", box(b"colr", b"nclx", struct.pack(">2H", 9, 16)))
    meta = box(b"meta", bytes(4), box(b"pitm", bytes(6)), box(b"iprp", colours, *[table] * 300))
    data = box(b"ftyp", b"avif", bytes(4)) + meta
    assert heif.code_points(data) is None
    assert heif.told_apart(data) == data
    assert heif.told_apart(data.replace(table, box(b"ipma", bytes(8)))) != data
