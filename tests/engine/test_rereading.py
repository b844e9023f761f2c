"""Which reader read an item is kept, told, and what an older one read is read again."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from opensearch.cli import main
from opensearch.domains import READERS, is_older, reader_version
from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.records import Item

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        Image.new("RGB", (40, 30), (80 * number, 90, 200)).save(folder / name)
    return folder


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as made:
        yield made


def readers(engine):
    return {item.key: item.reader for item in engine.records()}


def newer(monkeypatch):
    monkeypatch.setitem(READERS, "image", replace(READERS["image"], version=99))


def test_each_item_names_the_version_of_its_reader(engine, pictures, toy_collection):
    engine.add(pictures, domain="photo")
    engine.add(toy_collection / "shape" / "disc", domain="shape")
    engine.add(toy_collection / "sketch" / "disc", domain="sketch")
    assert set(readers(engine).values()) == set(map(reader_version, READERS))
    assert engine.info()["older_readers"] == 0
    assert engine.verify() == []


@pytest.mark.parametrize(
    ("version", "older"),
    [
        ("", True),
        ("image/1", True),
        ("image/x", True),
        ("image/²", True),
        (f"image/{'9' * 5000}", True),
        ("lidar/7", True),
        ("image/999", False),
    ],
)
def test_a_version_is_older_unless_it_is_known_to_be_as_new(version, older):
    assert is_older(version) == older
    assert not any(is_older(current) for current in map(reader_version, READERS))


def test_what_an_older_reader_read_is_told_and_read_again_when_asked(engine, pictures, monkeypatch):
    engine.add(pictures, domain="photo")
    newer(monkeypatch)
    assert engine.info()["older_readers"] == 3
    assert engine.add(pictures, domain="photo").unchanged == 3, "not without being asked"
    Image.new("RGB", (40, 30), "white").save(pictures / "a.jpg")
    report = engine.add(pictures, domain="photo", reread=True)
    assert report.closes
    assert (report.replaced, report.reread, report.unchanged) == (3, 2, 0)
    assert set(readers(engine).values()) == {"image/99"}
    assert engine.info()["older_readers"] == 0
    assert engine.add(pictures, domain="photo", reread=True).unchanged == 3
    assert engine.verify() == []


def test_the_count_follows_removal_replacement_moves_and_compaction(engine, pictures, monkeypatch):
    engine.add(pictures, domain="photo")
    engine.remove(["a.jpg"])
    newer(monkeypatch)
    assert engine.info()["older_readers"] == 2
    (pictures / "b.jpg").rename(pictures / "moved.jpg")
    assert engine.add(pictures / "moved.jpg", domain="photo").moved == 1
    assert engine.info()["older_readers"] == 2
    engine.compact()
    assert engine.info()["older_readers"] == 2
    assert engine.verify() == []


def test_a_domain_that_was_said_is_kept_when_read_again(engine, pictures, monkeypatch):
    engine.add(pictures, domain="photo")
    before = {item.key: item.domain for item in engine.records()}
    newer(monkeypatch)
    assert engine.add(pictures, reread=True).reread == 3
    assert {item.key: item.domain for item in engine.records()} == before


def test_ready_codes_have_no_reader_and_are_not_counted(engine):
    import numpy as np

    engine.add_codes(np.zeros((5, 2), np.uint8), domain="photo")
    engine._store.put([Item(-1, "k", "photo")], np.zeros((1, 2), np.uint8))
    assert engine.info()["older_readers"] == 0


def test_an_index_of_an_older_format_says_that_it_must_be_compacted_first(tmp_path):
    old = next(path for path in GOLDEN.iterdir() if path.name.startswith("format-2_photo"))
    shutil.copytree(old, tmp_path / "old")
    if not (tmp_path / "old" / "model").exists():
        shutil.copytree(GOLDEN / "model", tmp_path / "old" / "model")
    (tmp_path / "empty").mkdir()
    with Engine.open(tmp_path / "old") as engine:
        files = len([item for item in engine.records() if item.path])
        assert engine.info()["older_readers"] == files > 0
        with pytest.raises(InvalidInput, match=r"`Engine.compact\(\)` brings it to the new one"):
            engine.add(tmp_path / "empty", reread=True)
        engine.compact()
        assert engine.info()["older_readers"] == files
        assert engine.add(tmp_path / "empty", reread=True).closes


def test_a_file_that_keeps_size_and_time_is_found_by_its_content(engine, pictures):
    engine.add(pictures, domain="photo")
    path = pictures / "a.jpg"
    data, status = bytearray(path.read_bytes()), path.stat()
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert engine.add(pictures, domain="photo").unchanged == 3
    report = engine.add(pictures, domain="photo", compare="content")
    assert (report.replaced, report.reread, report.unchanged) == (1, 0, 2)
    with pytest.raises(InvalidInput, match="by time or content, not by 'magic'"):
        engine.add(pictures, compare="magic")


def test_the_command_line_rereads_and_says_so(toy_model, pictures, tmp_path, monkeypatch):
    index = ["index", str(pictures), "--to", str(tmp_path / "i"), "--domain", "photo", "-q"]
    assert CliRunner().invoke(main, [*index, "--model", str(toy_model)]).exit_code == 0
    newer(monkeypatch)
    told = CliRunner().invoke(main, ["info", str(tmp_path / "i")]).stdout
    assert "older_readers     3\n" in told
    result = CliRunner().invoke(main, [*index, "--reread", "--compare", "content"])
    assert "3 replaced" in result.stdout
    assert "3 of the replaced had been read by an older version" in result.stdout
