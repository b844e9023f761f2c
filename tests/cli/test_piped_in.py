"""A file piped in, `-`, in the verbs that take one."""

import os
import shutil

import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine
from opensearch.limits import Limits

DRAWING = '{"word": "cup", "drawing": [[[0, 90, 90, 0], [0, 0, 90, 90]]]}\n'


def run(*words, piped=None):
    return CliRunner().invoke(main, [str(word) for word in words], input=piped)


@pytest.fixture(scope="module")
def index(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("piped") / "index"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection)
    return path


@pytest.mark.parametrize(
    ("file", "domain"),
    [("photo/disc/01.jpg", "photo"), ("sketch/disc/01.png", "sketch"), ("shape/disc/01", "shape")],
)
def test_query_reads_what_is_piped_in(index, toy_collection, file, domain):
    (path,) = toy_collection.glob(f"{file}*")
    found = run("query", index, "-", "--from", domain, "-k", 1, piped=path.read_bytes())
    assert found.exit_code == 0, found.output
    assert found.stderr.startswith(f"stdin taken as {domain}\n")
    assert path.name in found.stdout
    away = run("query", index, "--text", "cube", "--not", "-", piped=path.read_bytes())
    assert away.exit_code == 0, away.output


def test_copies_of_what_is_piped_in_and_its_page(index, toy_collection, tmp_path):
    data = (toy_collection / "photo/disc/01.jpg").read_bytes()
    page = tmp_path / "page.html"
    asked = ["query", index, "-", "--from", "photo", "--like", "exact", "--html", page]
    found = run(*asked, piped=data)
    assert "photo/disc/01.jpg" in found.stdout
    assert "stdin" in page.read_text("utf-8")


def test_render_draws_what_is_piped_in(tmp_path):
    drawn = run("render", "-", "--out", tmp_path / "seen", "--part", 2, piped=DRAWING * 2)
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "seen/views.png").is_file()
    refused = run("render", "-", "--out", tmp_path, "--part", 2, piped=b"v 0 0 0\n")
    assert refused.exit_code == 2
    assert "--part is a line of an .ndjson file, which stdin.obj is not" in refused.stderr


def test_nothing_piped_in_is_told(index, tmp_path):
    for words in (["query", index, "-"], ["render", "-", "--out", tmp_path]):
        refused = run(*words, piped=b"")
        assert refused.exit_code == 2
        assert refused.stderr == "error: - is a file piped in, but stdin is empty\n"


def test_one_pipe_is_one_file(index):
    for words in (["-", "-"], ["-", "--not", "-"]):
        refused = run("query", index, *words, piped=b"x")
        assert refused.exit_code == 2
        assert "- is one file piped in, but it is given more than once" in refused.stderr


def test_a_terminal_is_no_pipe(index, monkeypatch):
    import click.testing

    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda self: True)
    refused = run("query", index, "-")
    assert refused.exit_code == 2
    assert "nothing is; pipe one, as in `cat FILE | opensearch query INDEX -`" in refused.stderr


def test_a_pipe_of_another_name_is_not_waited_for(index, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for words in (["query", index], ["render", "--out", tmp_path / "seen"]):
        refused = run(*words, tmp_path / "pipe.png")
        assert refused.exit_code == 2
        assert "pipe.png is a pipe; pipe its contents in as - instead, as in" in refused.stderr


def test_more_than_a_file_may_hold_is_refused(index, monkeypatch):
    monkeypatch.setattr("opensearch.cli.stdin.Limits", lambda: Limits(bytes=10))
    refused = run("query", index, "-", piped=b"x" * 11)
    assert refused.exit_code == 1
    assert refused.stderr == "error: stdin holds over 10 bytes, the limit of a file\n"


def test_a_file_of_that_name_is_named_with_its_folder(index, toy_collection, tmp_path, monkeypatch):
    shutil.copy(toy_collection / "photo/disc/01.jpg", tmp_path / "-.jpg")
    monkeypatch.chdir(tmp_path)
    assert run("query", index, "./-.jpg", "--from", "photo").exit_code == 0


def test_index_says_why_it_takes_no_pipe(tmp_path):
    refused = run("index", "-", "--to", tmp_path / "index", piped=b"x")
    assert refused.exit_code == 2
    assert "- does not exist; what is piped in has no path to be found at again" in refused.stderr
