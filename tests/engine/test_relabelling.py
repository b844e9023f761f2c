"""A manifest that declares something else changes records; no file is read or encoded again."""

from pathlib import Path

import pytest
from PIL import Image

from opensearch.engine import Engine

MODEL = Path(__file__).parents[1] / "golden" / "model"


def declare(folder, rows):
    lines = ["path,domain,category,year", *(",".join(map(str, row)) for row in rows)]
    (folder / "split.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_changed_manifest_relabels_without_encoding(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    for at in range(6):
        Image.new("RGB", (40, 40), (40 * at, 90, 10)).save(folder / f"{at}.png")
    rows = [(f"{at}.png", "photo", "cup", 2000 + at) for at in range(6)]
    declare(folder, rows)
    with Engine.create(tmp_path / "index", MODEL) as engine, Engine.open(engine.path) as reader:
        assert engine.add(folder).added == 6
        asked = {"keys": ["0.png"], "k": 9, "refine": False}
        assert len(reader.search(**asked, where="category = cup and year > 2002")) == 3
        before = engine.get("4.png")
        declare(folder, [*rows[:4], ("4.png", "photo", "hat", 1990), ("5.png", "photo", "", 2005)])
        monkeypatch.setattr(type(engine.model), "opened", lambda *_: pytest.fail("read again"))
        report = engine.add(folder)
        assert (report.unchanged, report.relabelled, report.added) == (6, 2, 0)
        assert report.closes
        assert [hit.key for hit in reader.search(**asked, where="category = hat")] == ["4.png"]
        assert len(reader.search(**asked, where="category = cup")) == 3
        assert len(reader.search(**asked, where="year = 1990 or not year > 0")) == 1
        assert engine.get("4.png").id == before.id
        assert engine.add(folder).relabelled == 0
        assert engine.verify() == []


def draw(folder, *names):
    for at, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), (40 * at, 90, 10)).save(path)


@pytest.mark.parametrize("part", ["photo", "photo/cup", "photo/cup/0.png"])
def test_a_run_over_a_part_takes_no_label_of_the_run_over_all(tmp_path, part):
    """A part shows less of the paths: where it says nothing of a file, what was said holds."""
    folder = tmp_path / "files"
    draw(folder, "photo/cup/0.png", "photo/hat/1.png")
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(folder)
        assert engine.add(folder / part).relabelled == 0
        assert engine.get("photo/cup/0.png").category == "cup"
        draw(folder, "photo/x.png", "photo/cup/0.png")  # of another colour now
        assert engine.add(folder / part).replaced == 1
        item = engine.get("photo/cup/0.png")
        assert (item.domain, item.category) == ("photo", "cup")


def test_a_run_over_a_part_keeps_what_the_manifest_of_all_declares(tmp_path):
    folder = tmp_path / "files"
    draw(folder, "old/0.png", "old/1.png")
    declare(folder, [("old/0.png", "photo", "cup", 2001), ("old/1.png", "photo", "", 2002)])
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(folder)
        assert engine.add(folder / "old").relabelled == 0
        assert engine.get("old/0.png").category == "cup"
        assert engine.get("old/1.png").metadata == {"year": "2002"}
        declare(folder, [("old/0.png", "photo", "", ""), ("old/1.png", "photo", "", 2002)])
        assert engine.add(folder).relabelled == 1  # said now: none
        assert engine.get("old/0.png").category is None


def test_a_label_given_by_hand_stays_where_nothing_else_is_declared(tmp_path):
    folder = tmp_path / "files"
    draw(folder, "0.png", "photo/cup/1.png")
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(folder, domain="photo")
        engine.relabel("0.png", "hat", {"year": 2019})
        engine.relabel("photo/cup/1.png", "hat")
        assert engine.add(folder, domain="photo").relabelled == 1
        assert engine.get("photo/cup/1.png").category == "cup"  # as its folder says
        (folder / "0.png").rename(folder / "moved.png")
        assert engine.add(folder, domain="photo").moved == 1
        moved = engine.get("moved.png")
        assert (moved.category, moved.metadata) == ("hat", {"year": 2019})
        assert engine.relabel("moved.png", "cup").metadata == {"year": 2019}
        assert engine.relabel("moved.png", "cup", {}).metadata == {}


def test_a_file_moved_out_of_the_folder_of_its_category_has_none(tmp_path):
    folder = tmp_path / "files"
    draw(folder, "photo/cup/0.png", "photo/hat/1.png")
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(folder)
        (folder / "photo/cup/0.png").rename(folder / "photo/0.png")
        (folder / "photo/hat/1.png").rename(folder / "photo/cup/1.png")
        assert engine.add(folder).moved == 2
        assert engine.get("photo/0.png").category is None
        assert engine.get("photo/cup/1.png").category == "cup"
