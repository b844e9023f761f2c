"""Pictures embedded in drawings look as the same files do by themselves."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from opensearch.domains.image import load_picture
from opensearch.domains.svg import draw_svg
from opensearch.limits import Limits

SIDE = 40


def drawn(data, kind="png"):
    uri = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    image = f'<image href="{uri}" width="{SIDE}" height="{SIDE}"/>'
    view = f'viewBox="0 0 {SIDE} {SIDE}"'
    source = f'<svg xmlns="http://www.w3.org/2000/svg" {view}>{image}</svg>'
    return np.asarray(draw_svg(source.encode(), SIDE)).astype(int)


def saved(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def colours():
    """Four plain quarters."""
    quarters = np.array([[[200, 40, 40], [40, 180, 60]], [[60, 60, 200], [128, 128, 128]]])
    return Image.fromarray(quarters.astype(np.uint8).repeat(20, axis=0).repeat(20, axis=1))


def turned():
    """A profile whose red is green, its green blue and its blue red."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    places = [data.index(name) + 4 for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    offsets = [bytes(data[at : at + 4]) for at in places]
    for at, offset in zip(places, (*offsets[1:], offsets[0]), strict=True):
        data[at : at + 4] = offset
    return bytes(data).replace(b"s\0R\0G\0B", b"o\0t\0h\0e").replace(b"sRGB", b"othe")


def test_profiles_gamma_and_inks(tmp_path, colours):
    gamma = PngImagePlugin.PngInfo()
    gamma.add(b"gAMA", (100_000).to_bytes(4, "big"))
    files = {
        "profile.png": saved(colours, icc_profile=turned()),
        "gamma.png": saved(colours, pnginfo=gamma),
        "inks.jpg": saved(colours.convert("CMYK"), "JPEG", quality=95),
        "icon.ico": saved(colours, "ICO", sizes=[(SIDE, SIDE)]),
        "plain.jp2": saved(colours, "JPEG2000"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        alone = np.asarray(load_picture(tmp_path / name, Limits(), SIDE)).astype(int)
        found = drawn(data, name.split(".")[1])
        assert (found[..., 3] == 255).all(), name
        inner = np.s_[4:16, 4:16], np.s_[24:36, 24:36], np.s_[4:16, 24:36]
        for part in inner:
            assert np.abs(found[part][..., :3] - alone[part]).max() <= 3, name
    first = drawn(files["profile.png"])[8, 8]
    assert first[1] > first[0] + 80, "the profile was followed"


def test_what_is_clear_all_over_stays_clear(colours):
    """By itself such a picture is shown by its colours; in a drawing it is meant so."""
    clear = colours.convert("RGBA")
    clear.putalpha(0)
    assert not drawn(saved(clear))[..., 3].any()
