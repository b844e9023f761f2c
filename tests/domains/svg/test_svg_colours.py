"""Colours of CSS in drawings."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from opensearch.domains.svg import draw_svg


def drawn(body):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{body}</svg>'
    return draw_svg(source.encode(), 20)


def colour(said):
    return drawn(f'<rect width="10" height="10" style="fill:{said}"/>').getpixel((10, 10))[:3]


@pytest.mark.parametrize(
    ("said", "hexadecimal"),
    [
        # The pairs of the specification's own examples.
        ("lab(29.2345% 39.3825 20.0664)", "7d2329"),
        ("lab(52.2345% 40.1645 59.9971)", "c65d07"),
        ("lch(29.2345% 44.2 27)", "7d2329"),
        ("lch(52.2345% 72.2 56.2)", "c65d06"),
        ("oklab(40.101% 0.1147 0.0453)", "7d2329"),
        ("oklab(59.686% 0.1009 0.1192)", "c65d07"),
        ("oklch(40.101% 0.12332 21.555)", "7d2329"),
        ("oklch(59.686% 0.15619 49.7694)", "c65d06"),
        ("color(srgb-linear 0.5 0.5 0.5)", "bcbcbc"),
        ("color(xyz 0.3 0.3 0.3)", "a2928f"),
        ("color(display-p3 1 1 1)", "ffffff"),
        ("color(prophoto-rgb 0.5 0.5 0.5)", "929292"),
        ("color(rec2020 1 1 1)", "ffffff"),
        ("rebeccapurple", "663399"),
        ("#CD853F icc-color(acmecmyk, 0.11, 0.48, 0.83, 0.00)", "cd853f"),
    ],
)
def test_colours_of_other_spaces_are_shown_as_srgb(said, hexadecimal):
    expected = [int(hexadecimal[at : at + 2], 16) for at in (0, 2, 4)]
    assert np.abs(np.array(colour(said)) - expected).max() <= 2


def profile(columns):
    """A profile with the primaries of another space and the curve of sRGB."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, xyz in columns.items():
        entry = made.index(name + b"XYZ")
        start = int.from_bytes(made[entry + 4 : entry + 8], "big") + 8
        made[start : start + 12] = struct.pack(">3i", *(round(65536 * each) for each in xyz))
    return ImageCms.ImageCmsProfile(io.BytesIO(bytes(made)))


@pytest.mark.parametrize("shades", [(0.4, 0.6, 0.3), (0.6, 0.5, 0.4), (0.3, 0.3, 0.5)])
def test_colours_of_displays_are_as_another_program_converts_them(shades):
    columns = {b"r": (0.5151, 0.2412, -0.0011), b"g": (0.2920, 0.6922, 0.0419)}
    columns |= {b"b": (0.1571, 0.0666, 0.7841)}
    given = Image.new("RGB", (1, 1), tuple(round(255 * shade) for shade in shades))
    expected = ImageCms.profileToProfile(given, profile(columns), ImageCms.createProfile("sRGB"))
    ours = colour(f"color(display-p3 {shades[0]} {shades[1]} {shades[2]})")
    assert np.abs(np.array(ours) - expected.getpixel((0, 0))).max() <= 3


@pytest.mark.parametrize("said", ["unset", "initial", "INHERIT"])
def test_words_of_every_property_may_stand_in_an_attribute(said):
    around = "red" if said == "INHERIT" else "black"
    body = f'<g fill="{around}"><rect width="10" height="10" {{}}/></g>'
    assert drawn(body.format(f'fill="{said}"')) == drawn(body.format(""))
