"""What is said to be up is remembered with an item, and moves its views when it changes."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner

from opensearch import domains
from opensearch.cli import main
from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput


def lamp():
    parts = [trimesh.creation.box((1.0, 0.1, 1.0)), trimesh.creation.box((0.1, 2.0, 0.1))]
    parts[1].apply_translation((0, 1, 0.2))
    return trimesh.util.concatenate(parts)


@pytest.fixture
def shapes(tmp_path):
    folder = tmp_path / "shapes"
    folder.mkdir()
    lamp().export(folder / "a.obj")
    lamp().export(folder / "b.glb")
    return folder


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as made:
        yield made


def ups(engine):
    return {item.key: item.metadata.get("up") for item in engine.records()}


def embedding(engine, key):
    return engine._store.embeddings([engine.get(key).id])[0][0]


def same(one, other):
    return np.allclose(one, other, atol=2e-3)  # the store keeps halves


def asked(engine, path, up=None):
    return engine.model.embed_one(path, "shape", up)[1]


def test_formats_are_believed_and_nothing_is_said_of_them(engine, shapes):
    engine.add(shapes)
    assert ups(engine) == {"a.obj": None, "b.glb": None}
    assert same(embedding(engine, "a.obj"), asked(engine, shapes / "a.obj", "unknown"))
    assert same(embedding(engine, "b.glb"), asked(engine, shapes / "a.obj", "y"))
    assert not same(embedding(engine, "b.glb"), embedding(engine, "a.obj"))


def test_what_is_said_is_remembered_and_another_axis_is_encoded_again(engine, shapes):
    engine.add(shapes)
    report = engine.add(shapes, up="y")
    assert (report.replaced, report.unchanged, report.relabelled) == (1, 1, 1), "b stood on y"
    assert report.reread == 0
    assert ups(engine) == {"a.obj": "y", "b.glb": "y"}
    assert same(embedding(engine, "a.obj"), embedding(engine, "b.glb"))
    assert engine.add(shapes).unchanged == 2, "said once is enough"
    assert ups(engine) == {"a.obj": "y", "b.glb": "y"}
    assert engine.add(shapes, up="unknown", dry_run=True).replaced == 2
    assert engine.add(shapes, up="unknown").replaced == 2
    assert same(embedding(engine, "b.glb"), asked(engine, shapes / "a.obj"))
    assert engine.verify() == []


def test_a_changed_moved_or_reread_file_keeps_what_was_said(engine, shapes, monkeypatch):
    engine.add(shapes, up="x")
    mesh = lamp()
    mesh.apply_scale((1, 1, 2))
    mesh.export(shapes / "a.obj")
    assert engine.add(shapes).replaced == 1
    assert same(embedding(engine, "a.obj"), asked(engine, shapes / "a.obj", "x"))
    (shapes / "b.glb").rename(shapes / "c.glb")
    assert engine.add(shapes).moved == 1
    assert ups(engine) == {"a.obj": "x", "c.glb": "x"}
    newer = replace(domains.READERS["mesh"], version=99)
    monkeypatch.setitem(domains.READERS, "mesh", newer)
    assert engine.add(shapes, reread=True).reread == 2
    assert ups(engine) == {"a.obj": "x", "c.glb": "x"}
    (shapes / "c.glb").rename(shapes / "d.glb")
    assert engine.add(shapes / "d.glb", up="z").moved == 0, "it must be encoded again"
    assert same(embedding(engine, "d.glb"), asked(engine, shapes / "d.glb", "z"))


def test_a_manifest_wins_over_the_format_and_the_user_over_both(engine, shapes):
    (shapes / "split.csv").write_text("path,domain,up\na.obj,shape,x\nb.glb,shape,z\n")
    engine.add(shapes)
    assert ups(engine) == {"a.obj": "x", "b.glb": "z"}
    assert same(embedding(engine, "b.glb"), asked(engine, shapes / "b.glb", "z"))
    (shapes / "split.csv").write_text("path,domain,up\na.obj,shape,x\nb.glb,shape,x\n")
    assert engine.add(shapes).replaced == 1
    engine.add(shapes, up="y")
    assert ups(engine) == {"a.obj": "y", "b.glb": "y"}


def test_an_axis_that_is_none_is_refused_by_name(engine, shapes):
    wanted = "up must be x, y, z or unknown, got 'w'"
    with pytest.raises(InvalidInput, match=wanted):
        engine.add(shapes, up="w")
    with pytest.raises(InvalidInput, match=wanted):
        engine.search(shapes / "a.obj", up="w")
    with pytest.raises(InvalidInput, match="up must be x, y, z or unknown, got 2"):
        Query(files=[(shapes / "a.obj", 1.0)], up=2)


def test_a_query_says_it_too(engine, shapes):
    engine.add(shapes, up="z")
    said = engine.search(shapes / "a.obj", up="z", refine=False)
    assert said[0].score == pytest.approx(1, abs=2e-3)
    assert engine.search(shapes / "a.obj", refine=False)[0].score < said[0].score


def test_the_command_line_says_it_and_render_shows_it(toy_model, shapes, tmp_path):
    def run(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    to = ("--to", tmp_path / "i", "--up", "z", "-q")
    assert run("index", shapes, *to, "--model", toy_model, "--dry-run").exit_code == 0
    assert run("index", shapes, *to, "--model", toy_model).exit_code == 0
    hits = run("query", tmp_path / "i", shapes / "b.glb", "--up", "z", "--json").stdout
    assert '"metadata": {"up": "z"}' in hits
    assert run("index", shapes, *to[:3], "w").exit_code == 2
    for file, words, axis in (
        ("a.obj", (), "unknown"),
        ("b.glb", (), "y"),
        ("b.glb", ("--up", "z"), "z"),
    ):
        shown = run("render", shapes / file, "--out", tmp_path / "r", "--size", 32, *words)
        assert f"up-axis: {axis}" in shown.stderr
        assert f"up-axis: {axis}" not in shown.stdout
    told = run("render", shapes / "b.glb", "--out", tmp_path / "r", "--size", 32, "--json")
    assert '"up": "y"' in told.stdout
