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
