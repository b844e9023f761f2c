"""Places that an index cannot be made in, and files that cannot be asked with."""

import errno
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from opensearch.cli import main


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "photo").mkdir()
    Image.linear_gradient("L").save(tmp_path / "photo" / "a.png")
    return tmp_path / "photo" / "a.png"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file", "cannot make an index in file: Not a directory but a file; name a new"),
        ("file/below", "Not a directory"),
        ("/proc/index", "No such file or directory"),
        ("/dev/null", "cannot make an index in /dev/null: Not a directory"),
        ("a" * 300, "File name too long"),
        ("i\udce9", "UTF-8"),
    ],
)
def test_a_place_for_no_index_is_told(picture, tmp_path, monkeypatch, place, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("here before")
    result = run("index", picture, "--to", place)
    assert result.exit_code in (1, 2), result.output
    assert result.output.startswith("error: ")
    assert reason in result.output
    assert len(result.output.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "here before"


def test_a_folder_that_may_not_be_written_is_told(picture, tmp_path, monkeypatch):
    """The system's refusal is played: nothing is closed to root."""
    closed = tmp_path / "closed"
    closed.mkdir()
    real = os.mkdir

    def refused(path, *rest, **more):
        if closed in Path(os.fsdecode(path)).parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "mkdir", refused)
    result = run("index", picture, "--to", closed / "index")
    assert result.exit_code in (1, 2), result.output
    assert result.output.startswith("error: cannot make an index in")
    assert "Permission denied" in result.output
    assert len(result.output.splitlines()) == 1
    assert list(closed.iterdir()) == []


def test_a_query_file_that_may_not_be_reached_is_told(picture, tmp_path, monkeypatch):
    result = run("index", picture, "--to", tmp_path / "index")
    assert result.exit_code == 0, result.output
    real = os.stat

    def closed(path, *rest, **more):
        if str(path).endswith("secret.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "stat", closed)
    for words in (["secret.png"], ["secret.png:0.5"], [picture, "--not", "secret.png"]):
        result = run("query", tmp_path / "index", *words)
        assert result.exit_code == 2
        assert result.output == "error: query secret.png cannot be opened: Permission denied\n"


def test_the_name_of_a_query_stays_in_one_line(picture, tmp_path):
    assert run("index", picture, "--to", tmp_path / "index").exit_code == 0
    result = run("query", tmp_path / "index", "a\nerror: b.png")
    assert result.output.startswith("error: query a\\nerror: b.png is not a file")
    odd = picture.rename(picture.with_name("a\nb.png"))
    assert run("query", tmp_path / "index", odd).output.startswith("a\\nb.png taken as photo\n")


def test_an_unforeseen_error_is_one_line_and_its_place_is_shown_on_demand(tmp_path, monkeypatch):
    from opensearch.engine import Engine

    def broken(*_, **__):
        raise KeyError("lost")

    monkeypatch.setattr(Engine, "open", broken)
    result = run("info", tmp_path)
    assert result.exit_code == 1
    assert result.output.startswith("error: this should not have happened: KeyError: 'lost'; run")
    assert "Traceback" in run("-v", "info", tmp_path).output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["photo", "nowhere"], "nowhere does not exist"),
        (["photo", "--domain", "phto"], "did you mean 'photo'?"),
        (["photo", "--domain", "zebra"], "opensearch train CONFIG --extend MODEL --domain zebra"),
    ],
)
def test_a_run_that_cannot_begin_leaves_no_index(picture, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    result = run("index", *words, "--to", "index")
    assert result.exit_code == 2
    assert reason in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["photo"]
