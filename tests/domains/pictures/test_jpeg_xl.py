"""What JPEG XL files say of their colours is followed where the decoder leaves it aside."""

import itertools
import struct
import sys
import types

import numpy as np
import pytest

from opensearch.domains.image import load_picture
from opensearch.domains.pictures.jxl_header import CONTAINER, Header, header_of
from opensearch.limits import Limits


def u(value, count):
    """A number of so many bits, the lowest first."""
    return format(value, f"0{count}b")[::-1] if count else ""


def pick(way, value=0, count=0):
    """A number written in one of four ways, with the bits that are added to it."""
    return u(way, 2) + u(value, count)


BYTES, DEEP, FLOATS = "0" + pick(0), "0" + pick(3, 13, 6), "1" + pick(1) + u(4, 4)
IN_EIGHTHS = "1" + u(4, 5) + u(1, 3)
OF_PIXELS = "0" + pick(0, 39, 9) + u(0, 3) + pick(1, 599, 13)
TURNED = "1" + u(5, 3) + "000"
PREVIEW = "1" + u(0, 3) + "1" + OF_PIXELS + "1" + "1" + pick(2, 3, 5) + u(0, 3) + pick(0) + "0"
FRAMES = "1" + u(0, 3) + "00" + "1" + pick(2, 9, 10) + pick(0) + pick(1, 3, 3) + "0"
OPACITY = "1"
MULTIPLIED = "0" + pick(0) + BYTES + pick(0) + pick(0) + "1"
STRAIGHT = "0" + pick(0) + DEEP + pick(3, 1, 3) + pick(1, 5, 4) + "01" * 20 + "0"
INK = "0" + pick(2, 0, 4) + BYTES + pick(0) + pick(0) + u(0x3C00, 16) * 4
FILTER = "0" + pick(2, 3, 4) + FLOATS + pick(0) + pick(0) + pick(1, 2, 2)


def codestream(size=IN_EIGHTHS, extras="0", depth=BYTES, channels=(), *, xyb=False, profile=False):
    count = len(channels)
    many = pick(count) if count < 2 else pick(2, count - 2, 4)
    said = size + "0" + extras + depth + "1" + many + "".join(channels) + u(xyb, 1) + "0"
    bits = said + u(profile, 1) + "0" * 7
    told = [int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits) // 8 * 8, 8)]
    return b"\xff\x0a" + bytes(told) + bytes(8)


@pytest.mark.parametrize("size", [IN_EIGHTHS, OF_PIXELS])
@pytest.mark.parametrize("extras", ["0", TURNED, PREVIEW, FRAMES])
@pytest.mark.parametrize("depth", [BYTES, DEEP, FLOATS])
@pytest.mark.parametrize(
    ("channels", "multiplied"),
    [
        ((), False),
        ((OPACITY,), False),
        ((STRAIGHT,), False),
        ((MULTIPLIED,), True),
        ((INK, FILTER, MULTIPLIED), True),
        ((STRAIGHT, INK, FILTER), False),
    ],
)
def test_a_header_says_what_values_mean(size, extras, depth, channels, multiplied):
    for xyb, profile in itertools.product((False, True), repeat=2):
        data = codestream(size, extras, depth, channels, xyb=xyb, profile=profile)
        assert header_of(data) == Header(multiplied, xyb and profile)


def test_a_header_in_a_container_is_found_and_damage_says_nothing():
    data = codestream(channels=[MULTIPLIED], xyb=True, profile=True)
    parts = [struct.pack(">I4sI", 12 + len(part), b"jxlp", at) + part
             for at, part in enumerate((data[:3], data[3:]))]  # fmt: skip
    for boxes in (b"".join(parts), struct.pack(">I4s", 0, b"jxlc") + data):
        assert header_of(CONTAINER + boxes) == Header(multiplied=True, linear=True)
    assert header_of(b"\xff\x0a\xff") == header_of(b"") == header_of(CONTAINER) == Header()
    assert header_of(b"\xff\x0a" + bytes([0b1000_0001 | 0b10 << 1, 0b11])) == Header()


def shown(tmp_path, monkeypatch, data, values, told):
    """The picture of a file whose decoder gives `values` and tells of a profile."""
    size = {"width": values.shape[1], "height": values.shape[0]}
    decoder = types.SimpleNamespace(
        probe=lambda data: size, decode=lambda data, metadata: (values, told)
    )
    monkeypatch.setitem(sys.modules, "pylibjxl", decoder)
    (tmp_path / "a.jxl").write_bytes(data)
    return np.asarray(load_picture(tmp_path / "a.jxl", Limits(), 64)).astype(int)


@pytest.mark.parametrize("bands", [1, 3])
def test_colours_multiplied_with_opacity_are_shown_as_they_were(tmp_path, monkeypatch, bands):
    opacity = np.tile(np.arange(256, dtype=np.uint8), (40, 1))[:, ::4]
    colours = (opacity // 2)[..., None].repeat(bands, axis=-1)
    values = np.dstack([colours, opacity])
    view = shown(tmp_path, monkeypatch, codestream(channels=[MULTIPLIED]), values, {})
    # Half-bright colour on white paper: what is clear takes more and more of it.
    assert np.abs(view - (255 - opacity[..., None] + colours)).max() <= 2


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_linear_light_in_place_of_a_profile_is_brought_to_a_screen(tmp_path, monkeypatch, bands):
    light = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (40, 1))[..., None]
    values = light.repeat(bands, axis=-1)
    if bands in (2, 4):
        values[..., -1] = 255
    data = codestream(channels=[OPACITY] * (bands in (2, 4)), xyb=True, profile=True)
    view = shown(tmp_path, monkeypatch, data, values, {"icc": b"of other values"})
    part = light / 255
    curve = np.where(part > 0.0031308, 1.055 * part ** (1 / 2.4) - 0.055, 12.92 * part)
    assert np.abs(view - 255 * curve).max() <= 1
