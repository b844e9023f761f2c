"""What the books of `index` say of ugly folders."""

import os
from pathlib import Path

import pytest
from PIL import Image

from opensearch.engine import Engine


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as made:
        yield made


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.jpg", "s/b.jpg", "@eaDir/a.jpg/thumb.jpg")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (40 * number, 90, 200)).save(folder / name)
    return folder


def test_what_is_left_out_is_counted_by_its_reason(engine, pictures):
    (pictures / "notes.txt").write_text("no item")
    (pictures / "loop.jpg").symlink_to("loop.jpg")
    report = engine.add(pictures, domain="photo")
    assert report.closes
    assert (report.added, report.ignored, report.failed) == (2, 2, 1)
    assert report.ignored_suffixes == {".txt": 1, "system folder": 1}


def test_pruning_keeps_what_lies_behind_a_folder_that_may_not_be_entered(
    engine, pictures, monkeypatch
):
    engine.add(pictures, domain="photo")
    stat, scandir, shut = os.stat, os.scandir, pictures / "s"

    def refuse(real):
        def asked(path, **options):
            inside = isinstance(path, str | Path) and Path(path).is_relative_to(shut)
            if inside and (real is scandir or Path(path) != shut):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, **options)

        return asked

    (pictures / "a.jpg").unlink()
    monkeypatch.setattr(os, "stat", refuse(stat))
    monkeypatch.setattr(os, "scandir", refuse(scandir))
    report = engine.add(pictures, domain="photo", prune=True)
    assert report.removed == 1
    assert [failure.path for failure in report.failures] == [str(shut)]
    assert "s/b.jpg" in engine
