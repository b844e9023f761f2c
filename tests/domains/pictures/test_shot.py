"""When and by which camera a photo was taken: from its EXIF block, and nothing else of it."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains.image import image_reader
from opensearch.engine import Engine
from opensearch.limits import Limits

EXIF, GPS = 0x8769, 0x8825
MODEL = Path(__file__).parents[2] / "golden" / "model"


def block(make="NIKON\0\0", model="NIKON D70", taken="2024:01:31 18:30:05"):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = make, model
    exif[0x0132] = "2030:01:01 00:00:00"  # when it was edited
    exif.get_ifd(EXIF)[0x9003] = taken
    exif.get_ifd(GPS)[1], exif.get_ifd(GPS)[2] = "N", (48.0, 51.0, 29.5)
    return exif


def photo(path, exif):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(path, exif=exif)
    return path


def read(path):
    return image_reader(ReaderSettings(reader="image", size=32), Limits())(path).shot


def written(make, taken, model=b"X-T3", order="<"):
    """A block of bytes as they are: Pillow writes ASCII alone."""

    def directory(entries, at):
        heap, lines = b"", struct.pack(order + "H", len(entries))
        behind = at + 2 + 12 * len(entries) + 4
        for tag, value in entries:
            number = isinstance(value, int)
            kind, count = (4, 1) if number else (2, len(value) + 1)
            lines += struct.pack(order + "HHI", tag, kind, count)
            if number:
                lines += struct.pack(order + "I", value)
            elif count > 4:
                lines += struct.pack(order + "I", behind + len(heap))
                heap += value + b"\0"
            else:
                lines += value.ljust(4, b"\0")
        return lines + bytes(4) + heap

    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    names = [(0x010F, make), (0x0110, model)]
    size = len(directory([*names, (EXIF, 0)], 8))
    first = directory([*names, (EXIF, 8 + size)], 8)
    return b"Exif\0\0" + head + first + directory([(0x9003, taken)], 8 + size)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_date_and_camera_are_read_and_no_place(tmp_path, suffix):
    found = read(photo(tmp_path / f"a.{suffix}", block()))
    assert found == {"taken": "2024-01-31T18:30:05", "camera": "NIKON D70"}


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        (block(make="Canon", model="EOS 5D")  , {"camera": "Canon EOS 5D"}),
        (block(make="", model="")  , {}),
        (block(model="D\n\x1b 70" + "x" * 500), {"camera": ("NIKON D 70" + "x" * 500)[:66]}),
    ],
)  # fmt: skip
def test_a_camera_is_one_short_line(tmp_path, exif, expected):
    found = read(photo(tmp_path / "a.jpg", exif))
    assert found.pop("taken")
    assert found.keys() == expected.keys()
    camera = found.get("camera", "")
    assert len(camera) <= 130
    assert camera.isprintable()
    assert expected.get("camera", "")[:10] == camera[:10]


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "2024:13:01 00:00:00", "    :  :", "", "1024:01:01 00:00:00"]
)
def test_what_is_no_time_is_left_out(tmp_path, taken):
    assert "taken" not in read(photo(tmp_path / "a.jpg", block(taken=taken)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 50, b"Exif\0\0", b"rubbish", b"\xff" * 60_000],
)
def test_a_damaged_block_fails_no_file(tmp_path, exif):
    assert read(photo(tmp_path / "a.jpg", exif)) == {}


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2024-01-31T18:30:05Z", "2024-01-31T18:30:05"),
        ("2024/01/31 18:30:05", "2024-01-31T18:30:05"),
        ("2024:1:31 8:3:5", "2024-01-31T08:03:05"),
        ("2024:01:31 18:30", "2024-01-31T18:30:00"),
        ("2024:01:31 18:30:05.25+02:00", "2024-01-31T18:30:05"),
        ("2024:01:31", "2024-01-31"),
        ("2024:01:31 18:30:055", None),
        ("20240131", None),
    ],
)
def test_times_are_read_as_programs_write_them(tmp_path, taken, expected):
    assert read(photo(tmp_path / "a.jpg", block(taken=taken))).get("taken") == expected


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("make", "camera"),
    [
        ("富士フイルム".encode(), "富士フイルム X-T3"),
        ("Zürich".encode("latin-1"), "Zürich X-T3"),
        ("Zürich".encode(), "Zürich X-T3"),
        (b"X-T3 MAKERS CO.", "X-T3"),
        ("\u202e\x1b[31mA\nB\x9b".encode(), "[31mA B X-T3"),
    ],
)
def test_makers_have_names_of_any_language(tmp_path, order, make, camera):
    exif = written(make, b"2024:01:31 18:30:05", order=order)
    assert read(photo(tmp_path / "a.jpg", exif)) == {
        "camera": camera,
        "taken": "2024-01-31T18:30:05",
    }


def chunk(kind, data):
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (4, 2), (2, 3), (6, 4)])
@pytest.mark.parametrize("scale", [257, 4])
def test_deep_pictures_keep_what_was_told(tmp_path, kind, channels, scale):
    values = np.random.default_rng(0).integers(0, 255, (40, 60, channels)).astype(">u2") * scale
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 60, 40, 16, kind, 0, 0, 0)
    exif = written(b"NIKON", b"2024:01:31 18:30:05")[6:]
    parts = {b"IHDR": header, b"eXIf": exif, b"IDAT": zlib.compress(lines), b"IEND": b""}
    file = tmp_path / "a.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts.items()))
    assert read(file) == {"camera": "NIKON X-T3", "taken": "2024-01-31T18:30:05"}


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_tiffs_tell_it_too(tmp_path, depth):
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(depth)
    file = tmp_path / "a.tif"
    times = b"\x01\0" + struct.pack("<HHII", 0x9003, 2, 20, 0) + bytes(4) + b"2024:01:31 18:30:05\0"
    names = [(0x010F, 2, 0, "NIKON", True), (0x0110, 2, 0, "D70", True)]
    tifffile.imwrite(file, values, photometric="rgb", extratags=[*names, (65000, 4, 1, 0, True)])
    data = bytearray(file.read_bytes())
    at, start = len(data), data.index(struct.pack("<HHI", 65000, 4, 1))
    struct.pack_into("<H", data, start, EXIF)
    struct.pack_into("<I", data, start + 8, at)
    data += times
    struct.pack_into("<I", data, at + 10, at + 18)
    file.write_bytes(data)
    assert read(file) == {"camera": "NIKON D70", "taken": "2024-01-31T18:30:05"}


@pytest.mark.parametrize("before", [b"Exif\0\0", b"", bytes(4)])
def test_jpeg_xl_tells_it_and_is_turned_once(tmp_path, before):
    pylibjxl = pytest.importorskip("pylibjxl")
    values = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(EXIF)[0x9003] = "2024:01:31 18:30:05"
    file = tmp_path / "a.jxl"
    file.write_bytes(pylibjxl.encode(values, exif=before + exif.tobytes()[6:]))
    reading = image_reader(ReaderSettings(reader="image", size=32), Limits())(file)
    assert reading.shot == {"taken": "2024-01-31T18:30:05"}
    assert reading.aspect == 1.5


def test_photos_bring_date_and_camera_which_manifests_overrule(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    photo(files / "a.jpg", block())
    photo(files / "b.jpg", block(taken="2022:05:05 10:00:00"))
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(files, domain="photo")
        assert engine.get("a.jpg").metadata == {
            "taken": "2024-01-31T18:30:05",
            "camera": "NIKON D70",
        }
        assert engine.add(files, domain="photo").relabelled == 0
        (files / "a.jpg").rename(files / "c.jpg")
        assert engine.add(files, domain="photo").moved == 1
        found = engine.find("taken = 2024-01 and camera ~ nikon")
        assert [item.key for item in engine.iter_items(found.ids)] == ["c.jpg"]
        (files / "split.csv").write_text("path,taken\nb.jpg,1999\nc.jpg,\n")
        assert engine.add(files, domain="photo").relabelled >= 1
        assert engine.get("b.jpg").metadata == {"taken": "1999", "camera": "NIKON D70"}
