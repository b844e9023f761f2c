"""`list`, `remove`, `index --exclude` and `export --where` as a user runs them."""

import json
import shutil

import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def files(toy_collection, tmp_path):
    folder = tmp_path / "Fotos é"
    for kind in ("disc", "cube"):
        shutil.copytree(toy_collection / "photo" / kind, folder / kind)
    return folder


@pytest.fixture
def index(toy_model, files, tmp_path):
    path = tmp_path / "index"
    done = run("index", files, "--to", path, "--model", toy_model, "--domain", "photo", "-q")
    assert done.exit_code == 0, done.output
    return path


def test_list_prints_rows_paths_and_json(index, files):
    rows = run("list", index, "--where", "key ^= DISC", "--limit", 2, "--offset", 1)
    assert rows.stdout == "photo    disc/01.jpg\nphoto    disc/02.jpg\n"
    assert rows.stderr == "2 of 11 items\n"
    paths = run("list", index, "--folder", files / "cube", "--paths", "--limit", 1)
    assert paths.stdout == f"{files}/cube/00.jpg\n"
    assert run("list", index, "-0", "--limit", 2).stdout.count("\0") == 2
    (line,) = run("list", index, "--where", "key = disc/01.jpg", "--json").stdout.splitlines()
    item = json.loads(line)
    names = ["id", "key", "path", "domain", "category", "size", "mtime", "metadata"]
    assert list(item) == names
    assert item["mtime"].startswith("20")
    assert (
        run("list", index, "--where", f"mtime = {item['mtime'][:10]}", "--limit", 0).exit_code == 0
    )


def test_list_of_nothing_says_why(index):
    nothing = run("list", index, "--where", "categry = cup")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert nothing.stderr == "no item has a field 'categry'; did you mean 'category'?\n0 items\n"
    assert run("list", index, "--where", "a").exit_code == 2
    assert run("list", index, "--ignored", "--where", "id = 1").exit_code == 2
    assert run("list", index, "--offset", 10**30).stdout == ""
    assert run("list", index, "--limit", -1).exit_code == 2


def test_one_item_is_no_items(index, files):
    assert run("list", index, "--where", "key = disc/01.jpg").stderr == "1 item\n"
    assert run("list", index, "--limit", 1).stderr == "1 of 22 items\n"


def test_a_folder_that_nothing_was_indexed_from_is_told(index, tmp_path):
    for verb in ("list", "remove"):
        nothing = run(verb, index, "--folder", tmp_path / "fotos")
        assert nothing.exit_code == 0
        assert nothing.stderr.startswith(f"nothing was indexed from {tmp_path}/fotos\n")


def test_records_and_paths_at_once_are_refused(index, files):
    for asked in (["list", index], ["query", index, files / "disc/00.jpg"]):
        for option in ("--paths", "-0"):
            refused = run(*asked, option, "--json")
            assert refused.exit_code == 2
            assert "choose one" in refused.stderr


def test_remove_shows_what_it_would_do_and_does_it(index, files):
    asked = ["remove", index, "--folder", files / "disc", "--where", "key ~ /0"]
    dry = run(*asked, "--dry-run")
    assert dry.stdout.splitlines()[0] == "photo    disc/00.jpg"
    assert dry.stderr == "10 would be removed; nothing was\n"
    assert len(json.loads(run(*asked, "--dry-run", "--json").stdout)["would_remove"]) == 10
    assert run(*asked).stdout == "10 removed\n"
    last = json.loads(run("remove", index, "--folder", files / "disc", "--json").stdout)
    assert last["keys"] == ["disc/10.jpg"]
    assert last["removed"] == 1


def test_remove_refuses_what_may_be_a_slip(index):
    assert run("remove", index).exit_code == 2
    slip = run("remove", index, "--where", "not categry = cup")
    assert slip.exit_code == 2
    assert "--where 'not categry = cup': no item has a field 'categry'" in slip.stderr
    missing = run("remove", index, "disc/00.jpg", "disc/xx.jpg")
    assert missing.exit_code == 2
    assert missing.stdout == "1 removed\n"
    assert "1 of 2 keys is not stored: disc/xx.jpg" in missing.stderr


def test_remove_by_a_path_names_the_key(index, files):
    path = run("remove", index, files / "disc/00.jpg")
    assert path.exit_code == 2
    assert f"the key of {files}/disc/00.jpg is disc/00.jpg" in path.stderr
    folder = run("remove", index, files / "disc")
    assert folder.stderr.rstrip().endswith("to name what was indexed from a folder, use --folder")


@pytest.mark.parametrize("name", ["disc", "disc/", "disc/*"])
def test_keys_that_begin_with_what_was_named_are_chosen_by_a_filter(index, name):
    asked = run("remove", index, name)
    assert asked.exit_code == 2
    assert """--where 'key ^= "disc/"'""" in asked.stderr
    empty = run("remove", index, "")
    assert empty.stderr.startswith("error: 1 of 1 keys is not stored: ; `list`")


def test_what_is_ignored_stays_out_until_it_is_forgotten(index, files):
    gone = run("remove", index, "disc/00.jpg", "--ignore")
    assert gone.stdout == "1 removed; its file is ignored from now on\n"
    nothing = run("remove", index, "no such key", "--ignore")
    assert (nothing.exit_code, nothing.stdout) == (2, "0 removed\n")
    again = run("index", files, "--to", index, "--domain", "photo", "-q")
    assert "ignored: 1 told to be ignored" in again.stdout
    forgotten = run("remove", index, "disc/00.jpg", "--forget")
    assert forgotten.stderr.endswith("its file is ignored; to end that, use --unignore\n")
    listed = run("list", index, "--ignored")
    assert listed.stdout == f"{files}/disc/00.jpg\n"
    assert "opensearch remove" in listed.stderr
    assert run("remove", index, "disc/02.jpg", "--ignore").exit_code == 0
    first = run("list", index, "--ignored", "--limit", 1)
    assert first.stdout == f"{files}/disc/00.jpg\n"
    assert first.stderr.startswith("1 of 2 files ignored; ")
    assert run("remove", index, "--unignore", "disc/02.jpg").exit_code == 0
    assert json.loads(run("list", index, "--ignored", "--json").stdout)["key"] == "disc/00.jpg"
    assert run("remove", index, "--unignore", "disc/01.jpg").exit_code == 2
    assert run("remove", index, "--unignore", "--where", "id = 1").exit_code == 2
    ended = run("remove", index, "--unignore", "--folder", files)
    assert (ended.exit_code, ended.stdout) == (0, "1 ignored no longer\n")
    assert len(run("list", index).stdout.splitlines()) == 20, "nothing else was removed"
    assert "2 added" in run("index", files, "--to", index, "--domain", "photo", "-q").stdout


def test_index_excludes_by_patterns_and_names_what_it_would_do(toy_model, files, tmp_path):
    new = ["index", files, "--to", tmp_path / "new", "--model", toy_model, "--domain", "photo"]
    dry = run(*new, "--exclude", "cube/", "--exclude", "0[1-9].jpg", "--dry-run")
    lines = dry.stdout.splitlines()
    assert [line for line in lines if line.startswith("added")] == [
        "added     disc/00.jpg",
        "added     disc/10.jpg",
    ]
    assert lines[-2:] == [
        "12 seen = 2 added + 0 replaced + 0 moved + 0 unchanged + 10 ignored + 0 failed",
        "ignored: 9 excluded, 1 excluded folder",
    ]
    assert f"ignored   {files}/cube: excluded folder" in dry.stdout
    assert not (tmp_path / "new").exists()
    missed = run(*new, "--exclude", f"{files}/cube", "--exclude", "00.*", "--dry-run").stdout
    told = [line for line in missed.splitlines() if line.startswith("--exclude")]
    assert len(told) == 1, "what a pattern left out is no remark"
    assert told[0].startswith("--exclude matched nothing: ")
    assert "cube; patterns are relative to a source" in told[0]
    assert "'[z-a]' cannot be understood" in run(*new, "--exclude", "[z-a]").stderr


def test_a_dry_run_refuses_the_folder_that_the_run_would_refuse(toy_model, files):
    words = ["index", files, "--to", files, "--model", toy_model, "--domain", "photo"]
    real, dry = run(*words), run(*words, "--dry-run")
    assert "holds other files" in real.stderr
    assert (dry.exit_code, dry.stderr) == (real.exit_code, real.stderr)


def test_an_index_without_items_says_so(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model):
        pass
    found = run("query", tmp_path / "index", "--text", "disc")
    assert found.exit_code == 0
    assert "the index holds no items yet" in found.stderr


def test_a_refused_value_is_told_by_its_flag(index):
    refused = run("query", index, "--text", "disc", "--min-score", "nan")
    assert refused.exit_code == 2
    assert "--min-score must be" in refused.stderr
