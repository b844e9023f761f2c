"""PNG files of which one value is clear, of every depth."""

import struct
import zlib

import numpy as np
import pytest

from opensearch.domains.pictures.opening import opened
from opensearch.limits import Limits

HIGH, WIDE = 12, 16
GREY, RGB = 0, 2


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def written(values, depth, colour, clear):
    """A PNG of values (h, w, c)."""
    places = values[..., None] >> np.arange(depth - 1, -1, -1) & 1
    rows = np.packbits(places.astype(np.uint8).reshape(HIGH, -1), axis=1)
    head = struct.pack(">IIBBBBB", WIDE, HIGH, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", head),
            chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)),
            chunk(b"IDAT", zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes())),
            chunk(b"IEND", b""),
        ]
    )


@pytest.mark.parametrize(
    ("colour", "depth"),
    [(GREY, 1), (GREY, 2), (GREY, 4), (GREY, 8), (GREY, 16), (RGB, 8), (RGB, 16)],
)
@pytest.mark.parametrize("above", [0, 0x300])
def test_the_one_value_that_is_clear_is_clear_and_no_other(tmp_path, colour, depth, above):
    most = 2**depth - 1
    samples = 1 if colour == GREY else 3
    values = np.random.default_rng(depth).integers(0, most + 1, (HIGH, WIDE, samples))
    clear = [most // 3] * samples
    values[3:5, 2:9] = clear
    said = [value | (above if depth < 8 else 0) for value in clear]  # bits that do not count
    (tmp_path / "a.png").write_bytes(written(values, depth, colour, said))
    with opened(tmp_path / "a.png", Limits(), 4096) as image:
        seen = np.asarray(image.convert("RGBA")).astype(int)
    np.testing.assert_array_equal(seen[..., 3] == 0, (values == clear).all(axis=2))
    wanted = np.broadcast_to(values * (255 / most), (HIGH, WIDE, 3))
    assert np.abs(seen[..., :3] - wanted).max() <= 1
