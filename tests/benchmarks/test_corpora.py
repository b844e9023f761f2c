"""Verdicts of `benchmarks.corpora`, with oracles that say what a test wants."""

import pytest
import trimesh
from PIL import Image

from benchmarks import corpora
from benchmarks.oracles import by_trimesh, drawn_by_us


@pytest.fixture
def box(tmp_path):
    trimesh.creation.box((1, 2, 3)).export(tmp_path / "box.off")
    return tmp_path / "box.off"


def judged(monkeypatch, path, **oracles):
    monkeypatch.setattr(corpora, "MESH_ORACLES", oracles)
    monkeypatch.setattr(corpora, "PICTURE_ORACLES", oracles)
    return corpora.judge(path)


def test_a_mesh_is_held_against_the_others(monkeypatch, box, tmp_path):
    trimesh.creation.box((1, 2, 3.1)).export(tmp_path / "larger.off")
    other = by_trimesh(tmp_path / "larger.off")
    assert judged(monkeypatch, box, trimesh=by_trimesh).verdict == "agrees"
    assert judged(monkeypatch, box, a=lambda path: other).verdict == "differs"
    assert judged(monkeypatch, box, a=lambda path: other, b=by_trimesh).verdict == "agrees"
    assert judged(monkeypatch, box, a=lambda path: None).verdict == "alone"


def test_a_refusal_is_wrong_only_where_another_reads(monkeypatch, box, tmp_path):
    bad = tmp_path / "bad.obj"
    bad.write_text("v 0 0 0\n")
    other = by_trimesh(box)
    row = judged(monkeypatch, bad, a=lambda path: other)
    assert (row.verdict, row.ours) == ("refused", "has no faces, only vertices")
    assert judged(monkeypatch, bad, a=lambda path: None).verdict == "unreadable"


def test_pictures_agree_by_what_they_show(monkeypatch, tmp_path):
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (90, 60), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "c.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="6">'
        '<rect width="9" height="6" fill="red"/></svg>'
    )
    red = drawn_by_us(tmp_path / "a.png")
    assert judged(monkeypatch, tmp_path / "a.png", a=drawn_by_us).verdict == "agrees"
    assert judged(monkeypatch, tmp_path / "b.png", a=lambda path: red).verdict == "differs"
    assert judged(monkeypatch, tmp_path / "c.svg", a=lambda path: red).verdict == "agrees"
