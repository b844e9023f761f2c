"""A file is one item from whatever folder it is named, and is found again under any such name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.engine import Engine

GOLDEN = Path(__file__).parents[1] / "golden" / "model"
NAMES = (".", "../photos", "s/..", "../photos/s/../../photos", "link/..")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The folder that the run is in; `link` leads to a folder of it from beside it."""
    folder = tmp_path / "photos"
    (folder / "s" / "deep").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "s/b.png", "s/deep/c.png")):
        noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(folder / name)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def engine(tmp_path, photos):
    with Engine.create(tmp_path / "index", GOLDEN) as made:
        assert made.add(photos).added == 3
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_a_source_named_from_another_folder_adds_nothing(engine, photos, name):
    (photos.parent / "link").symlink_to(photos / "s")
    source = f"../{name}" if name.startswith("link") else name
    report = engine.add(source, prune=True)
    assert (report.added, report.unchanged, report.removed) == (0, 3, 0)
    assert sorted(item.path for item in engine.records()) == sorted(
        str(photos / each) for each in ("a.png", "s/b.png", "s/deep/c.png")
    )


def test_a_way_back_through_a_link_leads_to_where_the_link_leads(engine, photos):
    (photos.parent / "deep").symlink_to(photos / "s" / "deep")
    assert engine.add("../deep/../b.png").unchanged == 1
    assert len(engine.find(folder="../deep/..")) == 2


def test_files_that_an_older_version_stored_under_such_a_name_are_known(engine, photos):
    older = [
        replace(item, path=item.path.replace("photos", "photos/../photos"))
        for item in engine.records()
    ]
    engine._store.update(older)
    report = engine.add("../photos")
    assert (report.added, report.moved, len(engine)) == (0, 3, 3)
    engine._store.update(older)
    (photos / "a.png").unlink()
    assert engine.add(photos, prune=True).removed == 1


def test_pruning_and_ignoring_know_a_folder_by_any_name(engine, photos):
    (photos / "a.png").unlink()
    assert engine.add("../photos", prune=True).removed == 1
    engine.remove(["s/b.png"], ignore=True)
    assert engine.add("../photos").ignored_suffixes == {"told to be ignored": 1}
    assert engine.add("../photos/s/../s").ignored_suffixes == {"told to be ignored": 1}
