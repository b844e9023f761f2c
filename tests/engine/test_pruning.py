"""Pruning: what is gone goes, and what looks like a disk that is not mounted stays."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from opensearch.cli import main
from opensearch.engine import Engine
from opensearch.errors import Refused

MODEL = Path(__file__).parents[1] / "golden" / "model"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def files(tmp_path):
    """Three pictures, two of them in a folder."""
    folder = tmp_path / "disk"
    for number, name in enumerate(("a.jpg", "s/b.jpg", "s/c.jpg")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (40 * number, 90, 200)).save(folder / name)
    return folder


@pytest.fixture
def index(files, tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        assert engine.add(files, domain="photo").added == 3
    return tmp_path / "index"


def model_without(domain, folder):
    model = shutil.copytree(MODEL, folder / "model")
    card = json.loads((model / "model.json").read_text())
    del card["domains"][domain], card["identities"][f"encoder/{domain}"]
    (model / "model.json").write_text(json.dumps(card))
    return model


def keys(index):
    with Engine.open(index) as engine:
        return sorted(engine.keys())


EMPTY = {
    "empty": lambda files: [shutil.rmtree(files), files.mkdir()],
    "most": lambda files: shutil.rmtree(files / "s"),
    "another disk": lambda files: [
        shutil.rmtree(files),
        files.mkdir(),
        Image.new("RGB", (9, 9), "red").save(files / "new.jpg"),
    ],
}


@pytest.mark.parametrize("what", EMPTY)
def test_a_source_that_lost_all_or_most_is_pruned_by_force_alone(index, files, what):
    EMPTY[what](files)
    gone = 2 if what == "most" else 3
    words = ("index", files, "--to", index, "--domain", "photo")
    result = run(*words, "--prune")
    assert result.exit_code == 1
    assert f"not pruned: the files of {gone} of the 3 items of {files} are gone" in result.stderr
    assert "with --prune=force" in result.stderr
    assert len(keys(index)) == 3 + (what == "another disk")
    dry = run(*words, "--prune", "--dry-run")
    assert (dry.exit_code, "--prune would be refused: the files of" in dry.stdout) == (0, True)
    assert run(*words, "--prune=force", "--dry-run").stdout.count(f"{gone} removed") == 1
    assert len(keys(index)) == 3 + (what == "another disk")
    result = run(*words, "--prune=force")
    assert (result.exit_code, f"{gone} removed" in result.stdout) == (0, True)
    assert len(keys(index)) == (1 if what != "empty" else 0)


def test_one_of_three_is_pruned_without_force_and_moved_files_are_not_lost(index, files):
    (files / "s").rename(files / "t")
    (files / "a.jpg").unlink()
    with Engine.open(index) as engine:
        planned = engine.add(files, domain="photo", prune=True, dry_run=True)
        assert (planned.moved, planned.removed, planned.refused) == (2, 1, "")
        report = engine.add(files, domain="photo", prune=True)
        assert (report.moved, report.removed, report.refused) == (2, 1, "")
    assert keys(index) == ["t/b.jpg", "t/c.jpg"]


def test_half_may_be_gone_and_files_that_changed_count_as_held(index, files):
    with Engine.open(index) as engine:
        for name in ("a.jpg", "s/c.jpg"):
            Image.new("RGB", (50, 50), "green").save(files / name)
        (files / "s" / "b.jpg").unlink()
        report = engine.add(files, domain="photo", prune=True)
        assert (report.replaced, report.removed) == (2, 1)
        (files / "a.jpg").unlink()
        assert engine.add(files, domain="photo", prune=True).removed == 1
    assert keys(index) == ["s/c.jpg"]


def test_items_without_files_do_not_make_up_for_those_that_are_gone(index, files, monkeypatch):
    with Engine.open(index) as engine:
        engine.add_codes(np.zeros((9, engine.info()["bits"] // 8), np.uint8), "photo")
        for file in list(files.rglob("*.jpg")):
            file.unlink()
        monkeypatch.chdir(files)  # Path("") is this folder, which must not be taken for theirs
        planned = engine.add(files, domain="photo", prune=True, dry_run=True)
    assert planned.refused.startswith(f"the files of 3 of the 3 items of {files} are gone")


@pytest.mark.parametrize("left", [None, ".mounted", "lost+found", "$RECYCLE.BIN"])
@pytest.mark.parametrize("held", [2, 20])
def test_an_empty_folder_that_held_items_is_taken_for_a_disk(tmp_path, held, left):
    folder = tmp_path / "all"
    for number in range(2 * held + 1):
        name = folder / ("mount" if number < held else "rest") / f"{number}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 90, 200)).save(name)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(folder, domain="photo")
        shutil.rmtree(folder / "mount")
        assert engine.add(folder, domain="photo", prune=True, dry_run=True).removed == held
        (folder / "mount").mkdir()
        if left:
            (folder / "mount" / left).mkdir()
        told = rf"mount is empty but held {held} items, as if its disk were not"
        with pytest.raises(Refused, match=told):
            engine.add(folder, domain="photo", prune=True)
        assert engine.info()["items"] == {"photo": 2 * held + 1}
        assert engine.add(folder, domain="photo", prune="force").removed == held


def test_a_dry_run_gives_the_books_and_changes_nothing(index, files, tmp_path):
    Image.new("RGB", (50, 50), "green").save(files / "a.jpg")
    Image.new("RGB", (50, 50), "blue").save(files / "new.jpg")
    (files / "s" / "b.jpg").rename(files / "s" / "moved.jpg")
    before = {path: path.read_bytes() for path in index.rglob("*.mdb") if path.name != "lock.mdb"}
    words = ("index", files, "--domain", "photo", "--json")
    planned = json.loads(run(*words, "--to", index, "--dry-run").stdout)
    assert before == {path: path.read_bytes() for path in before}
    done = json.loads(run(*words, "--to", index).stdout)
    names = [(each["step"], each["name"]) for each in planned["planned"]]
    assert names == [("replaced", "a.jpg"), ("added", "new.jpg"), ("moved", "s/moved.jpg")]
    assert done == {**planned, "planned": []}
    assert [done[part] for part in ("added", "replaced", "moved", "unchanged")] == [1, 1, 1, 1]
    fresh = json.loads(run(*words, "--to", tmp_path / "new", "--dry-run").stdout)
    assert (fresh["added"], fresh["seen"]) == (4, 4)
    assert not (tmp_path / "new").exists()


def test_prune_alone_takes_no_word_for_its_value(index, files):
    (files / "a.jpg").unlink()
    result = run("index", "--prune", files, "--to", index, "--domain", "photo")
    assert (result.exit_code, "1 removed" in result.stdout) == (0, True)
    assert run("index", "--prune=all", files, "--to", index).exit_code == 2


def test_a_dry_run_into_a_new_index_tells_links_to_nothing(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (40, 40)).save(folder / "a.png")
    (folder / "b.png").symlink_to("nowhere.png")
    with Engine.create(tmp_path / "new", MODEL) as engine:
        planned = engine.add(folder, domain="photo", dry_run=True)
        assert (planned.added, [failure.path for failure in planned.failures]) == (1, ["b.png"])
        assert engine.add(folder, domain="photo").added == 1


def test_a_dry_run_names_files_of_domains_that_the_model_lacks(files, tmp_path):
    model = model_without("shape", tmp_path)
    (files / "mesh.stl").touch()
    (files / "split.csv").write_text("path,domain\na.jpg,cartoon\ns/b.jpg,photo\nmesh.stl,\n")
    words = ("index", files, "--to", tmp_path / "index", "--model", model, "--json")
    for added in (1, 0):
        dry, real = run(*words, "--dry-run"), run(*words)
        planned, done = json.loads(dry.stdout), json.loads(real.stdout)
        failures = planned.pop("failures")
        assert [each["path"] for each in failures] == ["a.jpg", "mesh.stl"]
        assert "has no domain 'shape'" in failures[1]["reason"]
        assert (dry.exit_code, real.exit_code, done["added"]) == (3, 3, added)
        assert {**planned, "planned": []} == {each: done[each] for each in planned}


def test_a_file_is_not_taken_for_another_domain_by_its_suffix_again(tmp_path):
    model = model_without("sketch", tmp_path)
    file = tmp_path / "a.svg"
    file.write_text('<svg viewBox="0 0 9 9"><circle r="4"/></svg>')
    with Engine.create(tmp_path / "index", model) as engine:
        assert engine.add(file, domain="photo").added == 1
        assert engine.add(file).unchanged == 1
