"""Pictures whose files end too early, or in zeros that a copy left in place of the rest."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

END = "its file ends early, so its lower right is missing"
DETAILS = "its file ends early, so its finest details are missing"


def coloured(width=240, height=200):
    """Grain on smooth colours, no two rows alike."""
    grain = np.random.default_rng(0).integers(-40, 40, (height, width, 3))
    across, down = np.linspace(40, 200, width), np.linspace(0, 50, height)
    levels = (across[None, :] + down[:, None])[..., None] + grain
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def encoded(form, mode="RGB", **options):
    data = io.BytesIO()
    coloured().convert(mode).save(data, form, **options)
    return data.getvalue()


def reading(path, data):
    path.write_bytes(data)
    return open_reader(ReaderSettings(reader="image", size=64), Limits())(path, None)


def apart(path, data, whole):
    """What is told to be lost, and how far the view is from that of the whole file, in shades."""
    found, entire = reading(path, data), reading(path, whole)
    return found.lost, np.abs(found.views.astype(int) - entire.views).mean()


PROGRESSIVE = [
    {"mode": mode, "quality": quality, "subsampling": subsampling}
    for mode in ("RGB", "L", "CMYK")
    for quality in (50, 90)
    for subsampling in (0, 2)
]


@pytest.mark.parametrize("options", PROGRESSIVE)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.7, 0.8, 0.995])
def test_a_progressive_jpeg_tells_what_it_lacks_or_is_refused(tmp_path, options, share):
    whole = encoded("JPEG", progressive=True, **options)
    cut = whole[: round(share * len(whole))]
    try:
        lost, far = apart(tmp_path / "a.jpg", cut, whole)
    except UnreadableFile:
        assert share < 0.75, "what lacks but little is read"
        return
    assert far < 5
    assert lost == DETAILS or far == 0


@pytest.mark.parametrize("cut", [2, 3, 5, 8, 11, 14, 16, 17, 25, 40, 60])
def test_a_progressive_jpeg_cut_within_what_announces_a_scan_is_read(tmp_path, cut):
    whole = encoded("JPEG", "CMYK", progressive=True, quality=50, subsampling=2)
    lost, far = apart(tmp_path / "a.jpg", whole[:-cut], whole)
    assert far < 1
    assert lost == DETAILS or far == 0


@pytest.mark.parametrize("form", ["jpg", "png"])
@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize(("share", "told"), [(0.99, END), (0.9, None), (0.5, None)])
def test_what_lacks_a_fiftieth_is_read_and_told(tmp_path, form, filled, share, told):
    """With nothing in place of the rest, or with zeros, as a copy that was broken off leaves it."""
    whole = encoded({"jpg": "JPEG"}.get(form, form), **({"quality": 98} if form == "jpg" else {}))
    cut = whole[: round(share * len(whole))]
    cut = cut.ljust(max(len(whole), len(cut) + 600), b"\0") if filled else cut
    if told is None:
        with pytest.raises(UnreadableFile, match="cut short"):
            reading(tmp_path / f"a.{form}", cut)
    else:
        lost, far = apart(tmp_path / f"a.{form}", cut, whole)
        assert lost == told
        assert far < 1


@pytest.mark.parametrize("form", ["png", "jpg", "gif", "webp", "avif", "jp2"])
def test_zeros_behind_the_end_of_a_picture_do_no_harm(tmp_path, form):
    whole = encoded({"jpg": "JPEG", "jp2": "JPEG2000"}.get(form, form))
    assert apart(tmp_path / f"a.{form}", whole + bytes(5000), whole) == ("", 0)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_webp_with_zeros_in_place_of_its_end_is_refused(tmp_path, lossless, share):
    whole = encoded("WEBP", lossless=lossless)
    with pytest.raises(UnreadableFile, match=r"is cut short: it holds [\d,]+ of the [\d,]+ bytes"):
        reading(tmp_path / "a.webp", whole[: round(share * len(whole))].ljust(len(whole), b"\0"))


@pytest.mark.parametrize("form", ["avif", "qoi"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_zeros_are_not_taken_for_pixels(tmp_path, form, share):
    whole = encoded(form)
    with pytest.raises(UnreadableFile):
        reading(tmp_path / f"a.{form}", whole[: round(share * len(whole))].ljust(len(whole), b"\0"))


def spoilt(data, at, *, mend):
    """A PNG with one byte of its pixels changed; `mend` makes the checksum of its chunk right."""
    start = data.index(b"IDAT")
    length = struct.unpack(">I", data[start - 4 : start])[0]
    body = bytearray(data[start : start + 4 + length])
    body[4 + round(at * length)] ^= 0x55
    crc = zlib.crc32(body) if mend else zlib.crc32(data[start : start + 4 + length])
    return data[:start] + bytes(body) + struct.pack(">I", crc) + data[start + 8 + length :]


def test_a_png_whose_pixels_have_a_wrong_checksum_is_refused(tmp_path):
    """Its stored bytes inflate to other pixels, and no decoder looks at the checksum."""
    whole = encoded("PNG", compress_level=0)
    with pytest.raises(UnreadableFile, match="is damaged: the checksum of its pixels is wrong"):
        reading(tmp_path / "a.png", spoilt(whole, 0.5, mend=False))


def test_a_png_whose_checksums_alone_are_wrong_is_read(tmp_path):
    whole = encoded("PNG")
    start = whole.index(b"IDAT")
    length = struct.unpack(">I", whole[start - 4 : start])[0]
    after = start + 4 + length
    wrong = whole[:after] + b"\0\1\2\3" + whole[after + 4 :]
    assert apart(tmp_path / "a.png", wrong, whole) == ("", 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_pixels_is_completed(tmp_path, mode):
    picture = coloured().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture, np.uint16) * 200)
    data = io.BytesIO()
    picture.save(data, "PNG")
    whole = data.getvalue()
    lost, far = apart(tmp_path / "a.png", whole[: -len(whole) // 100], whole)
    assert lost == END
    assert far < 2


def test_deep_grey_of_which_a_value_is_clear_is_white_there(tmp_path):
    values = np.full((40, 40), 50_000, np.uint16)
    values[:20] = 9_000
    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG", transparency=50_000)
    view = reading(tmp_path / "a.png", data.getvalue()).views[0]
    assert view[5, 5, 0] < 128
    assert (view[40:] == 255).all()
