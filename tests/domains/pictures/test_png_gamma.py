"""PNG files that say how their values are to be shown."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.pictures.opening import opened
from opensearch.limits import Limits

RAMP = np.tile(np.arange(256, dtype=np.uint8), (8, 1))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def written(image, *chunks):
    """A PNG with more chunks behind its header."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()[:33] + b"".join(chunks) + buffer.getvalue()[33:]


def gamma(value):
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def seen(path, data):
    path.write_bytes(data)
    with opened(path, Limits(), 4096) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


@pytest.mark.parametrize("value", [1.0, 1 / 1.8, 0.3])
def test_values_are_raised_as_gamma_says(tmp_path, value):
    """Reference: light is value ** (1 / gamma), and a screen shows value ** 2.2 as light."""
    wanted = np.rint(255 * ((RAMP / 255) ** (1 / value)) ** (1 / 2.2))
    clear = np.full_like(RAMP, 90)
    for image, opacity in (
        (Image.fromarray(RAMP), 255),
        (Image.fromarray(np.dstack([RAMP] * 3)), 255),
        (Image.fromarray(np.dstack([RAMP, clear])), 90),
        (Image.fromarray(np.dstack([RAMP] * 3 + [clear])), 90),
        (Image.fromarray(RAMP).convert("P"), 255),
    ):
        shown = seen(tmp_path / "a.png", written(image, gamma(value)))
        assert (shown[..., 3] == opacity).all()
        for channel in range(3):
            np.testing.assert_array_equal(shown[..., channel], wanted)


@pytest.mark.parametrize(
    "chunks",
    [
        [gamma(1 / 2.2)],
        [gamma(0.45)],
        [gamma(0)],
        [gamma(1.0), chunk(b"sRGB", b"\0")],
        [gamma(1.0)[:-1] + b"?"],
        [chunk(b"gAMA", b"\0\1")],
    ],
)
def test_usual_values_and_those_of_a_known_space_stay(tmp_path, chunks):
    shown = seen(tmp_path / "a.png", written(Image.fromarray(RAMP), *chunks))
    np.testing.assert_array_equal(shown[..., 0], RAMP)


def test_a_turn_is_kept_beside_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(RAMP).save(buffer, "PNG", exif=exif)
    data = buffer.getvalue()[:33] + gamma(1.0) + buffer.getvalue()[33:]
    (tmp_path / "a.png").write_bytes(data)
    with opened(tmp_path / "a.png", Limits(), 4096) as image:
        assert image.getexif()[0x0112] == 6
