"""What frames of an animation clear is paper, as in browsers."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.image import load_picture
from opensearch.domains.pictures.disposal import go_to
from opensearch.limits import Limits

SKY, LEAF, BLACK = (130, 200, 230), (20, 120, 30), (0, 0, 0)
KEPT, BACKGROUND, PREVIOUS = 1, 2, 3
SIDE = 24


def part(number, left, top, wide, high, disposal, clear=None):
    """A frame of a GIF in one colour of `gif`'s palette; `clear` is the one that is clear."""
    frame = Image.new("P", (wide, high), number)
    frame.putpalette([*BLACK, *SKY, *LEAF, 255, 255, 255])
    frame.save(buffer := io.BytesIO(), "GIF", optimize=False)
    data = buffer.getvalue()
    block = data[data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1)) : -1]
    flags = disposal << 2 | (clear is not None)
    control = b"!\xf9\x04" + bytes([flags, 5, 0, clear or 0, 0])
    return control + block[:1] + struct.pack("<2H", left, top) + block[5:]


def gif(*parts):
    frame = Image.new("P", (SIDE, SIDE), 0)
    frame.putpalette([*BLACK, *SKY, *LEAF, 255, 255, 255])
    frame.save(buffer := io.BytesIO(), "GIF", optimize=False)
    head = buffer.getvalue()[: 13 + 3 * 2 ** ((buffer.getvalue()[10] & 7) + 1)]
    return head[:6] + struct.pack("<2H", SIDE, SIDE) + head[10:] + b"".join(parts) + b";"


def at(data, number):
    """A frame on white, shape (SIDE, SIDE, 3)."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        go_to(image, number)
        image.load()
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return np.asarray(white.convert("RGB"))


def canvas(*boxes):
    """White with boxes (colour, left, top, wide, high)."""
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for colour, left, top, wide, high in boxes:
        picture[top : top + high, left : left + wide] = colour
    return picture


@pytest.mark.parametrize("clear", [None, 3])
def test_what_a_gif_clears_is_clear(clear):
    data = gif(
        part(1, 0, 0, SIDE, SIDE, KEPT),
        part(2, 2, 2, 8, 8, BACKGROUND, clear),
        part(2, 12, 12, 8, 8, BACKGROUND),
        part(2, 5, 5, 3, 3, KEPT),
    )
    sky = (SKY, 0, 0, SIDE, SIDE)
    assert (at(data, 1) == canvas(sky, (LEAF, 2, 2, 8, 8))).all()
    hole = ((255, 255, 255), 2, 2, 8, 8)
    assert (at(data, 2) == canvas(sky, hole, (LEAF, 12, 12, 8, 8))).all()
    other = ((255, 255, 255), 12, 12, 8, 8)
    assert (at(data, 3) == canvas(sky, hole, other, (LEAF, 5, 5, 3, 3))).all()


@pytest.mark.parametrize("disposal", [BACKGROUND, PREVIOUS])
def test_a_first_frame_that_is_not_kept_leaves_nothing(disposal):
    data = gif(part(1, 0, 0, SIDE, SIDE, disposal), part(2, 4, 4, 5, 5, KEPT))
    assert (at(data, 1) == canvas((LEAF, 4, 4, 5, 5))).all()


def test_around_a_first_frame_that_is_gone_on_from_there_is_nothing():
    data = gif(part(1, 3, 3, 10, 10, KEPT), part(2, 4, 4, 5, 5, KEPT))
    assert (at(data, 1) == canvas((SKY, 3, 3, 10, 10), (LEAF, 4, 4, 5, 5))).all()


def test_what_a_frame_covers_comes_back():
    data = gif(
        part(1, 0, 0, SIDE, SIDE, BACKGROUND),
        part(2, 2, 2, 8, 8, KEPT),
        part(1, 0, 0, 6, 6, PREVIOUS),
        part(2, 12, 12, 4, 4, KEPT),
    )
    assert (at(data, 3) == canvas((LEAF, 2, 2, 8, 8), (LEAF, 12, 12, 4, 4))).all()


def test_the_frame_that_is_taken_shows_what_was_cleared_as_paper(tmp_path):
    data = gif(
        part(1, 0, 0, SIDE, SIDE, KEPT),
        part(1, 0, 0, SIDE, 12, BACKGROUND),
        part(2, 0, 12, 12, 12, KEPT),
    )
    (tmp_path / "a.gif").write_bytes(data)
    wanted = canvas((SKY, 0, 12, SIDE, 12), (LEAF, 0, 12, 12, 12))
    assert (np.asarray(load_picture(tmp_path / "a.gif", Limits(), SIDE)) == wanted).all()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def apng(mode):
    """Sky, then a leaf that is cleared, then another; in RGB, grey or a palette."""
    palette = [*BLACK, *SKY, *LEAF, 255, 255, 255]
    values = {"RGB": (SKY, LEAF), "L": (90, 30), "P": (1, 2)}[mode]
    boxes = [(0, 0, SIDE, SIDE), (2, 2, 8, 8), (12, 12, 4, 4)]
    parts, count = [], 0
    for number, (left, top, wide, high) in enumerate(boxes):
        pixel = bytes(np.ravel(values[number > 0]).tolist())
        control = struct.pack(
            ">IIIIIHHBB", count, wide, high, left, top, 1, 10, int(number == 1), 0
        )
        parts.append(chunk(b"fcTL", control))
        packed = zlib.compress((b"\0" + pixel * wide) * high)
        count += 1 + (number > 0)
        order = struct.pack(">I", count - 1)
        parts.append(chunk(b"fdAT", order + packed) if number else chunk(b"IDAT", packed))
    kind = {"RGB": 2, "L": 0, "P": 3}[mode]
    head = [chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, kind, 0, 0, 0))]
    head += [chunk(b"acTL", struct.pack(">II", 3, 0))]
    head += [chunk(b"PLTE", bytes(palette))] if mode == "P" else []
    return b"\x89PNG\r\n\x1a\n" + b"".join([*head, *parts, chunk(b"IEND", b"")])


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_what_an_apng_without_opacity_clears_is_white(mode):
    sky, leaf = ((90,) * 3, (30,) * 3) if mode == "L" else (SKY, LEAF)
    hole = ((255, 255, 255), 2, 2, 8, 8)
    wanted = canvas((sky, 0, 0, SIDE, SIDE), hole, (leaf, 12, 12, 4, 4))
    assert (at(apng(mode), 2) == wanted).all()


def test_what_a_palette_calls_clear_is_cleared_with():
    data = apng("P")
    place = data.index(b"fcTL") - 4
    black_is_clear = chunk(b"tRNS", bytes([0, 255, 255, 255]))
    data = data[:place] + black_is_clear + data[place:]
    with Image.open(io.BytesIO(data)) as image:
        go_to(image, 2)
        assert image.convert("RGBA").getpixel((4, 4))[3] == 0


def test_frames_that_do_not_say_how_they_are_cleared_stay():
    data = gif(
        part(1, 0, 0, SIDE, SIDE, KEPT),
        part(2, 2, 2, 8, 8, BACKGROUND),
        part(2, 12, 12, 8, 8, 0),
        part(2, 5, 5, 3, 3, KEPT),
    )
    hole, rest = ((255, 255, 255), 2, 2, 8, 8), ((LEAF, 12, 12, 8, 8), (LEAF, 5, 5, 3, 3))
    assert (at(data, 3) == canvas((SKY, 0, 0, SIDE, SIDE), hole, *rest)).all()


def webp(opaque):
    """A leaf that is cleared, then another, in a file that is said to have no opacity."""
    frames = b""
    for left, top, disposal in ((0, 0, 1), (12, 12, 0)):
        Image.new("RGB", (8, 8), LEAF).save(buffer := io.BytesIO(), "WEBP", lossless=True)
        packed = buffer.getvalue()[12:]
        place = b"".join(value.to_bytes(3, "little") for value in (left // 2, top // 2, 7, 7, 100))
        body = place + bytes([disposal | 2]) + packed
        frames += b"ANMF" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    size = (SIDE - 1).to_bytes(3, "little") * 2
    head = b"VP8X" + struct.pack("<I", 10) + bytes([0x02 if opaque else 0x12, 0, 0, 0]) + size
    body = b"WEBP" + head + b"ANIM" + struct.pack("<IIH", 6, 0, 0) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("opaque", [False, True])
def test_around_and_under_frames_of_webp_there_is_paper(tmp_path, opaque):
    (tmp_path / "a.webp").write_bytes(webp(opaque))
    picture = np.asarray(load_picture(tmp_path / "a.webp", Limits(), SIDE)).astype(int)
    assert np.abs(picture - canvas((LEAF, 0, 0, 8, 8))).max() <= 2
