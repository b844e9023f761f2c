"""HEIF and AVIF pictures that are not read are refused by what they are."""

import io
import struct

import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.pictures import extras, heif
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def box(name, content, version=None):
    start = b"" if version is None else struct.pack(">I", version << 24)
    return struct.pack(">I4s", 8 + len(start) + len(content), name) + start + content


def still(coding, brand, *, version=0):
    """The boxes of a picture in a coding, with an item that is none."""
    form = ">IH4s" if version else ">HH4s"
    items = [struct.pack(form, at, 0, kind) for at, kind in ((1, b"Exif"), (2, coding))]
    entries = b"".join(box(b"infe", item + b"\0", 3 if version else 2) for item in items)
    count = struct.pack(">I" if version else ">H", 2)
    meta = box(b"pitm", struct.pack(">H", 2), 0) + box(b"iinf", count + entries, version)
    return box(b"ftyp", brand + bytes(4) + b"mif1") + box(b"meta", meta, 0) + box(b"mdat", bytes(9))


def read(path, **limits):
    return open_reader(ReaderSettings(reader="image", size=16), Limits(**limits))(path)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("coding", "brand", "told"),
    [
        (b"unci", b"mif1", "without compression"),
        (b"jpeg", b"jpeg", "in JPEG,"),
        (b"jpeg", b"mif1", "in JPEG,"),
        (b"j2k1", b"j2ki", "in JPEG 2000"),
        (b"avc1", b"avci", r"in AVC \(H.264\)"),
        (b"vvc1", b"vvic", r"in VVC \(H.266\)"),
        (b"evc1", b"evbi", "in EVC"),
    ],
)
def test_a_coding_that_is_not_read_is_named(tmp_path, coding, brand, told, version):
    (tmp_path / "a.heif").write_bytes(still(coding, brand, version=version))
    with pytest.raises(UnreadableFile, match=f"a HEIF picture {told}.* which is not read") as error:
        read(tmp_path / "a.heif")
    assert "video" not in str(error.value)
    assert "damaged" not in str(error.value)


def test_codings_that_are_read_are_damaged_where_they_fail(tmp_path):
    assert heif.unread(still(b"hvc1", b"heic")) is None
    assert heif.unread(still(b"av01", b"avif")) is None
    assert heif.unread(b"") is None
    (tmp_path / "a.heic").write_bytes(still(b"hvc1", b"heic"))
    with pytest.raises(UnreadableFile, match=r"damaged|cut short"):
        read(tmp_path / "a.heic")


def test_the_short_form_is_claimed_in_hevc_alone(tmp_path):
    assert extras.is_heif(b"\0\0\0\x10ftypmif3heic", ".heic")
    assert not extras.is_heif(b"\0\0\0\x10ftypmif3avif", ".avif")
    (tmp_path / "a.avif").write_bytes(box(b"ftyp", b"mif3avif") + box(b"mini", bytes(40)))
    with pytest.raises(UnreadableFile, match=r"of the short form \(mif3\) that is not read"):
        read(tmp_path / "a.avif")


def test_an_avif_that_is_too_large_for_its_decoder_is_told_so(tmp_path):
    data = io.BytesIO()
    Image.new("RGB", (33000, 16), (200, 30, 40)).save(data, "AVIF", speed=10)
    (tmp_path / "a.avif").write_bytes(data.getvalue())
    with pytest.raises(OverLimit, match=r"33,000 x 16 pixels, and AVIF is read .* up to 32,768"):
        read(tmp_path / "a.avif")
    with pytest.raises(OverLimit, match="has 528,000 pixels, over the limit of 1,000"):
        read(tmp_path / "a.avif", pixels=1000)
