"""When and by which camera a photo was taken: from its EXIF block, and nothing else of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.config import Limits, ReaderSettings
from opensearch.domains.image import image_reader
from opensearch.engine import Engine

EXIF, GPS = 0x8769, 0x8825
MODEL = Path(__file__).parents[1] / "golden" / "model"


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
