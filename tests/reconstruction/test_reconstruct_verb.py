"""The verb `reconstruct` on a toy index: what it writes, prints and refuses."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from opensearch.cli import main
from opensearch.domains.mesh import load_triangles
from opensearch.engine import Engine
from opensearch.limits import Limits


def run(*words):
    return CliRunner().invoke(main, ["reconstruct", *map(str, words)])


@pytest.fixture(scope="module")
def index(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("toys") / "index"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection)
    return path


@pytest.fixture
def sketch(toy_collection):
    return toy_collection / "sketch" / "cube" / "08.png"


def test_rows_of_shapes_and_the_model_are_printed_and_all_is_written(index, sketch, tmp_path):
    out, seen, grid = tmp_path / "Würfel.glb", tmp_path / "seen", tmp_path / "grid.npy"
    shown = run(sketch, "--index", index, "--out", out, "--from", "sketch", "--mode", "mean",
                "--views", seen, "--voxels", grid)  # fmt: skip
    assert shown.exit_code == 0, shown.stderr
    *rows, last = shown.stdout.splitlines()
    assert [row.split()[1] for row in rows] == ["0.50", "0.40", "0.30", "0.20", "0.10"]
    assert last.startswith(f"{out}: mean, ")
    assert "confidence" in last
    assert len(load_triangles(out, Limits())[1]) > 100
    assert np.load(grid).shape == (32, 32, 32)
    names = [f"view-{at:02d}.png" for at in range(1, 8)]
    assert sorted(path.name for path in seen.iterdir()) == [*names, "views.png"]
    assert all(np.asarray(Image.open(seen / name)).std() > 1 for name in names)
    wide, high = Image.open(seen / "views.png").size
    assert wide > 6 * high  # seven pictures in a row


def test_pictures_take_the_place_of_an_earlier_run_and_never_of_the_sketch(index, sketch, tmp_path):
    seen, out = tmp_path / "seen", tmp_path / "a.ply"
    asked = ["--index", index, "--from", "sketch", "--mode", "nearest", "--out", out]
    for k in (4, 2):
        assert run(sketch, *asked, "--views", seen, "-k", k, "--overwrite").exit_code == 0
    assert len(list(seen.iterdir())) == k + 3
    out.unlink()
    shutil.copy(sketch, seen / "view-03.png")
    refused = run(seen / "view-03.png", *asked, "--views", seen)
    assert refused.exit_code == 2
    assert "would replace view-03.png" in refused.stderr
    assert not out.exists()


def test_json_tells_all_of_it(index, sketch, tmp_path):
    asked = [sketch, "--index", index, "--from", "sketch", "--mode", "nearest", "--json"]
    told = json.loads(run(*asked, "--out", tmp_path / "model.ply").stdout)
    assert told["mode"] == "nearest"
    assert told["out"] == str(tmp_path / "model.ply")
    assert [each["rank"] for each in told["retrieved"]] == [1, 2, 3, 4, 5]
    assert told["confidence"] == pytest.approx(told["retrieved"][0]["score"], abs=1e-4)
    assert "nothing tells which axis is up in 1 of 1 shapes: y was taken" in told["notes"]
    rows = run(*asked[:-1], "--out", tmp_path / "model.obj").stdout.splitlines()
    assert [row.endswith("(not used)") for row in rows[:-1]] == [False] + 4 * [True]


def test_what_cannot_be_done_is_told_in_one_line_with_a_way_out(index, sketch, tmp_path):
    there, blank, cut = tmp_path / "there.obj", tmp_path / "blank.png", tmp_path / "cut.png"
    there.write_text("mine")
    Image.new("RGB", (64, 64), "white").save(blank)
    cut.write_bytes(sketch.read_bytes()[:40])
    photo = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    Image.fromarray(noise).save(photo)
    refused = [
        (sketch, there, 2, "is there already; name another file, or --overwrite it"),
        (sketch, tmp_path / "a.blend", 2, "known: .obj, .ply, .stl, .glb"),
        (sketch, tmp_path / "no" / "a.obj", 2, "make it first"),
        (tmp_path / "none.png", tmp_path / "a.obj", 2, "nothing has this name"),
        (blank, tmp_path / "a.obj", 1, "blank"),
        (cut, tmp_path / "a.obj", 1, "cut.png"),
        (photo, tmp_path / "a.obj", 2, "looks like a photo; say --from=sketch if it is a drawing"),
    ]
    for given, out, code, said in refused:
        result = run(given, "--index", index, "--out", out)
        assert result.exit_code == code, result.output
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert not result.stdout
    assert there.read_text() == "mine"
    assert not (tmp_path / "a.obj").exists()


def test_a_file_is_written_over_when_that_is_said(index, sketch, tmp_path):
    out = tmp_path / "there.stl"
    out.write_text("mine")
    result = run(sketch, "--index", index, "--from", "sketch", "--out", out, "--overwrite")
    assert result.exit_code == 0
    assert out.stat().st_size > 1000


def test_a_grid_that_cannot_be_written_stops_the_run_before_it_begins(index, sketch, tmp_path):
    (tmp_path / "grid.npy").write_text("mine")
    out = tmp_path / "model.obj"
    result = run(sketch, "--index", index, "--out", out, "--voxels", tmp_path / "grid.npy")
    assert result.exit_code == 2
    assert "grid.npy' is there already" in result.stderr
    assert not out.exists()
